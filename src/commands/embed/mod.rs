//! `semiseq embed`.

mod states;

use std::path::{Path, PathBuf};

use semiseq::prelude::*;

use super::{check_finite, labels_of, open_run, prepare_input, tell, write_output};

/// Arguments of `embed`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// A file or folder in any supported format; `-` reads JSON lines from standard input
    input: String,
    /// Where to write: `.npy` (float32, a row per sequence) or `.csv`
    #[arg(long, required_unless_present = "states")]
    output: Option<PathBuf>,
    /// A folder for the hidden state over time: its principal components and change points as tables (`states.csv`,
    /// `changes.csv`) and as a picture (`trajectories.svg`)
    #[arg(long, value_name = "FOLDER")]
    states: Option<PathBuf>,
    /// With `--states`: what a change point has to be worth, above 0; more finds fewer
    #[arg(long, default_value_t = states::PENALTY, requires = "states")]
    penalty: f64,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
}

/// Embeds.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let output = arguments.output.as_deref();
    let ending = output.map(check_output).transpose()?;
    states::check_penalty(arguments.penalty)?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    // Standard input can be read but once, for the sequences.
    let (names, labels) =
        if arguments.states.is_some() { labels_of(&run, &arguments.input)? } else { (Vec::new(), Vec::new()) };
    let data = prepare_input(&run, &arguments.input, false)?;
    if let (Some(output), Some(ending)) = (output, ending) {
        let vectors = run.embed(&data);
        check_finite(vectors.iter().map(Vec::as_slice))?;
        let width = vectors.first().map_or(0, Vec::len);
        let bytes = if ending == "npy" { npy(&vectors, width) } else { csv(&vectors, width).into_bytes() };
        write_output(Some(output), &bytes)?;
        tell(format!("{} vectors of {width} values in {}", vectors.len(), output.display()));
    }
    match &arguments.states {
        Some(folder) => states::write(&run, &data, (&names, labels), arguments.penalty, folder),
        None => Ok(()),
    }
}

/// The ending of a name, where it is one that is written.
fn check_output(output: &Path) -> Result<String, Error> {
    let ending = output.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    if ["npy", "csv"].contains(&ending.as_str()) {
        return Ok(ending);
    }
    Err(Error::input(
        format!("{}: the name must end in `.npy` or `.csv`", output.display()),
        "for example `--output vectors.npy`",
    ))
}

/// NumPy's format, version 1.0.
fn npy(vectors: &[Vec<f64>], width: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}", vectors.len());
    // Magic, version, length and header fill a multiple of 64 bytes and end in a line break.
    let padding = 64 - (10 + header.len() + 1) % 64;
    header.push_str(&" ".repeat(padding % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(vectors.iter().flatten().flat_map(|value| (*value as f32).to_le_bytes()));
    bytes
}

fn csv(vectors: &[Vec<f64>], width: usize) -> String {
    let names: Vec<String> = (0..width).map(|column| format!("v{column}")).collect();
    let rows = vectors
        .iter()
        .map(|vector| vector.iter().map(|value| format!("{}", *value as f32)).collect::<Vec<_>>().join(","));
    std::iter::once(names.join(",")).chain(rows).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_npy_ends_on_a_multiple_of_64() {
        let bytes = npy(&[vec![1.0, 2.0]], 2);
        let header = u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
        assert_eq!((10 + header) % 64, 0);
        assert_eq!(bytes[10 + header..], [1.0f32.to_le_bytes(), 2.0f32.to_le_bytes()].concat());
    }
}
