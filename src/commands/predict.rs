//! `semiseq predict`.

use std::fmt::Write;
use std::path::PathBuf;

use semiseq::datasets::{Processor, Task};
use semiseq::prelude::*;
use semiseq::training::learner::evaluate::Outputs;
use semiseq::training::metrics::argmax;
use serde_json::{Map, Value, json};

use super::{cell, check_ending, check_finite, open_run, prepare_input, prepare_latest, tell_formulas, write_output};

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
    check_ending(arguments.output.as_deref(), &["csv", "jsonl"])?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    run.check_predicts()?;
    let dataset = match run.processor().forecast().filter(|_| run.task() == Task::Forecast) {
        Some(forecast) => prepare_latest(&run, &arguments.input, forecast)?,
        None => prepare_input(&run, &arguments.input, false)?,
    };
    let outputs = run.predict(&dataset)?;
    check_outputs(&outputs)?;
    let json_lines = arguments
        .output
        .as_ref()
        .is_some_and(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl")));
    let text = if json_lines { as_json_lines(&outputs, run.processor()) } else { as_csv(&outputs, run.processor()) };
    write_output(arguments.output.as_deref(), text.as_bytes())?;
    if !json_lines {
        let answers: Vec<String> = match &outputs {
            Outputs::Answers(rows) => rows.iter().map(|tokens| run.processor().target_text(tokens)).collect(),
            _ => run.processor().classes().to_vec(),
        };
        tell_formulas(answers.iter().map(String::as_str));
    }
    Ok(())
}

/// See [`check_finite`]; of a tagger the steps of all sequences are counted together.
fn check_outputs(outputs: &Outputs) -> Result<(), Error> {
    match outputs {
        Outputs::Classes(rows) | Outputs::Forecasts(rows) => check_finite(rows.iter().map(Vec::as_slice)),
        Outputs::Steps(sequences) => check_finite(sequences.iter().flatten().map(Vec::as_slice)),
        Outputs::Numbers(numbers) => check_finite(numbers.iter().map(std::slice::from_ref)),
        Outputs::Answers(_) => Ok(()),
    }
}

fn name(classes: &[String], class: usize) -> String {
    classes.get(class).cloned().unwrap_or_else(|| class.to_string())
}

fn as_csv(outputs: &Outputs, processor: &Processor) -> String {
    let classes = processor.classes();
    let columns = processor.forecast().map_or(&[][..], |forecast| &forecast.columns);
    let words = |tokens: &[u32]| processor.target_text(tokens);
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
        Outputs::Answers(rows) => {
            text.push_str("index,prediction\n");
            for (index, tokens) in rows.iter().enumerate() {
                let _ = writeln!(text, "{index},{}", cell(&words(tokens)));
            }
        }
        Outputs::Forecasts(rows) => {
            let names = columns.iter().map(|column| cell(column)).collect::<Vec<_>>().join(",");
            let _ = writeln!(text, "index,step,{names}");
            for (index, row) in rows.iter().enumerate() {
                for (step, values) in row.chunks(columns.len()).enumerate() {
                    let _ = writeln!(text, "{index},{},{}", step + 1, numbers(values));
                }
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

fn as_json_lines(outputs: &Outputs, processor: &Processor) -> String {
    let classes = processor.classes();
    let columns = processor.forecast().map_or(&[][..], |forecast| &forecast.columns);
    let words = |tokens: &[u32]| processor.target_text(tokens);
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
        Outputs::Answers(rows) => rows.iter().map(|tokens| json!({"prediction": words(tokens)})).collect(),
        Outputs::Forecasts(rows) => {
            let steps = |row: &Vec<f64>| row.chunks(columns.len()).map(<[f64]>::to_vec).collect::<Vec<_>>();
            rows.iter().map(|row| json!({"columns": columns, "forecast": steps(row)})).collect()
        }
        Outputs::Steps(sequences) => {
            sequences.iter().map(|rows| json!({"steps": rows.iter().map(one).collect::<Vec<_>>()})).collect()
        }
    };
    lines.iter().map(|line| format!("{line}\n")).collect()
}
