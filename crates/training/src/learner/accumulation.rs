//! Gradients of several batches as of one large batch.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Device;
use semiseq_datasets::StepBatches;
use semiseq_models::SequenceModel;
use semiseq_objectives::{Counted, Objective, Over, Step, StepContext};

use crate::learner::learned::Learned;
use crate::learner::means::Means;

/// What became of the batches of one optimiser step.
pub(super) enum Gathered {
    Gradients(GradientsParams),
    /// They have nothing to say.
    Nothing,
    /// The user stops the run between two of them.
    Stopped,
}

/// Gradients of the batches of one optimiser step: each term of each batch weighs by its share of the rows that the
/// term is the mean over, as it would in one batch of all of them.
pub(super) fn gradients<M: SequenceModel, O: Objective<M>>(
    learned: &mut Learned<M, O>,
    batches: &mut [StepBatches],
    context: &StepContext,
    device: &Device,
    means: &mut Means,
    stop: &dyn Fn() -> bool,
) -> Gathered {
    let per_step = learned.model.per_step();
    let rows = |over: &Over, batch: &StepBatches| rows(over, batch, per_step);
    let mut gathered = GradientsAccumulator::new();
    let mut some = false;
    for place in 0..batches.len() {
        if place > 0 && stop() {
            return Gathered::Stopped;
        }
        let step = Step::upload(&mut batches[place], per_step, device);
        let (batches, batch) = (&*batches, &batches[place]);
        let share = |over: &Over| {
            let all: f64 = batches.iter().map(|batch| rows(over, batch)).sum();
            if all > 0.0 { rows(over, batch) / all } else { 1.0 / batches.len() as f64 }
        };
        let terms = learned.objective.step(&learned.model, &step, context);
        let Some(total) = terms.total_of(share) else { continue };
        means.push(&terms, |over| rows(over, batch));
        let gradients = GradientsParams::from_grads(total.backward(), learned);
        // The pass back has taken apart what leads from a crew's copies to the weights; a clone makes them anew.
        *learned = learned.clone();
        if batches.len() == 1 {
            return Gathered::Gradients(gradients);
        }
        gathered.accumulate(learned, gradients);
        some = true;
    }
    if some { Gathered::Gradients(gathered.grads()) } else { Gathered::Nothing }
}

