//! What mattered to a prediction, step by step: gradient × input of a class's logit (Shrikumar, Greenside & Kundaje
//! 2017, "Learning important features through propagating activation differences", section 2.2). Of a linear model it
//! is exactly what each step adds to the logit; of others what the logit would change by, to first order, for each
//! share that the step grows by. A word is its vector, a step of a series its prepared values, of which 0 says nothing.

use burn::tensor::{Device, Tensor};
use semiseq_datasets::{Batch, Sequence};
use semiseq_models::SequenceModel;
use semiseq_objectives::sequences as upload;

use crate::tasks::evaluate::device_of;

/// A model that can be asked what mattered: one that a pass back goes through, without dropout.
pub(crate) struct Asked<M> {
    model: M,
    device: Device,
}

impl<M: SequenceModel> Asked<M> {
    pub(crate) fn new(model: &M) -> Self {
        let model = model.clone().train().freeze();
        let device = device_of(&model);
        Self { model, device }
    }

    /// For each step of a prepared sequence what it adds to the logit of a class; of a single logit, which stands for
    /// the second class, what it adds to or takes from that.
    pub(crate) fn attributions(&self, sequence: &Sequence, class: usize) -> Vec<f64> {
        let mut batch = Batch::of(&[sequence.clone().owned()]);
        let read = upload(&mut batch, &self.device);
        let mask = read.mask.clone();
        let steps = self.model.embed(read).detach().require_grad();
        let logit = self.logit(steps.clone(), mask, class);
        let gradients = logit.backward();
        let Some(slopes) = steps.grad(&gradients) else { return vec![0.0; sequence.len()] };
        let shares = (slopes * steps.inner()).sum_dim(2);
        shares.into_data().iter::<f64>().take(sequence.len()).collect()
    }

    /// The logit `[1]` of what [`SequenceModel::embed`] gives of one sequence, `[1, time, width]`.
    fn logit(&self, steps: Tensor<3>, mask: Option<Tensor<2>>, class: usize) -> Tensor<1> {
        let logits = self.model.head(self.model.hidden(steps, mask));
        match logits.dims()[1] {
            1 => logits.sum() * if class == 1 { 1.0 } else { -1.0 },
            _ => logits.narrow(1, class, 1).sum(),
        }
    }
}

/// The largest of all shares becomes 1 or -1.
pub(crate) fn normalised(mut shares: Vec<f64>) -> Vec<f64> {
    let most = shares.iter().fold(0.0, |most: f64, share| most.max(share.abs()));
    if most > 0.0 {
        shares.iter_mut().for_each(|share| *share /= most);
    }
    shares
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::TensorData;
    use semiseq_datasets::Series;
    use semiseq_models::{AnyModel, InputSize, ModelConfig};

    use super::*;

    fn model(config: &str, input: InputSize, outputs: usize) -> AnyModel {
        let device = Device::flex();
        device.seed(7);
        let config: ModelConfig = serde_json::from_str(config).unwrap();
        config.init(input, outputs, &device).valid()
    }

    fn series() -> Sequence {
        let values = (0..12).map(|place| ((place * 7 + 3) % 11) as f32 / 5.0 - 1.0).collect();
        Sequence::Series(Series { values, channels: 2 })
    }

    /// A central difference of the logit for a step that grows by a small share.
    fn difference(asked: &Asked<AnyModel>, sequence: &Sequence, class: usize, step: usize) -> f64 {
        const SHARE: f32 = 1e-2;
        let at = |share: f32| {
            let read = upload(&mut Batch::of(std::slice::from_ref(sequence)), &asked.device);
            let steps = asked.model.embed(read);
            let factors: Vec<f32> =
                (0..sequence.len()).map(|own| if own == step { 1.0 + share } else { 1.0 }).collect();
            let factors = TensorData::new(factors, [1, sequence.len(), 1]);
            let grown = steps * Tensor::<3>::from_data(factors, &asked.device);
            asked.logit(grown, None, class).into_data().iter::<f64>().next().unwrap()
        };
        (at(SHARE) - at(-SHARE)) / f64::from(2.0 * SHARE)
    }

    #[test]
    fn a_step_has_what_the_logit_changes_by_as_it_grows() {
        let values = InputSize::Values(2);
        let tokens = Sequence::Tokens(vec![3, 1, 4, 1, 5]);
        for (config, input, outputs, sequence) in [
            (r#"{"classifier": {"dropout": 0.5, "encoder": {"gru": {"hidden": 5}}}}"#, values, 3, series()),
            (
                r#"{"classifier": {"pooling": "attention", "encoder": {"lstm": {"hidden": 3,"bidirectional": true}}}}"#,
                values,
                3,
                series(),
            ),
            (
                r#"{"classifier": {"pooling": "mean", "embedding": {"size": 6}, "encoder": {"gru": {"hidden": 4}}}}"#,
                InputSize::Tokens(9),
                3,
                tokens,
            ),
            (
                r#"{"classifier": {"output": "sigmoid", "pooling": "max", "encoder": {"min-gru": {"hidden": 4}}}}"#,
                values,
                1,
                series(),
            ),
        ] {
            let asked = Asked::new(&model(config, input, outputs));
            for class in [0, 1] {
                let found = asked.attributions(&sequence, class);
                assert_eq!(found.len(), sequence.len());
                for (step, share) in found.iter().enumerate() {
                    let expected = difference(&asked, &sequence, class, step);
                    assert!((share - expected).abs() < 2e-3, "{config}, step {step}: {share} against {expected}");
                }
            }
        }
    }

    #[test]
    fn steps_of_a_linear_model_add_up_to_its_logit() {
        // One layer below the head: where each unit is above 0 or below, it is linear.
        let dense = r#"{"classifier": {"encoder": {"dense": {"steps": 6, "layers": [5]}}}}"#;
        let asked = Asked::new(&model(dense, InputSize::Values(2), 3));
        let read = upload(&mut Batch::of(&[series()]), &asked.device);
        let at = |share: f32| {
            let steps = asked.model.embed(read.clone()) * share;
            asked.logit(steps, None, 2).into_data().iter::<f64>().next().unwrap()
        };
        // What the biases add stays as the input grows.
        let grown = (at(1.001) - at(0.999)) / 0.002;
        let sum: f64 = asked.attributions(&series(), 2).iter().sum();
        assert!((sum - grown).abs() < 2e-3, "{sum} against {grown}");
    }

    #[test]
    fn the_strongest_step_is_one() {
        assert_eq!(normalised(vec![0.5, -2.0, 1.0]), [0.25, -1.0, 0.5]);
        assert_eq!(normalised(vec![0.0, 0.0]), [0.0, 0.0]);
    }
}
