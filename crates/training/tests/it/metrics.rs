//! Scores against scikit-learn's: `tests/fixtures/metrics.py` makes them.

use burn::tensor::{Device, Tensor, TensorData};
use semiseq_datasets::{
    ClassOrder, DataConfig, Dataset, LabelsConfig, Processor, Sequence, Series, Source, Target, TargetKind,
    TransformConfig, WindowsConfig, evaluation_batches, prepare, prepare_source,
};
use semiseq_training::tasks::JudgedScore;
use semiseq_training::{Outputs, Task, task_of};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/metrics.json")).expect("the fixture")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| list(row).iter().map(|value| value.as_f64().expect("a number")).collect();
    list(value).iter().map(row).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    list(value).iter().map(|value| value.as_u64().expect("a number") as usize).collect()
}

/// Sequences of these lengths.
fn dataset(lengths: &[usize], targets: Vec<Target>, classes: usize) -> Dataset {
    let sequence = |length: &usize| Sequence::Series(Series { values: vec![0.5; *length], channels: 1 });
    Dataset {
        name: "t".into(),
        sequences: lengths.iter().map(sequence).collect(),
        targets,
        classes: (0..classes).map(|class| format!("k{class}")).collect(),
        ..Dataset::default()
    }
}

/// What a head says, batch by batch as the learner asks: a row of logits a sequence, or a row per step with rows of
/// nonsense behind the end of a sequence.
fn taken(task: &dyn Task, data: &Dataset, logits: &[Vec<Vec<f64>>]) -> Outputs {
    let mut outputs = task.outputs(data.len(), None);
    for batch in evaluation_batches(data, 16) {
        let width = logits[0][0].len();
        let mut rows: Vec<f64> = Vec::new();
        for index in &batch.indices {
            let said = &logits[*index];
            rows.extend(said.iter().flatten());
            if task.targets() == TargetKind::Tag {
                rows.extend((0..(batch.time - said.len()) * width).map(|place| 9.0 - place as f64));
            }
        }
        let shape = [rows.len() / width, width];
        task.take(&mut outputs, &batch, Tensor::from_data(TensorData::new(rows, shape), &Device::flex()));
    }
    outputs
}

fn processor(data: &Dataset) -> Processor {
    Processor::fit(&TransformConfig::default(), data).expect("values")
}

/// The outputs of a case, and the data that they are of.
fn case(case: &Value) -> (&'static dyn Task, Outputs, Dataset) {
    let (classes, truth) = (case["classes"].as_u64().expect("a number") as usize, counts(&case["truth"]));
    if let Some(lengths) = case.get("lengths").map(counts) {
        let (task, logits) = (task_of(TargetKind::Tag), matrix(&case["logits"]));
        let ends = lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end - length..*end)
        });
        let ends: Vec<_> = ends.collect();
        let targets = ends.iter().map(|steps| Target::Steps(truth[steps.clone()].to_vec())).collect();
        let data = dataset(&lengths, targets, classes);
        let logits: Vec<Vec<Vec<f64>>> = ends.into_iter().map(|steps| logits[steps].to_vec()).collect();
        return (task, taken(task, &data, &logits), data);
    }
    let task = task_of(TargetKind::Classify);
    let lengths: Vec<usize> = (0..truth.len()).map(|row| 1 + row % 5).collect();
    // One more whose class nobody knows.
    let targets = truth.iter().map(|class| Target::Class(*class)).chain([Target::Missing]).collect();
    let data = dataset(&[&lengths[..], &[2]].concat(), targets, classes);
    let with_one_more = |mut rows: Vec<Vec<f64>>| {
        rows.push(rows[0].clone());
        rows
    };
    let outputs = match case.get("probabilities") {
        Some(rows) => Outputs::Classes(with_one_more(matrix(rows))),
        None => {
            let logits: Vec<Vec<Vec<f64>>> =
                with_one_more(matrix(&case["logits"])).into_iter().map(|row| vec![row]).collect();
            taken(task, &data, &logits)
        }
    };
    (task, outputs, data)
}

/// All of `expected` and nothing else, but for `also`.
fn check(name: &str, found: &[JudgedScore], expected: &Value, also: &[&str], within: f64) {
    let expected = expected.as_object().expect("scores");
    for (metric, value) in expected {
        let found = found.iter().find(|measure| measure.metric == metric).and_then(|measure| measure.value);
        let (found, value) =
            (found.unwrap_or_else(|| panic!("{name}: no {metric}")), value.as_f64().expect("a number"));
        assert!((found - value).abs() < within, "{name}: {metric} is {found}, not {value}");
    }
    for measure in found.iter().filter(|measure| measure.value.is_some() && !also.contains(&measure.metric)) {
        assert!(expected.contains_key(measure.metric), "{name}: {measure:?} is invented");
    }
}

