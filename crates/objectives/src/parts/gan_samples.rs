//! What the adversarial generators share: noise, samples beside a real batch, and how alike the samples are.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use semiseq_models::{Input, SequenceGenerator, Sequences};
use semiseq_schema::Scores;

use crate::parts::random::Draws;

/// Spread of the samples, as a part of the data's, below which a generator makes one sample for any noise.
const COLLAPSED: f64 = 0.02;

/// What the generator reads for samples beside a batch, `[batch, reads, width]`.
pub(crate) fn noise(
    generator: &SequenceGenerator,
    width: usize,
    real: &Sequences,
    draws: &mut Draws,
    device: &Device,
) -> Tensor<3> {
    let [batch, time] = real.dims();
    draws.normal([batch, generator.reads(time), width], device)
}

/// Samples of the same shape, and with the same padding, as real sequences of values, from noise `[batch, reads,
/// width]`; `labels` `[batch, classes]` stand beside the noise of each step where the generator reads them.
pub(crate) fn samples(
    generator: &SequenceGenerator,
    noise: Tensor<3>,
    labels: Option<Tensor<2>>,
    real: &Sequences,
) -> Sequences {
    let ([_, time], [_, reads, _]) = (real.dims(), noise.dims());
    let noise = match labels {
        Some(labels) => Tensor::cat(vec![noise, labels.unsqueeze_dim::<3>(1).repeat_dim(1, reads)], 2),
        None => noise,
    };
    Sequences { input: Input::Values(padded(generator.forward(noise, time), real)), mask: real.mask.clone() }
}

/// Values with zeros where the sequences are padded.
pub(crate) fn padded(values: Tensor<3>, sequences: &Sequences) -> Tensor<3> {
    match &sequences.mask {
        Some(mask) => values * mask.clone().unsqueeze_dim(2),
        None => values,
    }
}

/// Deviation over the batch, as a mean over steps and channels, of the samples divided by that of the data, `[1]`.
pub(crate) fn spread(samples: &Sequences, real: &Sequences) -> Tensor<1> {
    let deviation = |sequences: &Sequences| {
        let Input::Values(values) = &sequences.input else { panic!("a generator of series meets tokens") };
        let values = values.clone().detach();
        let centred = values.clone() - values.mean_dim(0);
        (centred.clone() * centred).mean_dim(0).sqrt().mean()
    };
    deviation(samples) / deviation(real).clamp_min(1e-12)
}

/// Sums over a batch, for [`distance`] and [`relative_spread`]: the number of sequences, and for each step and channel
/// the sums of data, their squares, samples and their squares, `[1 + 4 · time · channels]`.
pub(crate) fn moments(real: &Tensor<3>, made: &Tensor<3>) -> Tensor<1> {
    let [batch, time, channels] = real.dims();
    let sum = |values: Tensor<3>| values.sum_dim(0).reshape([time * channels, 1]);
    let both = |values: &Tensor<3>| [sum(values.clone()), sum(values.clone() * values.clone())];
    let sums = Tensor::cat([both(real), both(made)].concat(), 1).reshape([4 * time * channels]);
    Tensor::cat(vec![Tensor::full([1], batch as f64, &real.device()), sums], 0)
}

/// How far the samples' means and deviations are from the data's, as means over steps and channels.
pub(crate) fn distance(moments: &[f64]) -> f64 {
    over_places(moments, |[mean, deviation], [made_mean, made_deviation]| {
        (mean - made_mean).abs() + (deviation - made_deviation).abs()
    })
}

/// Deviation of the samples, divided by that of the data, each as a mean over steps and channels.
pub(crate) fn relative_spread(moments: &[f64]) -> f64 {
    let made = over_places(moments, |_, [_, made]| made);
    made / over_places(moments, |[_, real], _| real).max(1e-12)
}

/// The mean over all steps and channels of what is made of the data's mean and deviation and the samples'.
fn over_places(moments: &[f64], each: impl Fn([f64; 2], [f64; 2]) -> f64) -> f64 {
    let Some((count, places)) = moments.split_first() else { return f64::NAN };
    let of = |sum: f64, squares: f64| {
        let mean = sum / count;
        [mean, (squares / count - mean * mean).max(0.0).sqrt()]
    };
    let values = places.chunks_exact(4).map(|sums| each(of(sums[0], sums[1]), of(sums[2], sums[3])));
    values.sum::<f64>() / (places.len() / 4) as f64
}

/// What a run is told when all noise gives one sample.
pub(crate) fn collapse(train: &Scores, progress: f64) -> Option<String> {
    let spread = *train.get("sample_spread")?;
    (progress >= 0.5 && spread < COLLAPSED).then(|| {
        format!(
            "the generator has collapsed: its samples vary {spread:.4} times as much as the data; scale the data with \
             `data.transform.normalize`, lower the learning rate, or take another `loss` (`hinge` or `wgan-gp` in \
             `gan`)"
        )
    })
}

/// A copy through which gradients flow to what it reads, and stop there.
pub(crate) fn held<M: Module>(model: &M) -> M {
    crate::parts::weight_average::fresh_copy(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collapsed_generator_is_named_in_the_second_half() {
        let scores = Scores::from([("sample_spread".to_string(), 0.001)]);
        assert!(collapse(&scores, 0.2).is_none());
        assert!(collapse(&scores, 0.6).is_some_and(|text| text.contains("lower the learning rate")));
        assert!(collapse(&Scores::from([("sample_spread".to_string(), 0.7)]), 0.6).is_none());
    }
}