/// How many rows of a batch a mean is over, of a model with a row per sequence or (`per_step`) a row per step.
pub(super) fn rows(over: &Over, batch: &StepBatches, per_step: bool) -> f64 {
    let [labeled, unlabeled] = [&batch.labeled, &batch.unlabeled].map(|part| part.as_ref().map(|views| &views.weak));
    over.count(Counted { labeled, unlabeled, per_step })
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::tensor::Tensor;
    use semiseq_datasets::{Batch, Dataset, Sequence, Series, Target, ViewBatches};
    use semiseq_models::{AnyModel, HeadSize, InputSize, ModelConfig};

    use super::*;
    use crate::tasks::host;
    use semiseq_objectives::{AnyObjective, ObjectiveConfig};
    use semiseq_objectives::{Setting, TargetSize};

    const ROWS: usize = 8;
    /// The whole batch, and the same rows in three of unequal size.
    const WHOLE: &[&[usize]] = &[&[0, 1, 2, 3, 4, 5, 6, 7]];
    const PARTS: &[&[usize]] = &[&[0, 1, 2], &[3, 4, 5, 6], &[7]];

    /// What the sequences hold, and what is known of them.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Classes,
        Steps,
        Numbers,
        Sequences,
    }

    fn device() -> Device {
        Device::flex().autodiff()
    }

    /// Sequences of 2 to 9 steps; of the first `ROWS` each third has no label, of the others none.
    fn dataset(kind: Kind, tokens: bool) -> Dataset {
        let length = |row: usize| 2 + row * 5 % 8;
        let sequence = |row: usize| match tokens {
            true => Sequence::Tokens((0..length(row)).map(|step| (1 + (row * 3 + step * step) % 5) as u32).collect()),
            false => {
                let value = |place: usize| ((row * 7 + place * 13) % 11) as f32 / 5.0 - 1.0;
                Sequence::Series(Series { values: (0..2 * length(row)).map(value).collect(), channels: 2 })
            }
        };
        let target = |row: usize| match kind {
            _ if row % 3 == 2 => Target::Missing,
            Kind::Classes => Target::Class(row % 2),
            Kind::Steps => Target::Steps((0..length(row)).map(|step| (row + step / 2) % 2).collect()),
            Kind::Numbers => Target::Number(row as f64 / 3.0 - 1.0),
            Kind::Sequences => {
                Target::Sequence(Sequence::Tokens((0..=row % 4).map(|step| 1 + step as u32 % 3).collect()))
            }
        };
        Dataset {
            name: "t".into(),
            sequences: (0..2 * ROWS).map(sequence).collect(),
            targets: (0..2 * ROWS).map(target).collect(),
            classes: vec!["a".into(), "b".into()],
            ..Dataset::default()
        }
    }

    fn views(data: &Dataset, rows: impl Iterator<Item = usize>) -> ViewBatches {
        let rows: Vec<usize> = rows.collect();
        let sequences: Vec<Sequence> = rows.iter().map(|row| data.sequences[*row].clone()).collect();
        let weak = Batch::collate(data, &rows, &sequences);
        let [plain, second, strong, second_strong] = std::array::from_fn(|_| Some(weak.clone()));
        ViewBatches { weak, plain, second, strong, second_strong }
    }

    fn batches(data: &Dataset, parts: &[&[usize]]) -> Vec<StepBatches> {
        let one = |part: &&[usize]| StepBatches {
            labeled: Some(views(data, part.iter().copied())),
            unlabeled: Some(views(data, part.iter().map(|row| ROWS + row))),
            balanced: None,
        };
        parts.iter().map(one).collect()
    }

    struct Values<'a> {
        gradients: &'a GradientsParams,
        found: Vec<f64>,
    }

    impl ModuleVisitor for Values<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            match self.gradients.get::<D>(param.id) {
                Some(gradient) => self.found.extend(host(gradient)),
                None => self.found.resize(self.found.len() + param.val().shape().num_elements(), 0.0),
            }
        }
    }

    /// The gradients of a second step, after one that fills memories, and the epoch's means.
    fn found(
        learned: &Learned<AnyModel, AnyObjective<AnyModel>>,
        data: &Dataset,
        parts: &[&[usize]],
    ) -> (Vec<f64>, semiseq_schema::Scores) {
        let device = device();
        let mut learned = learned.clone();
        let mut means = Means::default();
        let mut gathered = Gathered::Nothing;
        for step in 6..8 {
            device.seed(3);
            means = Means::default();
            let context = StepContext { step, total_steps: 10, epoch: 1 };
            gathered = gradients(&mut learned, &mut batches(data, parts), &context, &device, &mut means, &|| false);
        }
        means.read();
        let Gathered::Gradients(gathered) = gathered else { panic!("no gradients") };
        let mut values = Values { gradients: &gathered, found: Vec::new() };
        burn::module::Module::visit(&learned, &mut values);
        (values.found, means.scores())
    }

    /// `k` small batches give the gradients and the means of the large one.
    fn check(model: &str, objective: &str, kind: Kind, tokens: bool) {
        let name = format!("{objective} of {model}, {kind:?}, tokens: {tokens}");
        let device = device();
        device.seed(1);
        let model: ModelConfig = serde_json::from_str(model).expect(&name);
        let objective: ObjectiveConfig = serde_json::from_str(objective).expect(&name);
        let input = if tokens { InputSize::Tokens(6) } else { InputSize::Values(2) };
        let model = model.init(input, HeadSize::Logits(2), &device);
        let target = (kind == Kind::Sequences).then_some(TargetSize {
            input: InputSize::Tokens(5),
            longest: 4,
            unit: Default::default(),
        });
        let counts = [6, 6];
        let setting = Setting {
            model: &model,
            train_size: 2 * ROWS,
            class_counts: &counts,
            token_counts: &[],
            target,
            teachers: &[],
            device: &device,
        };
        let objective = objective.init(&setting);
        let learned = Learned { model, objective, average: None };
        let data = dataset(kind, tokens);
        let ((whole, whole_means), (parts, means)) = (found(&learned, &data, WHOLE), found(&learned, &data, PARTS));
        assert!(whole.iter().any(|value| value.abs() > 1e-4), "{name}: no gradient");
        let largest = whole.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        for (whole, part) in whole.iter().zip(&parts) {
            assert!((whole - part).abs() < 2e-5 * largest.max(1.0), "{name}: {part} in parts, {whole} at once");
        }
        assert_eq!(whole_means.keys().collect::<Vec<_>>(), means.keys().collect::<Vec<_>>(), "{name}");
        for (key, whole) in &whole_means {
            assert!((whole - means[key]).abs() < 1e-4, "{name}: {key} {} in parts, {whole} at once", means[key]);
        }
    }

    const CLASSIFIER: &str = r#"{"classifier": {"pooling": "mean", "encoder": {"gru": {"hidden": 4}}}}"#;
    const TAGGER: &str = r#"{"tagger": {"encoder": {"gru": {"hidden": 4}}}}"#;
    const REGRESSOR: &str = r#"{"regressor": {"encoder": {"gru": {"hidden": 4}}}}"#;
    const GAUSSIAN: &str = r#"{"regressor": {"output": "gaussian", "encoder": {"gru": {"hidden": 4}}}}"#;

    /// Objectives on classes whose terms are sums over rows, whatever those are.
    const OF_CLASSES: &[&str] = &[
        r#"{"supervised": {}}"#,
        r#"{"supervised": {"label_smoothing": 0.2, "class_weights": [0.5, 3.0], "l2": 0.05}}"#,
        r#"{"entropy-minimisation": {}}"#,
        r#"{"pseudo-label": {"threshold": 0.5}}"#,
        r#"{"pi-model": {"ramp_up": 0.0}}"#,
        r#"{"mean-teacher": {"ramp_up": 0.0}}"#,
        r#"{"mean-teacher": {"ramp_up": 0.0, "consistency": "kl"}}"#,
        r#"{"adversarial": {"supervised": {"class_weights": [0.5, 3.0]}}}"#,
        r#"{"uda": {"threshold": 0.5}}"#,
        r#"{"fixmatch": {"threshold": 0.5}}"#,
        r#"{"defixmatch": {"threshold": 0.5}}"#,
        r#"{"self-training": {"threshold": 0.5}}"#,
        r#"{"noisy-student": {"threshold": 0.5}}"#,
        r#"{"tri-training": {"threshold": 0.5}}"#,
    ];

    #[test]
    fn gathered_batches_are_one_large_batch_for_classes_of_sequences_and_of_steps() {
        for objective in OF_CLASSES {
            check(CLASSIFIER, objective, Kind::Classes, false);
            check(TAGGER, objective, Kind::Steps, false);
        }
        for objective in
            [r#"{"temporal-ensembling": {"ramp_up": 0.0}}"#, r#"{"cross-view": {}}"#, r#"{"co-training": {}}"#]
        {
            check(CLASSIFIER, objective, Kind::Classes, false);
        }
    }

    #[test]
    fn gathered_batches_are_one_large_batch_for_numbers_and_without_labels() {
        for model in [REGRESSOR, GAUSSIAN] {
            check(model, r#"{"supervised": {}}"#, Kind::Numbers, false);
            for objective in ["pi-model", "mean-teacher", "temporal-ensembling"] {
                check(model, &format!(r#"{{"{objective}": {{"ramp_up": 0.0}}}}"#), Kind::Numbers, false);
            }
        }
        check(GAUSSIAN, r#"{"ucvme": {}}"#, Kind::Numbers, false);
        for tokens in [false, true] {
            check(CLASSIFIER, r#"{"autoencoder": {"hidden": 3}}"#, Kind::Classes, tokens);
        }
        check(CLASSIFIER, r#"{"autoencoder": {"decoder": "bag-of-words"}}"#, Kind::Classes, true);
        check(CLASSIFIER, r#"{"language-model": {}}"#, Kind::Classes, true);
        check(TAGGER, r#"{"language-model": {}}"#, Kind::Steps, true);
        check(CLASSIFIER, r#"{"next-step": {"ahead": 2}}"#, Kind::Classes, false);
        check(CLASSIFIER, r#"{"masked-reconstruction": {"rate": 0.4}}"#, Kind::Classes, false);
        check(CLASSIFIER, r#"{"sequence-to-sequence": {"hidden": 3}}"#, Kind::Sequences, true);
        check(CLASSIFIER, r#"{"ctc": {}}"#, Kind::Sequences, false);
        let joint = r#"{"joint": {"part": [{"objective": {"fixmatch": {"threshold": 0.5}}}, {"weight": 0.3, "objective": {"language-model": {}}}]}}"#;
        check(CLASSIFIER, joint, Kind::Classes, true);
    }

    #[test]
    fn a_part_without_a_label_is_no_part() {
        // Row 2 alone has no label: the two batches weigh 1 and 0.
        let data = dataset(Kind::Classes, false);
        let device = device();
        device.seed(1);
        let model: ModelConfig = serde_json::from_str(CLASSIFIER).expect("a model");
        let model = model.init(InputSize::Values(2), HeadSize::Logits(2), &device);
        let setting = Setting {
            model: &model,
            train_size: 16,
            class_counts: &[6, 6],
            token_counts: &[],
            target: None,
            teachers: &[],
            device: &device,
        };
        let objective: ObjectiveConfig = serde_json::from_str(r#"{"supervised": {}}"#).expect("an objective");
        let learned = Learned { objective: objective.init(&setting), model: model.clone(), average: None };
        let (one, means) = found(&learned, &data, &[&[0, 1]]);
        let (two, with) = found(&learned, &data, &[&[0, 1], &[2]]);
        assert!(one.iter().zip(&two).all(|(one, two)| (one - two).abs() < 1e-7));
        assert_eq!(means, with);
    }
}