#[test]
fn scores_of_classes_are_scikit_learns() {
    for one in list(&fixture()["cases"]) {
        let name = one["name"].as_str().expect("a name");
        let (task, outputs, data) = case(one);
        // A network speaks in f32.
        let within = if one.get("probabilities").is_some() { 1e-9 } else { 1e-6 };
        let measures = task.judged(&outputs, &data, &processor(&data)).expect("classes").measure(None);
        let (of_all, of_classes): (Vec<JudgedScore>, Vec<JudgedScore>) =
            measures.into_iter().partition(|measure| measure.class.is_none());
        check(name, &of_all, &one["scores"], &[], within);
        for (class, expected) in list(&one["per_class"]).iter().enumerate() {
            let found: Vec<JudgedScore> =
                of_classes.iter().copied().filter(|measure| measure.class == Some(class)).collect();
            check(&format!("{name}, class {class}"), &found, expected, &[], within);
        }
        // What the learner measures after each epoch is the same.
        let (scores, confusion) = task.score(&outputs, &data);
        for metric in ["accuracy", "macro_f1", "loss"] {
            let expected = one["scores"][metric].as_f64().expect("a score");
            assert!((scores[metric] - expected).abs() < within, "{name}: {metric} {}", scores[metric]);
        }
        assert_eq!(confusion.expect("a matrix").counts.iter().flatten().sum::<usize>(), list(&one["truth"]).len());
    }
}

#[test]
fn spans_are_counted_as_seqeval_does() {
    let task = task_of(TargetKind::Tag);
    for one in list(&fixture()["span_cases"]) {
        let rows = |key: &str| list(&one[key]).iter().map(counts).collect::<Vec<Vec<usize>>>();
        let (truth, said) = (rows("truth"), rows("said"));
        let lengths: Vec<usize> = truth.iter().map(Vec::len).collect();
        let classes = ["B-a", "B-b", "I-a", "I-b", "O"].map(String::from).to_vec();
        let data = dataset(&lengths, truth.into_iter().map(Target::Steps).collect(), 5);
        let data = Dataset { classes, ..data };
        // By the probabilities of single steps, and by paths that those would not choose.
        let sure = |class: usize| (0..5).map(|other| if other == class { 0.8 } else { 0.05 }).collect::<Vec<f64>>();
        let steps = said.iter().map(|row| row.iter().map(|class| sure(*class)).collect()).collect();
        let other = lengths.iter().map(|length| vec![sure(0); *length]).collect();
        for outputs in [Outputs::Steps(steps), Outputs::Paths { steps: other, paths: said }] {
            let measures = task.judged(&outputs, &data, &processor(&data)).expect("tags").measure(None);
            for (metric, expected) in one["scores"].as_object().expect("scores") {
                let found = measures.iter().find(|measure| measure.metric == metric).and_then(|measure| measure.value);
                let (found, expected) = (found.expect("a score"), expected.as_f64().expect("a number"));
                assert!((found - expected).abs() < 1e-9, "{metric}: {found} against {expected}");
            }
        }
    }
}

#[test]
fn how_far_ordered_classes_are_off_is_scikit_learns() {
    let order = |classes: usize| (0..classes).map(|class| format!("k{class}")).collect();
    for one in list(&fixture()["ordered_cases"]) {
        let (task, outputs, data) = case(one);
        let classes = data.classes.len();
        let labels = LabelsConfig { order: Some(ClassOrder::Given(order(classes))), ..LabelsConfig::default() };
        // Prepared so that the processor knows the order; two rows a class.
        let rows = Dataset { targets: (0..2 * classes).map(|row| Target::Class(row / 2)).collect(), ..data.clone() };
        let rows = Dataset { sequences: vec![data.sequences[0].clone(); 2 * classes], ..rows };
        let config = DataConfig { labels, test_fraction: 0.5, ..DataConfig::default() };
        let prepared = prepare_source(Source::new(rows), &config, TargetKind::Classify).expect("two rows a class");
        let judged = task.judged(&outputs, &data, &prepared.processor).expect("classes").measure(None);
        for metric in ["quadratic_kappa", "level_mae"] {
            let found = judged.iter().find(|measure| measure.metric == metric).and_then(|measure| measure.value);
            let (found, expected) = (found.expect("a score"), one["scores"][metric].as_f64().expect("a score"));
            assert!((found - expected).abs() < 1e-9, "{metric}: {found} against {expected}");
        }
        let without = task.judged(&outputs, &data, &processor(&data)).expect("classes").measure(None);
        assert!(without.iter().all(|measure| measure.metric != "level_mae"), "classes without an order");
    }
}

