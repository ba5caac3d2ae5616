//! `semiseq predict`.

use std::path::PathBuf;

use semiseq::datasets::LabelsConfig;
use semiseq::models::NumberHead;
use semiseq::prelude::*;
use semiseq::training::Predictor;
use semiseq::training::tasks::{ClassPrediction, LabelsPrediction};
use serde_json::Value;

use super::further_columns::{FurtherColumns, predicted};
use super::prediction_json::as_json;
use super::{
    cell, check_ending, check_says_classes, confidence, not_finite, open_run, prepare_input, prepare_latest, tell,
    tell_formulas, watch, write_output,
};

/// Arguments of `predict`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// A file or folder in any supported format; `-` reads JSON lines from standard input
    input: String,
    /// Where to write: CSV, or JSON lines where the name ends in `.jsonl`; default: CSV to standard output
    #[arg(long)]
    output: Option<PathBuf>,
    /// Of classes: predict nothing where the likeliest class has less than this probability; says how many rows that
    /// leaves out
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence)]
    abstain: Option<f64>,
    /// Of a class or a number for each sequence: the mean of so many passes with dropout (Monte Carlo dropout), of an
    /// ensemble the mean of its members, and in further columns how far they are apart
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=10_000), conflicts_with = "watch")]
    samples: Option<u16>,
    /// Of classes: in further columns how little each sequence looks like a class that was learned, by the largest
    /// probability, the energy of the logits, and the distance of its vector to those of the labelled sequences
    #[arg(long, conflicts_with = "watch")]
    out_of_class: bool,
    /// Answer each JSON line of standard input with a JSON line, before the next is read; lines with the same `session`
    /// go on where the earlier ones ended
    #[arg(long, conflicts_with = "output")]
    watch: bool,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
}

/// Predicts.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["csv", "jsonl"])?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    run.check_predicts()?;
    if arguments.abstain.is_some() {
        check_says_classes(&run)?;
    }
    if arguments.watch {
        if arguments.input != "-" {
            return Err(Error::input(
                format!("`--watch` reads JSON lines from standard input, and not {}", arguments.input),
                "write `-` for the input",
            ));
        }
        return watch::run(&run);
    }
    let dataset = match run.processor().forecast().filter(|_| run.targets() == TargetKind::Forecast) {
        Some(forecast) => prepare_latest(&run, &arguments.input, forecast)?,
        None => prepare_input(&run, &arguments.input, false)?,
    };
    let samples = arguments.samples.map(usize::from);
    let (outputs, columns) = predicted(&run, &dataset, samples, arguments.out_of_class)?;
    check_finite(&outputs)?;
    let mut predictions: Vec<Prediction> = (0..outputs.len()).map(|index| run.prediction(&outputs, index)).collect();
    if let Some(least) = arguments.abstain {
        abstain(&mut predictions, least);
    }
    let json_lines = arguments
        .output
        .as_ref()
        .is_some_and(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl")));
    let text = match json_lines {
        true => (0..).zip(&predictions).map(|(row, one)| format!("{}\n", line(one, &dataset, &columns, row))).collect(),
        false => as_csv(&run, &predictions, &columns, &dataset),
    };
    write_output(arguments.output.as_deref(), text.as_bytes())?;
    if !json_lines {
        let answers = predictions.iter().flat_map(|prediction| match prediction {
            Prediction::Answer(text) => std::slice::from_ref(text),
            Prediction::Items(items) => items,
            _ => &[],
        });
        let classes = run.processor().classes().iter().map(String::as_str);
        let texts = matches!(run.targets(), TargetKind::SequenceToSequence | TargetKind::Transcribe);
        tell_formulas(answers.map(String::as_str).chain(classes.filter(|_| !texts)));
    }
    Ok(())
}

/// A prediction as a JSON line.
fn line(prediction: &Prediction, data: &Dataset, columns: &FurtherColumns, row: usize) -> Value {
    let mut said = as_json(prediction, data.keys.id(row));
    if let Value::Object(object) = &mut said {
        columns.extend(row, object);
    }
    said
}

/// Takes the labels of unsure predictions away, and says how many those are.
fn abstain(predictions: &mut [Prediction], least: f64) {
    let classes = predictions.iter_mut().flat_map(|prediction| match prediction {
        Prediction::Class(class) => std::slice::from_mut(class),
        Prediction::Steps(steps) => steps.as_mut_slice(),
        _ => &mut [],
    });
    let (mut all, mut unsure) = (0usize, 0usize);
    for class in classes {
        all += 1;
        if class.confidence() < least {
            class.label.clear();
            unsure += 1;
        }
    }
    let coverage = (all - unsure) as f64 / all.max(1) as f64;
    tell(format!("{unsure} of {all} predictions are left empty, less sure than {least}: a coverage of {coverage:.4}"));
}

