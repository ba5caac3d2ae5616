//! `semiseq generate`.

use std::path::PathBuf;

use semiseq::datasets::shown;
use semiseq::prelude::*;
use semiseq::report::images::{grid, of_one_size, range};
use semiseq::training::Order;

use super::{cell, check_finite, open_run, tell, tell_formulas, write_output};

/// Arguments of `generate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder; its last stage is a VAE, a GAN or a language model
    run: PathBuf,
    /// Samples
    #[arg(long, value_name = "N")]
    n: usize,
    /// Where to write: `.jsonl`, `.csv` (a row a sample), `.txt` for text (a line a sample), or `.png` for
    /// images
    #[arg(long)]
    output: PathBuf,
    /// Samples of one class, where the run learned to make them by class
    #[arg(long)]
    class: Option<String>,
    /// Steps of each sample; otherwise lengths are those of training sequences
    #[arg(long)]
    length: Option<usize>,
    /// For text: below 1 likelier words, above 1 wilder ones
    #[arg(long, default_value_t = 1.0)]
    temperature: f64,
    /// Another seed, other samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
}

/// Generates.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let ending = arguments.output.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    check(arguments, &ending)?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    let class = arguments.class.as_deref().map(|name| class_number(&run, name)).transpose()?;
    let order = Order {
        count: arguments.n,
        length: arguments.length,
        class,
        temperature: arguments.temperature,
        seed: arguments.seed,
    };
    let samples = run.generate(&order)?;
    let values = samples.iter().map(|sample| match sample {
        Sequence::Series(series) => series.values.iter().copied().map(f64::from).collect(),
        _ => Vec::new(),
    });
    let values: Vec<Vec<f64>> = values.collect();
    check_finite(values.iter().map(Vec::as_slice))?;
    if ending == "png" {
        let images = of_one_size(&samples);
        let (low, high) = range(&images);
        let bytes = grid(&images, 1, low, high).ok_or_else(|| {
            Error::input(
                "`.png` holds images: samples of one size with 8 steps and 8 channels or more",
                "write `.jsonl`, which holds values and text",
            )
        })?;
        write_output(Some(&arguments.output), &bytes)?;
        tell(format!("{} samples in {}", arguments.n, arguments.output.display()));
        return Ok(());
    }
    let label = arguments.class.as_deref();
    if ending == "csv" {
        let texts: Vec<String> = samples.iter().filter_map(|sample| run.processor().text(sample)).collect();
        tell_formulas(texts.iter().map(String::as_str).chain(label));
    }
    let lines: Result<Vec<String>, Error> =
        samples.into_iter().map(|sample| line(&run, sample, &ending, label)).collect();
    let mut lines = lines?;
    if ending == "csv" {
        lines.insert(0, header(&run, &lines, label.is_some()));
    }
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    write_output(Some(&arguments.output), text.as_bytes())?;
    tell(format!("{} samples in {}", arguments.n, arguments.output.display()));
    Ok(())
}

fn check(arguments: &Arguments, ending: &str) -> Result<(), Error> {
    if !["jsonl", "csv", "txt", "png"].contains(&ending) {
        return Err(Error::input(
            format!("{}: the name must end in `.jsonl`, `.csv`, `.txt` or `.png`", arguments.output.display()),
            "for example `--output samples.jsonl`",
        ));
    }
    if arguments.n == 0 || arguments.length == Some(0) {
        return Err(Error::input("`--n` and `--length` must be at least 1", "for example `--n 10`"));
    }
    if !(arguments.temperature > 0.0 && arguments.temperature.is_finite()) {
        return Err(Error::input(
            format!("`--temperature` must be above 0, got {}", arguments.temperature),
            "1 draws as the model says, 0.7 is usual for likelier words",
        ));
    }
    Ok(())
}

fn class_number(run: &SavedRun, name: &str) -> Result<usize, Error> {
    if !run.generates_by_class() {
        return Err(Error::input(
            format!("`--class {name}`: this run did not learn to make samples by class"),
            "leave it out, or train `semi-supervised-vae`, or `gan` with `conditional = true`",
        ));
    }
    let classes = run.processor().classes();
    classes.iter().position(|class| class == name).ok_or_else(|| {
        Error::input(
            format!("there is no class `{name}`"),
            format!(
                "classes of the run: {}",
                classes.iter().take(20).map(|class| shown(class)).collect::<Vec<_>>().join(", ")
            ),
        )
    })
}

/// A number with the digits that it has: few where it is one of 32 bits.
fn decimal(value: f64) -> String {
    let single = value as f32;
    if f64::from(single) == value { single.to_string() } else { value.to_string() }
}

/// A sample as a line of the output.
fn line(run: &SavedRun, sample: Sequence, ending: &str, label: Option<&str>) -> Result<String, Error> {
    let wrong = |what: &str| {
        Error::input(format!("`.{ending}` cannot hold {what}"), "write `.jsonl`, which holds values and text")
    };
    match (sample, ending) {
        (Sequence::Series(series), "jsonl") => {
            let values = run.processor().restored(&series);
            let steps: Vec<&[f64]> = values.chunks(series.channels).collect();
            let values = if series.channels == 1 { serde_json::json!(values) } else { serde_json::json!(steps) };
            Ok(object("values", values, label))
        }
        (Sequence::Series(series), "csv") => {
            if series.channels != 1 {
                return Err(wrong(&format!("series of {} channels", series.channels)));
            }
            let values = run.processor().restored(&series);
            let values = values.into_iter().map(decimal).collect::<Vec<_>>().join(",");
            Ok(label.map_or(values.clone(), |label| format!("{},{values}", cell(label))))
        }
        (Sequence::Series(_), _) => Err(wrong("values")),
        (sample, ending) => {
            let text = run.processor().text(&sample).unwrap_or_else(|| numbers(&sample));
            Ok(match ending {
                "jsonl" => object("text", serde_json::json!(text), label),
                "csv" => label.map_or(cell(&text), |label| format!("{},{}", cell(label), cell(&text))),
                _ => text,
            })
        }
    }
}

/// Tokens that the data numbered itself.
fn numbers(sample: &Sequence) -> String {
    match sample {
        Sequence::Tokens(tokens) => tokens.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn object(key: &str, value: serde_json::Value, label: Option<&str>) -> String {
    let mut object = serde_json::Map::from_iter([(key.to_string(), value)]);
    if let Some(label) = label {
        object.insert("label".into(), serde_json::json!(label));
    }
    serde_json::Value::Object(object).to_string()
}

/// Column names: as many as the longest row has values.
fn header(run: &SavedRun, lines: &[String], labelled: bool) -> String {
    let first = if labelled { "label," } else { "" };
    if run.processor().text(&Sequence::Tokens(Vec::new())).is_some() {
        return format!("{first}text");
    }
    let widest = lines.iter().map(|line| line.split(',').count()).max().unwrap_or(0) - usize::from(labelled);
    let names: Vec<String> = (0..widest).map(|column| format!("v{column}")).collect();
    format!("{first}{}", names.join(","))
}
