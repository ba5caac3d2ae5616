//! Several devices give the numbers and the gradients of one, whatever the rows, and draw what one draws.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::{Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Gradients, Int, Tensor};
use semiseq_kernels::Backend;
use semiseq_models::*;

use crate::common::{floats, seeded};

const ROWS: usize = 7;
const TIME: usize = 5;

fn device() -> Device {
    Device::flex().autodiff()
}

/// A model, what it reads, and the size of its head.
struct Case {
    model: &'static str,
    input: InputSize,
    head: HeadSize,
}

const VALUES: InputSize = InputSize::Values(3);
const TOKENS: InputSize = InputSize::Tokens(9);
const FORECAST: HeadSize = HeadSize::Forecast { horizon: 2, channels: 2 };

fn cases() -> Vec<Case> {
    let case = |model, input, head| Case { model, input, head };
    let logits = HeadSize::Logits(2);
    vec![
        case(
            r#"{"classifier": {"dropout": 0.4, "encoder": {"gru": {"hidden": 4, "layers": 2, "dropout": 0.3}}}}"#,
            VALUES,
            logits,
        ),
        case(
            r#"{"classifier": {"pooling": "attention", "dropout": 0.4, "embedding": {"size": 3, "dropout": 0.2, "noise": 0.3},
                "encoder": {"lstm": {"hidden": 4, "bidirectional": true}}}}"#,
            TOKENS,
            logits,
        ),
        case(
            r#"{"tagger": {"dropout": 0.4, "encoder": {"rnn": {"hidden": 4, "layers": 2, "dropout": 0.3}}}}"#,
            VALUES,
            logits,
        ),
        case(
            r#"{"tagger": {"embedding": {"size": 3, "noise": 0.3}, "encoder": {"min-gru": {"hidden": 4}}}}"#,
            TOKENS,
            logits,
        ),
        case(r#"{"regressor": {"pooling": "max", "dropout": 0.3, "encoder": {"sru": {"hidden": 4}}}}"#, VALUES, logits),
        case(r#"{"classifier": {"dropout": 0.3, "encoder": {"dense": {"steps": 5, "layers": [6]}}}}"#, VALUES, logits),
        case(
            r#"{"forecaster": {"dropout": 0.3, "instance_norm": true, "encoder": {"gru": {"hidden": 4}}}}"#,
            VALUES,
            FORECAST,
        ),
        case(
            r#"{"forecaster": {"dropout": 0.3, "every_step": true, "encoder": {"lstm": {"hidden": 4}}}}"#,
            VALUES,
            FORECAST,
        ),
    ]
}

/// Some rows, of which those of a masked batch have unequal lengths.
fn sequences(input: InputSize, masked: bool) -> Sequences {
    let device = device();
    let input = match input {
        InputSize::Values(width) => {
            Input::Values(Tensor::random([ROWS, TIME, width], Distribution::Normal(0.0, 1.0), &device))
        }
        InputSize::Tokens(words) => {
            let tokens: Vec<i32> = (0..ROWS * TIME).map(|place| (place * 5 % words) as i32).collect();
            Input::Tokens(Tensor::<1, Int>::from_data(tokens.as_slice(), &device).reshape([ROWS, TIME]))
        }
    };
    let lengths = (0..ROWS).flat_map(|row| (0..TIME).map(move |step| if step <= row % TIME { 1f32 } else { 0.0 }));
    let lengths: Vec<f32> = lengths.collect();
    let mask = masked.then(|| Tensor::<1>::from_data(lengths.as_slice(), &device).reshape([ROWS, TIME]));
    Sequences { input, mask }
}

/// The gradients of all parameters, zeros where one has none.
fn gradients<M: Module>(model: &M, gradients: &Gradients) -> Vec<f32> {
    struct Found<'a>(&'a Gradients, Vec<f32>);
    impl ModuleVisitor for Found<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            match param.val().grad(self.0) {
                Some(gradient) => self.1.extend(floats(gradient)),
                None => self.1.resize(self.1.len() + param.val().shape().num_elements(), 0.0),
            }
        }
    }
    let mut found = Found(gradients, Vec::new());
    model.visit(&mut found);
    found.1
}

