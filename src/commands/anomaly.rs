//! `semiseq anomaly`.

use std::path::PathBuf;

use semiseq::analysis::area_under_roc;
use semiseq::datasets::shown;
use semiseq::prelude::*;
use serde::Serialize;

use super::{
    cell, check_ending, check_finite, json_text, labels_of, open_run, prepare_input, print, tell, tell_formulas,
    write_output,
};

/// Arguments of `anomaly`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder; its last stage is an autoencoder or a VAE
    run: PathBuf,
    /// A file or folder in any supported format; `-` reads JSON lines from standard input
    input: String,
    /// The class that is normal, where INPUT has labels: all others are anomalies
    #[arg(long)]
    normal: Option<String>,
    /// Where the scores go, as CSV; default: standard output
    #[arg(long)]
    output: Option<PathBuf>,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
    /// Print one JSON object and nothing else
    #[arg(long, requires = "output")]
    json: bool,
}

/// What is printed beside the scores.
#[derive(Serialize)]
struct Found {
    sequences: usize,
    mean: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auroc: Option<f64>,
}

/// Scores sequences by how badly they are rebuilt.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["csv"])?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    let (names, mut labels) = labels_of(&run, &arguments.input)?;
    let scores = run.reconstruction_errors(&prepare_input(&run, &arguments.input, false)?)?;
    check_finite(scores.iter().map(std::slice::from_ref))?;
    labels.resize(scores.len(), None);
    let auroc = match &arguments.normal {
        None => None,
        Some(normal) => {
            let class = names.iter().position(|name| name == normal).ok_or_else(|| {
                let known: Vec<String> = names.iter().take(20).map(|name| shown(name)).collect();
                let known = if names.is_empty() { "it has no labels".into() } else { known.join(", ") };
                Error::input(
                    format!("{} has no class `{normal}`", arguments.input),
                    format!("classes of the input: {known}"),
                )
            })?;
            let known = scores.iter().zip(&labels).filter_map(|(score, label)| Some((*score, (*label)? != class)));
            let (scores, anomalous): (Vec<f64>, Vec<bool>) = known.unzip();
            area_under_roc(&scores, &anomalous)
        }
    };
    let mut text = String::from("index,score,label\n");
    for (index, (score, label)) in scores.iter().zip(&labels).enumerate() {
        text.push_str(&format!("{index},{score},{}\n", label.map_or(String::new(), |label| cell(&names[label]))));
    }
    write_output(arguments.output.as_deref(), text.as_bytes())?;
    tell_formulas(names.iter().map(String::as_str));
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let found = Found { sequences: scores.len(), mean, auroc };
    if arguments.json {
        print(json_text(&found)?)?;
        return Ok(());
    }
    tell(format!("{} sequences, mean score {mean:.4}", found.sequences));
    if let Some(auroc) = auroc {
        tell(format!("AUROC {auroc:.4}, `{}` being normal", arguments.normal.as_deref().unwrap_or_default()));
    }
    Ok(())
}