#[test]
fn scores_of_any_number_of_labels_are_scikit_learns() {
    let task = task_of(TargetKind::MultiLabel);
    for one in list(&fixture()["label_cases"]) {
        let name = one["name"].as_str().expect("a name");
        let (mut said, truth) = (matrix(&one["probabilities"]), matrix(&one["truth"]));
        let labels = said[0].len();
        let held = |row: &Vec<f64>| Target::Labels((0..labels).filter(|label| row[*label] == 1.0).collect());
        // One more of which nothing is known.
        let targets: Vec<Target> = truth.iter().map(held).chain([Target::Missing]).collect();
        said.push(said[0].clone());
        let data = dataset(&vec![2; targets.len()], targets, labels);
        let logit = |value: &f64| (value / (1.0 - value)).ln();
        let logits: Vec<Vec<Vec<f64>>> = said.iter().map(|row| vec![row.iter().map(logit).collect()]).collect();
        let outputs = taken(task, &data, &logits);
        let Outputs::Labels(found) = &outputs else { panic!("labels") };
        let near = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-6;
        assert!(found.iter().flatten().zip(said.iter().flatten()).all(near), "{name}");
        let outputs = Outputs::Labels(said);
        let measures = task.judged(&outputs, &data, &processor(&data)).expect("labels").measure(None);
        let (of_all, of_labels): (Vec<JudgedScore>, Vec<JudgedScore>) =
            measures.into_iter().partition(|measure| measure.class.is_none());
        check(name, &of_all, &one["scores"], &[], 1e-9);
        for (label, expected) in list(&one["per_class"]).iter().enumerate() {
            let found: Vec<JudgedScore> =
                of_labels.iter().copied().filter(|measure| measure.class == Some(label)).collect();
            check(&format!("{name}, label {label}"), &found, expected, &[], 1e-9);
        }
        // What the learner measures after each epoch is the same.
        let (scores, _) = task.score(&outputs, &data);
        for metric in ["micro_f1", "macro_f1", "subset_accuracy", "hamming_loss", "loss"] {
            let expected = one["scores"][metric].as_f64().expect("a score");
            assert!((scores[metric] - expected).abs() < 1e-9, "{name}: {metric} {}", scores[metric]);
        }
    }
}

#[test]
fn errors_of_forecasts_are_scaled_as_their_papers_say() {
    let fixture = fixture();
    let fixture = &fixture["forecast"];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recording.csv");
    let rows: String = matrix(&fixture["recording"]).iter().map(|row| format!("{},{}\n", row[0], row[1])).collect();
    std::fs::write(&path, format!("a,b\n{rows}")).expect("a file");
    let number = |key: &str| fixture[key].as_u64().expect("a number") as usize;
    let windows = WindowsConfig {
        input: number("input"),
        horizon: number("horizon"),
        season: Some(number("season")),
        split: [36.0, 12.0, 12.0],
        ..WindowsConfig::default()
    };
    let config = DataConfig { source: path.display().to_string(), windows: Some(windows), ..DataConfig::default() };
    let data = prepare(&config, TargetKind::Forecast).expect("windows");
    // Into the model's units.
    let at = |value: f32| data.processor.restored(&Series { values: vec![value; 2], channels: 2 });
    let (mean, one) = (at(0.0), at(1.0));
    let said = list(&fixture["said"]).iter().map(|window| {
        let steps = matrix(window).into_iter();
        steps
            .flat_map(|step| [0, 1].map(|channel| (step[channel] - mean[channel]) / (one[channel] - mean[channel])))
            .collect()
    });
    let outputs = Outputs::Forecasts(said.collect());
    let task = task_of(TargetKind::Forecast);
    let judged = task.judged(&outputs, &data.test, &data.processor).expect("forecasts");
    check(
        "forecast",
        &judged.measure(None),
        &serde_json::json!({"mase": fixture["mase"], "smape": fixture["smape"]}),
        &["mse", "mae"],
        1e-4,
    );
    let (scores, _) = task.score(&outputs, &data.test);
    for measure in judged.measure(None).iter().filter(|measure| ["mse", "mae"].contains(&measure.metric)) {
        assert!((measure.value.expect("an error") - scores[measure.metric]).abs() < 1e-12);
    }
}