/// A header, then a row a prediction; of steps and of forecasts a row per step, of items per row an item. Where the
/// data have identifiers, that of its row stands behind the index; what else is said of it stands at the end.
fn as_csv(run: &SavedRun, predictions: &[Prediction], columns: &FurtherColumns, data: &Dataset) -> String {
    let index = |row: usize| match data.keys.id(row) {
        Some(id) => format!("{row},{}", cell(id)),
        None => row.to_string(),
    };
    let begin = if data.keys.ids.is_empty() { "index" } else { "index,id" };
    let separator = run.config().map_or_else(|_| LabelsConfig::default(), |config| config.data.labels);
    let separator = separator.separator();
    let rows = predictions.iter().enumerate().map(|(row, prediction)| (index(row), columns.cells(row), prediction));
    let rows = rows.flat_map(|(index, more, prediction)| match prediction {
        Prediction::Class(class) => vec![format!("{index},{}{more}", class_cells(class))],
        Prediction::Labels(labels) => vec![format!("{index},{}{more}", label_cells(labels, separator))],
        Prediction::Steps(steps) => {
            let row = |(step, class): (usize, &ClassPrediction)| format!("{index},{step},{}", class_cells(class));
            steps.iter().enumerate().map(row).collect()
        }
        Prediction::Number(number) => vec![format!("{index},{number}{more}")],
        Prediction::Quantiles { number, quantiles } => {
            let values = quantiles.iter().map(|(_, value)| format!(",{value}"));
            vec![format!("{index},{number}{}{more}", values.collect::<String>())]
        }
        Prediction::Forecast { steps, .. } => {
            let row = |(step, values): (usize, &Vec<f64>)| format!("{index},{},{}", step + 1, numbers(values));
            steps.iter().enumerate().map(row).collect()
        }
        Prediction::Answer(text) => vec![format!("{index},{}", cell(text))],
        Prediction::Items(items) => {
            (1..).zip(items).map(|(rank, item)| format!("{index},{rank},{}", cell(item))).collect()
        }
        _ => Vec::new(),
    });
    std::iter::once(format!("{begin},{}{}", header(run, predictions), columns.header()))
        .chain(rows)
        .map(|row| row + "\n")
        .collect()
}

/// What stands behind the index.
fn header(run: &SavedRun, predictions: &[Prediction]) -> String {
    // Clusters are no classes of the data.
    if let (Predictor::Clusters, Some(Prediction::Class(first))) = (run.purpose().predictor, predictions.first()) {
        let names = first.probabilities.iter().map(|(cluster, _)| format!(",p_{cluster}"));
        return format!("prediction{}", names.collect::<String>());
    }
    let processor = run.processor();
    let probabilities = || {
        let names = processor.classes().iter().map(|class| cell(&format!("p_{class}")));
        names.collect::<Vec<_>>().join(",")
    };
    match (run.targets(), processor.forecast()) {
        (TargetKind::Forecast, Some(forecast)) => {
            let names = forecast.columns.iter().map(|column| cell(column));
            format!("step,{}", names.collect::<Vec<_>>().join(","))
        }
        (TargetKind::Tag, _) => format!("step,prediction,{}", probabilities()),
        (TargetKind::Classify, _) if run.calibration().is_some_and(|calibration| calibration.conformal.is_some()) => {
            format!("prediction,{},set", probabilities())
        }
        (TargetKind::Classify | TargetKind::MultiLabel, _) => format!("prediction,{}", probabilities()),
        (TargetKind::Unsupervised, _) => "rank,item".into(),
        (TargetKind::Regress, _) => {
            let levels = run.model().numbers().map_or(&[][..], NumberHead::levels);
            std::iter::once("prediction".to_string())
                .chain(levels.iter().map(|level| format!("q{level}")))
                .collect::<Vec<_>>()
                .join(",")
        }
        _ => "prediction".into(),
    }
}

fn class_cells(class: &ClassPrediction) -> String {
    let values: Vec<f64> = class.probabilities.iter().map(|(_, value)| *value).collect();
    let set = class.set.as_ref().map(|set| format!(",{}", cell(&set.join("|"))));
    format!("{},{}{}", cell(&class.label), numbers(&values), set.unwrap_or_default())
}

/// The labels as a cell that is read as these again: a list of JSON where there is none, or one would not be read as
/// itself.
fn label_cells(labels: &LabelsPrediction, separator: &str) -> String {
    let plain = |label: &String| !label.contains(separator) && !label.starts_with('[');
    let held = match !labels.labels.is_empty() && labels.labels.iter().all(plain) {
        true => labels.labels.join(separator),
        false => serde_json::json!(labels.labels).to_string(),
    };
    let values: Vec<f64> = labels.probabilities.iter().map(|(_, value)| *value).collect();
    format!("{},{}", cell(&held), numbers(&values))
}

fn numbers(row: &[f64]) -> String {
    row.iter().map(|value| format!("{value:.6}")).collect::<Vec<_>>().join(",")
}

/// See [`check_finite`](super::check_finite); of a tagger the steps of all sequences are counted together.
fn check_finite(outputs: &Outputs) -> Result<(), Error> {
    match outputs.first_not_finite() {
        None => Ok(()),
        Some(row) => Err(not_finite(row)),
    }
}
