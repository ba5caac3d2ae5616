//! Reading and preparing data, into memory and into packed files: seconds and memory a row. Each in a process of its
//! own, whose growth to its peak is the memory (Linux only).

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use semiseq::datasets::{DataConfig, LabelsConfig, Packed, TargetKind, prepare};

use crate::memory::grown;
use crate::options::Options;

/// Rows of a table of series of so many steps, and of one of short texts: some 20 MB each.
const SERIES: (usize, usize) = (20_000, 128);
const TEXTS: usize = 250_000;
const SIDES: [&str; 2] = ["memory", "packed"];

pub struct Row {
    data: &'static str,
    side: &'static str,
    rows: usize,
    /// Of the source.
    source_bytes: u64,
    seconds: f64,
    peak_bytes: Option<u64>,
}

/// Data and a side, asked for by `--data FILE SIDE`: prints the seconds, and the bytes by which the peak grew.
pub fn run_if_requested(arguments: &[String]) -> bool {
    let Some(place) = arguments.iter().position(|argument| argument == "--data") else { return false };
    let [source, side] = &arguments[place + 1..] else { return false };
    let packed = match side.as_str() {
        "packed" => Packed::In(Path::new(source).with_extension("packed")),
        _ => Packed::No,
    };
    let labels = LabelsConfig { per_class: Some(20), ..LabelsConfig::default() };
    let config = DataConfig { source: source.clone(), packed: Some(packed), labels, ..DataConfig::default() };
    let began = Instant::now();
    let mut rows = 0;
    let peak = grown(|| {
        rows = prepare(&config, TargetKind::Classify).map_or(0, |data| data.train.len() + data.test.len());
    });
    println!("{rows} {} {}", began.elapsed().as_secs_f64(), peak.unwrap_or(0));
    true
}

/// Each kind of data on each side.
pub fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (data, make) in [("series", series as fn() -> String), ("texts", texts)] {
        let wanted = |side: &&&str| format!("data {data} {side}").contains(&options.filter);
        let sides: Vec<&&str> = SIDES.iter().filter(wanted).collect();
        if sides.is_empty() {
            continue;
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join(format!("{data}.csv"));
        let text = make();
        std::fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        for side in sides {
            eprintln!("data {data} {side}");
            let program = std::env::current_exe().map_err(|error| error.to_string())?;
            let output = Command::new(program).arg("--data").arg(&path).arg(side).output();
            let said = String::from_utf8_lossy(&output.map_err(|error| error.to_string())?.stdout).into_owned();
            let said: Vec<f64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
            let [count, seconds, peak] = said[..] else { return Err(format!("data {data} {side}: said {said:?}")) };
            let (count, peak) = (count as usize, peak as u64);
            let peak_bytes = Some(peak).filter(|peak| *peak > 0);
            rows.push(Row { data, side, rows: count, source_bytes: text.len() as u64, seconds, peak_bytes });
        }
    }
    Ok(rows)
}

fn series() -> String {
    let (rows, steps) = SERIES;
    let mut text: String = (0..steps).map(|step| format!("t{step},")).collect::<String>() + "label\n";
    for row in 0..rows {
        for step in 0..steps {
            // Writing to a String cannot fail, here and below.
            let _ = write!(text, "{:.4},", ((row * 31 + step * 17) % 1009) as f64 / 97.0);
        }
        let _ = writeln!(text, "c{}", row % 3);
    }
    text
}

fn texts() -> String {
    let mut text = String::from("text,label\n");
    for row in 0..TEXTS {
        for word in 0..5 + row % 11 {
            let _ = write!(text, "w{} ", (row * 7 + word * word * 13) % 4001);
        }
        let _ = writeln!(text, "end,{}", ["good", "bad"][row % 2]);
    }
    text
}

/// A line per kind and side.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "\n| data | rows | bytes per row of the source | into | µs a row | bytes per row at the peak |\n\
         |---|---|---|---|---|---|\n",
    );
    for Row { data, side, rows, source_bytes, seconds, peak_bytes } in rows {
        let each = |bytes: u64| format!("{:.0}", bytes as f64 / *rows as f64);
        let peak = peak_bytes.map_or_else(|| "–".into(), each);
        let _ = writeln!(
            text,
            "| {data} | {rows} | {} | {side} | {:.2} | {peak} |",
            each(*source_bytes),
            1e6 * seconds / *rows as f64
        );
    }
    text
}

/// An object a row.
pub fn json(row: &Row) -> String {
    let Row { data, side, rows, source_bytes, seconds, peak_bytes } = row;
    let memory = peak_bytes.map_or_else(String::new, |bytes| format!(", \"peak_bytes\": {bytes}"));
    format!(
        "{{\"data\": \"{data}\", \"pass\": \"prepare\", \"side\": \"{side}\", \"rows\": {rows}, \"source_bytes\": \
         {source_bytes}, \"median_seconds\": {seconds:e}{memory}}}"
    )
}
