//! The sides that run in this process: semiseq and Burn's own modules, on each CPU backend, or on a GPU's.

use std::fmt;
use std::str::FromStr;

use burn::nn::gru::{BiGruConfig, GruConfig};
use burn::nn::{BiLstmConfig, BiRnnConfig, LstmConfig, RnnConfig};
use burn::tensor::module::linear;
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{
    Backend, Cell, Direction, GatedCell, GruReset, RnnActivation, Weights, both, gated_scan, gru, lstm, rnn,
};

use crate::case::{Case, MIN_GRU};
use crate::options::Options;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    Semiseq(Backend),
    /// With Burn's gradient checkpointing.
    Checkpointing(Backend),
    Burn(Backend),
}

impl Side {
    /// Semiseq on the first CPU backend of the build, and Burn on all of them; both on one backend where one is named.
    fn all(named: Option<Backend>) -> Vec<Self> {
        if let Some(backend) = named {
            return vec![Self::Semiseq(backend), Self::Burn(backend)];
        }
        let on_cpu = |backend: &Backend| matches!(backend, Backend::Flex | Backend::NdArray);
        let backends: Vec<Backend> = Backend::compiled().into_iter().filter(on_cpu).collect();
        let first = backends.first().map(|&backend| Self::Semiseq(backend));
        first.into_iter().chain(backends.iter().map(|&backend| Self::Burn(backend))).collect()
    }

    /// [`Side::all`], and ours with checkpointing where asked for.
    pub fn of(case: Case, options: &Options) -> Vec<Self> {
        let mut sides = Self::all(options.backend);
        sides.retain(|side| (case.has_peers() && !options.without_burn) || !matches!(side, Self::Burn(_)));
        let ours = sides.first().and_then(|side| side.checkpointing(case)).filter(|_| options.checkpointing);
        sides.into_iter().chain(ours).collect()
    }

    /// This side with gradient checkpointing, where it makes a difference for the case.
    fn checkpointing(self, case: Case) -> Option<Self> {
        match self {
            Self::Semiseq(backend) if case.train && case.gates() > 1 && case.has_peers() => {
                Some(Self::Checkpointing(backend))
            }
            _ => None,
        }
    }

    fn backend(self) -> Backend {
        match self {
            Self::Semiseq(backend) | Self::Checkpointing(backend) | Self::Burn(backend) => backend,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Semiseq(_) => f.write_str("semiseq"),
            Self::Checkpointing(_) => f.write_str("semiseq-checkpointing"),
            Self::Burn(backend) => write!(f, "burn-{backend}"),
        }
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let first = Self::all(None).first().copied().map(|side| Self::Checkpointing(side.backend()));
        let mut sides = Self::all(None).into_iter().chain(first);
        sides.find(|side| side.to_string() == text).ok_or_else(|| format!("no side `{text}`"))
    }
}

/// One pass of a side, ready to be repeated.
pub fn runner(side: Side, case: Case) -> Box<dyn Fn()> {
    let device = side.backend().device(0).expect("the backend is in this build");
    let device = match side {
        Side::Checkpointing(_) => device.autodiff().gradient_checkpointing(),
        _ if case.train => device.autodiff(),
        _ => device,
    };
    let [batch, time, input, _] = case.shape;
    let data = Tensor::<3>::random([batch, time, input], Distribution::Normal(0.0, 1.0), &device);
    let data = if case.train { data.require_grad() } else { data };
    let forward = match side {
        Side::Semiseq(_) | Side::Checkpointing(_) => ours(case, &device),
        Side::Burn(_) => burns(case, &device),
    };
    Box::new(move || {
        let sum = forward(data.clone()).sum();
        match case.train {
            true => drop(sum.backward()),
            false => drop(sum.into_data()),
        }
        // A GPU goes on when the call is over.
        device.sync().expect("the device works");
    })
}

type Run = Box<dyn Fn(Tensor<3>) -> Tensor<3>>;

fn ours(case: Case, device: &Device) -> Run {
    if case.cell == MIN_GRU {
        return min_gru(case, device);
    }
    let [_, _, input, hidden] = case.shape;
    let rows = case.gates() * hidden;
    let bound = 1.0 / (hidden as f64).sqrt();
    let tracked = case.train;
    let matrix = |columns: usize| {
        let weight = Tensor::<2>::random([rows, columns], Distribution::Uniform(-bound, bound), device);
        if tracked { weight.require_grad() } else { weight }
    };
    let bias = || {
        let bias = Tensor::<1>::random([rows], Distribution::Uniform(-bound, bound), device);
        if tracked { bias.require_grad() } else { bias }
    };
    let weights =
        || Weights { input: matrix(input), recurrent: matrix(hidden), input_bias: bias(), recurrent_bias: bias() };
    let run = move |data: Tensor<3>, weights: Weights, direction: Direction| match case.cell {
        "lstm" => lstm(data, None, None, weights, direction).0,
        "gru" => gru(data, None, None, weights, GruReset::After, direction).0,
        _ => rnn(data, None, None, weights, RnnActivation::Tanh, direction).0,
    };
    let cell = match case.cell {
        "lstm" => Cell::Lstm,
        "gru" => Cell::Gru(GruReset::After),
        _ => Cell::Rnn(RnnActivation::Tanh),
    };
    let (forward, backward) = (weights(), weights());
    Box::new(move |data| match case.bidirectional {
        true => both(data, None, None, [forward.clone(), backward.clone()], cell).0,
        false => run(data, forward.clone(), Direction::Forward),
    })
}

/// As the encoder's layer: one product for all steps, then the scan.
fn min_gru(case: Case, device: &Device) -> Run {
    let [batch, time, input, hidden] = case.shape;
    let weights = |shape: [usize; 2]| {
        let weights = Tensor::<2>::random(shape, Distribution::Uniform(-0.1, 0.1), device);
        if case.train { weights.require_grad() } else { weights }
    };
    let (weight, bias) = (weights([input, 2 * hidden]), weights([2, hidden]));
    Box::new(move |data| {
        let sums = linear(data.reshape([batch * time, input]), weight.clone(), None).reshape([batch, time, 2 * hidden]);
        gated_scan(sums, None, None, bias.clone(), GatedCell::MinGru, Direction::Forward).0
    })
}

/// Burn's modules draw their weights untracked on a plain device; on an autodiff device they are tracked.
fn burns(case: Case, device: &Device) -> Run {
    let [_, _, input, hidden] = case.shape;
    match (case.cell, case.bidirectional) {
        ("lstm", false) => {
            let module = LstmConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None).0)
        }
        ("lstm", true) => {
            let module = BiLstmConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None).0)
        }
        ("gru", false) => {
            let module = GruConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None))
        }
        ("gru", true) => {
            let module = BiGruConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None).0)
        }
        (_, false) => {
            let module = RnnConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None).0)
        }
        (_, true) => {
            let module = BiRnnConfig::new(input, hidden, true).init(device);
            Box::new(move |data| module.forward(data, None).0)
        }
    }
}
