//! Times the recurrent operations beside Burn's own modules, the two sides in turn, and prints medians.
//!
//! `cargo xtask bench [--out DIR] [--filter TEXT]`; `DIR` gets `bench.md` and `bench.json`.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use burn::nn::gru::GruConfig;
use burn::nn::{Initializer, LstmConfig};
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{Direction, GruReset, Weights, compiled, device, gru, lstm};

/// `[batch, time, input, hidden]`
const SHAPES: [[usize; 4]; 2] = [[32, 100, 64, 128], [32, 28, 28, 50]];
const ROUNDS: usize = 7;

struct Row {
    cell: &'static str,
    shape: [usize; 4],
    pass: &'static str,
    side: String,
    seconds: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|place| arguments.get(place + 1)).cloned()
    };
    let filter = value("--filter").unwrap_or_default();
    let mut rows = Vec::new();
    for backend in compiled() {
        let Ok(plain) = device(backend, 0) else { continue };
        for cell in ["lstm", "gru"].into_iter().filter(|cell| cell.contains(&filter)) {
            for shape in SHAPES {
                for pass in ["forward", "train"] {
                    let device = if pass == "train" { plain.clone().autodiff() } else { plain.clone() };
                    let (ours, burns) = measure(cell, shape, pass == "train", &device);
                    rows.push(Row { cell, shape, pass, side: format!("semiseq-{backend}"), seconds: ours });
                    rows.push(Row { cell, shape, pass, side: format!("burn-{backend}"), seconds: burns });
                }
            }
        }
    }
    let table = markdown(&rows);
    println!("{table}");
    if let Some(folder) = value("--out").map(PathBuf::from) {
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("bench.md"), &table))
            .and_then(|()| std::fs::write(folder.join("bench.json"), json(&rows)));
        if let Err(error) = written {
            eprintln!("error: {}: {error}", folder.display());
            std::process::exit(1);
        }
    }
}

/// Median seconds of both sides, taken in turn after a warm-up.
fn measure(cell: &str, shape: [usize; 4], train: bool, device: &Device) -> (f64, f64) {
    let [batch, time, input, hidden] = shape;
    let data = Tensor::<3>::random([batch, time, input], Distribution::Normal(0.0, 1.0), device);
    let gates = if cell == "lstm" { 4 } else { 3 };
    let draw = |rows: usize, columns: usize| {
        let weight = Tensor::<2>::random([rows, columns], Distribution::Uniform(-0.1, 0.1), device);
        if train { weight.require_grad() } else { weight }
    };
    let bias = || {
        let bias = Tensor::<1>::zeros([gates * hidden], device);
        if train { bias.require_grad() } else { bias }
    };
    let weights = Weights {
        input: draw(gates * hidden, input),
        recurrent: draw(gates * hidden, hidden),
        input_bias: bias(),
        recurrent_bias: bias(),
    };
    let initializer = Initializer::Uniform { min: -0.1, max: 0.1 };
    let burn_lstm = LstmConfig::new(input, hidden, true).with_initializer(initializer.clone()).init(device);
    let burn_gru = GruConfig::new(input, hidden, true).with_initializer(initializer).init(device);
    let finish = |output: Tensor<3>| {
        let sum = output.sum();
        if train {
            drop(sum.backward());
        } else {
            drop(sum.into_data());
        }
    };
    let ours = || {
        finish(match cell {
            "lstm" => lstm(data.clone(), None, None, weights.clone(), Direction::Forward).0,
            _ => gru(data.clone(), None, None, weights.clone(), GruReset::After, Direction::Forward).0,
        });
    };
    let burns = || {
        finish(match cell {
            "lstm" => burn_lstm.forward(data.clone(), None).0,
            _ => burn_gru.forward(data.clone(), None),
        });
    };
    let seconds = |side: &dyn Fn()| {
        let began = Instant::now();
        side();
        began.elapsed().as_secs_f64()
    };
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let taken = [seconds(&ours), seconds(&burns)];
        if round > 0 {
            times[0].push(taken[0]);
            times[1].push(taken[1]);
        }
    }
    let [ours, burns] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    (ours, burns)
}

fn markdown(rows: &[Row]) -> String {
    let mut text =
        String::from("| cell | batch, time, input, hidden | pass | side | median ms |\n|---|---|---|---|---|\n");
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:?} | {} | {} | {:.2} |",
            row.cell,
            row.shape,
            row.pass,
            row.side,
            row.seconds * 1e3
        );
    }
    text
}

fn json(rows: &[Row]) -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{{\"cell\": \"{}\", \"shape\": {:?}, \"bidirectional\": false, \"pass\": \"{}\", \"side\": \"{}\", \"threads\": {threads}, \"median_seconds\": {:e}}}",
                row.cell, row.shape, row.pass, row.side, row.seconds
            )
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}