/// A pass, as one tensor.
type Pass = fn(&AnyModel, Sequences) -> Tensor<1>;

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let values = tensor.shape().num_elements();
    tensor.reshape([values])
}

fn with_states(model: &AnyModel, sequences: Sequences) -> Tensor<1> {
    let dense = || Sequences { input: sequences.input.clone(), mask: None };
    let Some((first, states)) = model.forward_from(dense(), None) else { return flat(model.forward(sequences)) };
    let last: Vec<_> =
        states.iter().flat_map(|state| [Some(state.hidden.clone()), state.cell.clone()]).flatten().collect();
    let (second, _) = model.forward_from(dense(), Some(states)).expect("states once, states again");
    Tensor::cat([vec![flat(first), flat(second)], last.into_iter().map(flat).collect()].concat(), 0)
}

const PASSES: [(&str, Pass); 5] = [
    ("forward", |model, sequences| flat(model.forward(sequences))),
    ("embed, hidden, head", |model, sequences| {
        let mask = sequences.mask.clone();
        flat(model.head(model.hidden(model.embed(sequences), mask)))
    }),
    ("pooled", |model, sequences| flat(model.pooled(sequences))),
    ("states", |model, sequences| flat(model.states(sequences))),
    ("forward_from", with_states),
];

/// What a pass gives, its gradients, and what the device draws next.
fn made(model: &AnyModel, sequences: &Sequences, pass: Pass) -> [Vec<f32>; 3] {
    device().seed(7);
    let output = pass(model, sequences.clone());
    let next = Tensor::<1>::random([4], Distribution::Normal(0.0, 1.0), &device());
    let weights = Tensor::<1, Int>::arange(0..output.dims()[0] as i64, &device()).float() % 3.0 + 0.5;
    let back = (output.clone() * output.clone() * weights).mean().backward();
    [floats(output), gradients(model, &back), floats(next)]
}

#[test]
fn the_devices_of_a_crew_give_what_one_gives() {
    let _alone = seeded(&device(), 3);
    for Case { model: text, input, head } in cases() {
        let config: ModelConfig = serde_json::from_str(text).expect(text);
        let model = config.init(input, head, &device());
        // Burn draws weights where they are first read.
        model.forward(sequences(input, false));
        for masked in [false, true] {
            let sequences = sequences(input, masked);
            for (name, pass) in PASSES {
                let [output, gradient, next] = made(&model, &sequences, pass);
                assert!(gradient.iter().any(|value| *value != 0.0), "{text} {name}");
                // One row a device, more devices than rows, and devices between which values do travel.
                let alike = [2, 3, ROWS, ROWS + 2].map(|count| vec![device(); count]);
                for devices in alike.into_iter().chain([of_each_backend()]) {
                    let mut shared = model.clone();
                    assert!(shared.share_with(&devices));
                    let count = devices.len();
                    let found = made(&shared, &sequences, pass);
                    for (found, expected) in found.iter().zip([&output, &gradient, &next]) {
                        assert_eq!(found.len(), expected.len(), "{text} {name}, {count}");
                        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5);
                        assert!(near, "{text} {name}, {count} devices: {found:?}, {expected:?}");
                    }
                    // Evaluation is shared too, and off the autodiff device.
                    let plain = |model: &AnyModel| floats(model.valid().forward(inner(&sequences)));
                    let (one, several) = (plain(&model), plain(&shared));
                    assert!(one.iter().zip(&several).all(|(one, several)| (one - several).abs() < 1e-5), "{text}");
                }
            }
        }
    }
}

