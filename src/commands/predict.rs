//! `semiseq predict`.

use std::fmt::Write;
use std::path::PathBuf;

use semiseq::prelude::*;
use semiseq::training::learner::evaluate::Outputs;
use semiseq::training::metrics::argmax;
use serde_json::{Map, Value, json};

use super::{cell, open_run, prepare_input, write_output};

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
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
}

/// Predicts.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    let dataset = prepare_input(&run, &arguments.input, false)?;
    let outputs = run.predict(&dataset);
    let classes = run.processor().classes();
    let json_lines =
        arguments.output.as_ref().is_some_and(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let text = if json_lines { as_json_lines(&outputs, classes) } else { as_csv(&outputs, classes) };
    write_output(arguments.output.as_deref(), text.as_bytes())
}

fn name(classes: &[String], class: usize) -> String {
    classes.get(class).cloned().unwrap_or_else(|| class.to_string())
}

fn as_csv(outputs: &Outputs, classes: &[String]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    match outputs {
        Outputs::Numbers(numbers) => {
            text.push_str("index,prediction\n");
            for (index, number) in numbers.iter().enumerate() {
                let _ = writeln!(text, "{index},{number}");
            }
        }
        Outputs::Classes(rows) => {
            let _ = writeln!(text, "index,prediction,{}", probability_names(classes));
            for (index, row) in rows.iter().enumerate() {
                let _ = writeln!(text, "{index},{},{}", cell(&name(classes, argmax(row))), numbers(row));
            }
        }
        Outputs::Steps(sequences) => {
            let _ = writeln!(text, "index,step,prediction,{}", probability_names(classes));
            for (index, rows) in sequences.iter().enumerate() {
                for (step, row) in rows.iter().enumerate() {
                    let _ = writeln!(text, "{index},{step},{},{}", cell(&name(classes, argmax(row))), numbers(row));
                }
            }
        }
    }
    text
}

fn probability_names(classes: &[String]) -> String {
    classes.iter().map(|class| cell(&format!("p_{class}"))).collect::<Vec<_>>().join(",")
}

fn numbers(row: &[f64]) -> String {
    row.iter().map(|value| format!("{value:.6}")).collect::<Vec<_>>().join(",")
}

fn as_json_lines(outputs: &Outputs, classes: &[String]) -> String {
    let probabilities = |row: &[f64]| {
        row.iter()
            .enumerate()
            .map(|(class, value)| (name(classes, class), json!(value)))
            .collect::<Map<String, Value>>()
    };
    let one = |row: &Vec<f64>| json!({"prediction": name(classes, argmax(row)), "probabilities": probabilities(row)});
    let lines: Vec<Value> = match outputs {
        Outputs::Numbers(numbers) => numbers.iter().map(|number| json!({"prediction": number})).collect(),
        Outputs::Classes(rows) => rows.iter().map(one).collect(),
        Outputs::Steps(sequences) => {
            sequences.iter().map(|rows| json!({"steps": rows.iter().map(one).collect::<Vec<_>>()})).collect()
        }
    };
    lines.iter().map(|line| format!("{line}\n")).collect()
}
