//! `semiseq eval`.

mod examples;
mod out_of_class;
mod text;

use std::path::PathBuf;

use semiseq::prelude::*;

use examples::examples;
use out_of_class::told_apart;
use text::text;

use super::{check_says_classes, confidence, json_text, open_run, prepare_input, print};

/// Arguments of `eval`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// Other data than the run's own: a file or folder with labels
    #[arg(long)]
    data: Option<String>,
    /// Part of the run's own data: train, valid or test
    #[arg(long, default_value = "test", value_parser = ["train", "valid", "test"])]
    split: String,
    /// Instead of the head's scores, the accuracy of the classes of the K nearest labelled training sequences, by the
    /// encoder's vectors
    #[arg(long, value_name = "K", conflicts_with_all = ["data", "split"])]
    nearest: Option<usize>,
    /// Of classes: also say which share has at least this confidence (`coverage`), and how many of it are right
    /// (`selective_accuracy`)
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence, conflicts_with = "nearest")]
    abstain: Option<f64>,
    /// Of classes: sequences that belong to none; also say how well they are told from those that are scored (AUROC)
    #[arg(long, value_name = "PATH", conflicts_with = "nearest")]
    out_of_class: Option<String>,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
    /// Print one JSON object and nothing else: the scores by their names
    #[arg(long)]
    json: bool,
    /// With `--json`: beside the scores `intervals`, `per_class` and `confusion`
    #[arg(long, requires = "json", conflicts_with = "nearest")]
    details: bool,
}

/// Scores a run.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    if let Some(k) = arguments.nearest {
        let accuracy = run.nearest_accuracy(&*run.labeled_data()?, k)?;
        let scores = std::collections::BTreeMap::from([("nearest_accuracy", accuracy)]);
        if arguments.json {
            print(json_text(&scores)?)?;
        } else {
            print(format!("accuracy of the {k} nearest labelled sequences: {accuracy:.4}"))?;
        }
        return Ok(());
    }
    let dataset = match &arguments.data {
        // What measures itself needs no labels, and strange ones would be an error.
        Some(input) => prepare_input(&run, input, run.targets() != TargetKind::Unsupervised)?,
        None => {
            let data = run.data()?;
            match arguments.split.as_str() {
                "train" => Dataset::clone(&data.train),
                "valid" => data.valid.clone(),
                _ => data.test.clone(),
            }
        }
    };
    let mut evaluation = run.evaluate(&dataset);
    if let Some(confidence) = arguments.abstain {
        check_says_classes(&run)?;
        let outputs = run.outputs_until(&dataset, &|| false);
        evaluation.scores.extend(run.class_predictions(&outputs, &dataset).selective(confidence));
    }
    if let Some(input) = &arguments.out_of_class {
        let others = prepare_input(&run, input, false)?;
        evaluation.scores.extend(told_apart(&run, &dataset, &others)?);
    }
    if evaluation.scores.is_empty() {
        return Err(Error::input(
            format!("{}: no sequence has a target to score against", dataset.name),
            match run.processor().layout().and_then(|layout| layout.target_name()) {
                Some(target) => {
                    format!("in training the labels stood in the column `{target}`, which it lacks or leaves empty")
                }
                None => "name the column of the labels in the config with `data.target`".into(),
            },
        ));
    }
    if let Some((name, _)) = evaluation.scores.iter().find(|(_, score)| !score.is_finite()) {
        return Err(Error::runtime(
            format!("{}: `{name}` is not a finite number", dataset.name),
            "`predict` names the first row for which the model gives none",
        ));
    }
    if arguments.details {
        print(json_text(&evaluation)?)
    } else if arguments.json {
        print(json_text(&evaluation.scores)?)
    } else {
        let examples = examples(&run, &dataset);
        print(format!("{} sequences of {}\n{}{examples}", dataset.len(), dataset.name, text(&evaluation)))
    }
}