/// A device of each CPU backend of this build, flex first.
fn of_each_backend() -> Vec<Device> {
    [Backend::Flex, Backend::NdArray].into_iter().filter_map(|backend| backend.device(0).ok()).collect()
}

/// Sequences off the autodiff device.
fn inner(sequences: &Sequences) -> Sequences {
    let input = match sequences.input.clone() {
        Input::Values(values) => Input::Values(values.without_autodiff()),
        Input::Tokens(tokens) => Input::Tokens(tokens.without_autodiff()),
    };
    Sequences { input, mask: sequences.mask.clone().map(Tensor::without_autodiff) }
}

/// Counts how often it is copied to a device.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<AtomicUsize>);

impl Module for Counter {
    fn collect_devices(&self, devices: Devices) -> Devices {
        devices
    }
    fn fork(self, _device: &Device) -> Self {
        self
    }
    fn to_device(self, _device: &Device) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        self
    }
    fn train(self) -> Self {
        self
    }
    fn valid(&self) -> Self {
        self.clone()
    }
    fn materialize(self) -> Self {
        self
    }
    fn visit<Visitor: ModuleVisitor>(&self, _visitor: &mut Visitor) {}
    fn map<Mapper: ModuleMapper>(self, _mapper: &mut Mapper) -> Self {
        self
    }
}

impl std::fmt::Display for Counter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("counter")
    }
}

impl ModuleDisplayDefault for Counter {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(self).optional()
    }
}

impl ModuleDisplay for Counter {}

/// A recurrent encoder that is counted.
#[derive(Module, Debug)]
struct Counted {
    inner: AnyEncoder,
    counter: Counter,
}

impl Encoder for Counted {
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.inner.forward(input, mask)
    }
    fn hidden(&self) -> usize {
        self.inner.hidden()
    }
    fn causal(&self) -> bool {
        self.inner.causal()
    }
}

#[test]
fn copies_are_made_once_until_the_weights_change_and_a_pass_back_through_a_clone_leaves_them() {
    let _alone = seeded(&device(), 4);
    let config: EncoderConfig = serde_json::from_str(r#"{"gru": {"hidden": 3}}"#).expect("an encoder");
    let counter = Counter::default();
    let encoder = Counted { inner: config.init(3, &device()), counter: counter.clone() };
    let mut model = Classifier::with_encoder(encoder, 3, 2, Pooling::Mean, 0.0, &device());
    let (sequences, copied) = (sequences(VALUES, true), || counter.0.swap(0, Ordering::SeqCst));
    let alone = gradients(&model, &model.forward(sequences.clone()).sum().backward());
    assert_eq!(copied(), 0);

    assert!(model.share_with(&[device(), device(), device()]));
    let first = model.forward(sequences.clone());
    model.pooled(sequences.clone());
    assert_eq!(copied(), 3, "once for all passes");
    // What adversarial noise does inside a step.
    let noise = Tensor::<3>::zeros([ROWS, TIME, 3], &device()).require_grad();
    let still = model.clone().no_grad();
    let back = still.head(still.hidden(noise.clone(), sequences.mask.clone())).sum().backward();
    assert!(noise.grad(&back).is_some());
    assert_eq!(copied(), 3, "a clone has its own");
    let second = model.forward(sequences.clone());
    let both = gradients(&model, &(first + second).sum().backward());
    assert!(both.iter().zip(&alone).all(|(both, alone)| (both - 2.0 * alone).abs() < 1e-5), "{both:?} {alone:?}");
    assert_eq!(copied(), 0);
    // After the pass back a clone gives gradients again.
    let again = model.clone();
    let gradient = gradients(&again, &again.forward(sequences.clone()).sum().backward());
    assert!(gradient.iter().zip(&alone).all(|(found, alone)| (found - alone).abs() < 1e-5));
    assert_eq!(copied(), 3);
    let moved = again.to_device(&device());
    copied();
    moved.forward(sequences);
    assert_eq!(copied(), 0, "whoever is moved works alone");
}
