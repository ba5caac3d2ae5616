//! Your own encoder, any Burn module from `[batch, time, features]` to `[batch, time, hidden]`, and your own
//! objective: `cargo run --release --example own_encoder_and_objective`.

use std::sync::Arc;

use burn::nn::PaddingConfig1d;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use semiseq::datasets::{Augmenter, LabelsConfig};
use semiseq::prelude::*;
use semiseq::training::objectives::losses::{cross_entropy, probabilities};

/// A convolution over time.
#[derive(Module, Debug)]
struct Convolution {
    layer: Conv1d,
    hidden: usize,
}

impl Encoder for Convolution {
    fn forward(&self, input: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        // [batch, time, features] → [batch, features, time] and back.
        self.layer.forward(input.swap_dims(1, 2)).swap_dims(1, 2).tanh()
    }

    fn hidden(&self) -> usize {
        self.hidden
    }
}

/// Cross-entropy, and predictions on unlabelled data pushed towards using all classes alike.
#[derive(Module, Debug)]
struct Balanced {
    weight: f64,
}

impl<M: SequenceModel> Objective<M> for Balanced {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let (Some(labeled), Some(unlabeled)) = (&step.labeled, &step.unlabeled) else { return Terms::default() };
        let Targets::Classes { classes, known } = &labeled.targets else { return Terms::default() };
        let logits = model.forward(labeled.weak.clone());
        let supervised = cross_entropy(logits, classes.clone(), known.clone(), 0.0, None);
        let logits = model.forward(unlabeled.weak.clone());
        let confidence = probabilities(logits.clone()).max_dim(1).mean();
        let mean = burn::tensor::activation::softmax(logits, 1).mean_dim(0);
        let negative_entropy = (mean.clone() * mean.log()).sum();
        // The entropy of a batch's mean is no mean over its rows.
        let terms = Terms::new(supervised).add("balance", self.weight, negative_entropy).over(Over::Batch);
        terms.monitor("confidence", confidence)
    }
}

fn main() -> Result<(), Error> {
    let labels = LabelsConfig { per_class: Some(5), ..LabelsConfig::default() };
    let config = DataConfig { source: "cbf".into(), size: Some(150), labels, ..DataConfig::default() };
    let data = prepare(&config, Task::Classify)?;
    let device = Device::flex().autodiff();
    device.seed(0);
    let layer = Conv1dConfig::new(1, 16, 9).with_padding(PaddingConfig1d::Same).init(&device);
    let model = Classifier::with_encoder(Convolution { layer, hidden: 16 }, 1, 3, Pooling::Max, 0.0, &device);

    let stage = StageConfig::new(ObjectiveConfig::Supervised(Default::default()), 5);
    let options = StageOptions {
        label: "balanced".into(),
        config: &stage,
        train: Arc::new(data.train.clone()),
        labeled: &data.labeled,
        unlabeled: &data.unlabeled,
        valid: &data.valid,
        processor: &data.processor,
        augmenter: Augmenter::none(),
        kind: Kind::Classes,
        seed: 0,
        device: &device,
        pace: None,
    };
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let fitted = fit(model, Balanced { weight: 0.1 }, &options, None, &mut progress, &interrupter, |told, _| {
        if let Some(train) = told.train {
            println!("epoch {} loss {:.3}", told.epoch, train["loss"]);
        }
        Ok(())
    })?;
    let (scores, _) = score(&outputs(&fitted.model.valid(), &data.test, Kind::Classes), &data.test);
    println!("test accuracy {:.3}", scores["accuracy"]);
    Ok(())
}
