//! Times the recurrent operations beside Burn's own modules and PyTorch, and whole training steps beside PyTorch, all
//! sides in turn, and prints medians. And how long a served model takes, and what reading and preparing data takes a
//! row, in time and memory.
//!
//! `cargo xtask bench [--out DIR] [--filter TEXT] [--torch PYTHON] [--quick]`; `DIR` gets `bench.md` and `bench.json`.

mod case;
mod data;
mod isa;
mod limit;
mod memory;
mod options;
mod report;
mod served;
mod sides;
mod steps;
mod torch;

use std::time::{Duration, Instant};

use case::Case;
use clap::Parser;
use options::Options;
use report::Row;
use semiseq_kernels::Backend;
use sides::Side;
use torch::Torch;

/// Rounds of a case at most, and at least where one round is slow.
const ROUNDS: (usize, usize) = (3, 15);
/// Before each side's turn: the threads of the side before spin for a while when they have nothing to do.
const PAUSE: Duration = Duration::from_millis(30);
/// A turn is as many passes as this takes, two at least, and the last one counts: as in training, where one step
/// follows the other and no thread has to be woken first.
const TURN: Duration = Duration::from_millis(40);
/// After this long a case takes no more rounds than it needs.
const ENOUGH: Duration = Duration::from_secs(4);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(request) = memory::requested(&arguments) {
        memory::run(&request);
        return;
    }
    if data::run_if_requested(&arguments) {
        return;
    }
    let options = Options::parse_from(arguments);
    if let Some(name) = options.isa.as_deref().filter(|_| !isa::is_narrowed()) {
        std::process::exit(isa::run_narrowed(name).unwrap_or_else(|error| fail(&error)));
    }
    let open = |backend: Backend| backend.device(0).unwrap_or_else(|error| fail(&format!("{error}; {}", error.hint)));
    let device = open(options.backend.unwrap_or(Backend::Flex));
    let mut torch = options.torch.as_deref().map(|python| match Torch::start(python, options.on_gpu()) {
        Ok(torch) => torch,
        Err(error) => fail(&format!("--torch {python}: {error}; name a Python interpreter that has PyTorch")),
    });
    let product = limit::product(if options.on_gpu() { device.clone() } else { open(Backend::Flex) });
    let mut rows = Vec::new();
    for case in case::all().into_iter().filter(|case| case.to_string().contains(&options.filter)) {
        eprintln!("{case}");
        // As one of the pool's threads, as a run works.
        rows.extend(rayon::scope(|_| measure(case, &options, &product, torch.as_mut())));
    }
    let peer = torch.as_ref().map_or_else(|| "PyTorch: not asked for (`--torch PYTHON`)".into(), Torch::about);
    let about = format!("{}; {peer}", isa::used().unwrap_or_else(|error| fail(&error)));
    let steps = steps::measure(&options, &device, torch.as_mut()).unwrap_or_else(|error| fail(&error));
    let served = match options.on_gpu() {
        false => served::measure(&options, &device, torch.as_mut()).unwrap_or_else(|error| fail(&error)),
        // The files are for other programs' CPU sides.
        true => Vec::new(),
    };
    let data = match options.backend {
        None => data::measure(&options).unwrap_or_else(|error| fail(&error)),
        // No part of it is the backend's.
        Some(_) => Vec::new(),
    };
    let mut table = report::markdown(&rows, &steps, &about);
    if !served.is_empty() {
        table.push_str(&served::markdown(&served));
    }
    if !data.is_empty() {
        table.push_str(&data::markdown(&data));
    }
    println!("{table}");
    if let Some(folder) = &options.out {
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join("bench.md"), &table))
            .and_then(|()| std::fs::write(folder.join("bench.json"), report::json(&rows, &steps, &served, &data)));
        if let Err(error) = written {
            fail(&format!("{}: {error}", folder.display()));
        }
    }
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}");
    std::process::exit(1);
}

/// Seconds of the last pass of a turn.
fn turn(mut pass: impl FnMut() -> f64) -> f64 {
    std::thread::sleep(PAUSE);
    let began = Instant::now();
    pass();
    loop {
        let taken = pass();
        if began.elapsed() > TURN {
            return taken;
        }
    }
}

/// Medians of all sides and of the machine's limit, taken in turn after a round to warm up.
fn measure(
    case: Case,
    options: &Options,
    product: &(dyn Fn() -> f64 + Sync),
    mut torch: Option<&mut Torch>,
) -> Vec<Row> {
    let sides = Side::of(case, options);
    torch = torch.filter(|_| case.has_peers());
    let sides: Vec<(Side, Box<dyn Fn()>)> = sides.into_iter().map(|side| (side, sides::runner(side, case))).collect();
    let mut seconds: Vec<Vec<f64>> = vec![Vec::new(); sides.len() + 3];
    // With one row per step, which is what a CPU then waits for.
    let streams = case.shape[0] == 1 && !options.on_gpu();
    let mut sweeps = Vec::new();
    let began = Instant::now();
    for round in 0.. {
        let most = if options.quick { ROUNDS.0 } else { ROUNDS.1 };
        if round > most || (round > ROUNDS.0 && began.elapsed() > ENOUGH) {
            break;
        }
        let mut keep = |side: usize, taken: f64| {
            if round > 0 {
                seconds[side].push(taken);
            }
        };
        for (index, (_, run)) in sides.iter().enumerate() {
            let taken = turn(|| {
                let began = Instant::now();
                run();
                began.elapsed().as_secs_f64()
            });
            keep(index, taken);
        }
        if let Some(torch) = torch.as_deref_mut() {
            let pass = || torch.run(case).unwrap_or_else(|error| fail(&format!("PyTorch: {error}")));
            keep(sides.len(), turn(pass));
            let pass = || torch.product(limit::SIZE).unwrap_or_else(|error| fail(&format!("PyTorch: {error}")));
            keep(sides.len() + 2, turn(pass));
        }
        keep(sides.len() + 1, turn(product));
        if streams {
            sweeps.push(turn(|| limit::sweep(case)));
        }
    }
    let torch_limit = seconds.pop().and_then(steps::median).map(limit::rate);
    let limit = limit::rate(seconds.pop().and_then(steps::median).unwrap_or(f64::NAN));
    let least = steps::median(sweeps).map(|sweep| limit::least(case, sweep, limit));
    let names = sides.iter().map(|(side, _)| side.to_string()).chain(torch.is_some().then(|| "torch".to_string()));
    let row = |(side, seconds): (String, Vec<f64>)| {
        let peak_bytes = options.memory().then(|| memory::of(&side, case, torch.as_deref())).flatten();
        Row { case, side, seconds: steps::median(seconds).unwrap_or(f64::NAN), limit, torch_limit, least, peak_bytes }
    };
    names.zip(seconds).map(row).collect()
}
