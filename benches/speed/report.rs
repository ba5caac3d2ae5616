//! The figures as a table for people and as rows for programs.

use std::fmt::Write;

use crate::case::{CELLS, Case};
use crate::data;
use crate::served;
use crate::steps::{self, Shares};

pub struct Row {
    pub case: Case,
    pub side: String,
    /// Median.
    pub seconds: f64,
    /// Operations a second of the machine's matrix product, timed in turn with the sides; median.
    pub limit: f64,
    /// The same of PyTorch, where it takes part.
    pub torch_limit: Option<f64>,
    /// Seconds that the machine needs at least, where that is more than the product's rate says.
    pub least: Option<f64>,
    pub peak_bytes: Option<u64>,
}

/// A line a case: our time and rate, and the other sides' times as multiples of ours.
pub fn markdown(rows: &[Row], steps: &[steps::Row], about: &str) -> String {
    let threads = rayon::current_num_threads();
    let mut text = format!(
        "{threads} threads; {about}. Medians, all sides in turn. A peer's column is its time over ours: above 1, we \
         are faster. Memory is the growth of the process' peak.\n"
    );
    if !rows.is_empty() {
        text.push_str(&limits(rows));
        text.push_str(&layers(rows));
    }
    if !steps.is_empty() {
        text.push_str(&whole_steps(steps));
    }
    text
}

/// What the machine's matrix products reached beside the cases.
fn limits(rows: &[Row]) -> String {
    let line = |name: &str, rates: Vec<f64>| {
        let (least, most) = rates.iter().fold((f64::INFINITY, 0.0f64), |(a, b), rate| (a.min(*rate), b.max(*rate)));
        let median = steps::median(rates).unwrap_or(f64::NAN);
        format!("SGEMM of {name}, in turn with each case's sides: {median:.0} GFLOP/s, {least:.0} to {most:.0}.\n")
    };
    let of = |rate: fn(&Row) -> Option<f64>| rows.iter().filter_map(rate).map(|rate| rate * 1e-9).collect::<Vec<_>>();
    let mut text = line("Burn's flex backend", of(|row| Some(row.limit)));
    let torch = of(|row| row.torch_limit);
    if !torch.is_empty() {
        text.push_str(&line("PyTorch", torch));
    }
    text
}

fn layers(rows: &[Row]) -> String {
    let peers = peers(rows);
    let mut text = String::from(
        "\n| cell | batch, time, input, hidden | directions | pass | semiseq ms | of SGEMM | semiseq MB |",
    );
    for peer in &peers {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, " {peer} × | {peer} MB |");
    }
    text.push_str("\n|---|---|---|---|---|---|---|");
    text.push_str(&"---|---|".repeat(peers.len()));
    text.push('\n');
    for ours in rows.iter().filter(|row| row.side == "semiseq") {
        let case = ours.case;
        let directions = if case.bidirectional { 2 } else { 1 };
        let share = |seconds: f64| format!("{:.0} %", 100.0 * case.operations() / seconds / ours.limit);
        let most = ours.least.map_or_else(String::new, |least| format!(" of {}", share(least)));
        let share = share(ours.seconds);
        let _ = write!(
            text,
            "| {} | {:?} | {directions} | {} | {:.2} | {share}{most} | {} |",
            case.cell,
            case.shape,
            case.pass(),
            ours.seconds * 1e3,
            megabytes(ours)
        );
        for peer in &peers {
            match rows.iter().find(|row| row.case == case && row.side == *peer) {
                Some(row) => {
                    let _ = write!(text, " {:.2} | {} |", row.seconds / ours.seconds, megabytes(row));
                }
                None => text.push_str(" | |"),
            }
        }
        text.push('\n');
    }
    text.push_str(&means(rows, &peers));
    text
}

/// A line a config and stage.
fn whole_steps(steps: &[steps::Row]) -> String {
    let mut text = String::from(
        "\nWhole training steps:\n\n| config | stage | objective | semiseq ms | recurrence | vocabulary | rest | torch \
         × |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for ours in steps.iter().filter(|row| row.side == "semiseq") {
        let peer = steps.iter().find(|row| (row.config, row.stage) == (ours.config, ours.stage) && row.side == "torch");
        let ratio = peer.map_or_else(|| "–".into(), |peer| format!("{:.2}", peer.seconds / ours.seconds));
        let ms = ours.seconds * 1e3;
        let shares = ours.shares.map_or([None; 3], |Shares { recurrence, vocabulary }| {
            [recurrence, vocabulary, 1.0 - recurrence - vocabulary].map(Some)
        });
        let [recurrence, vocabulary, rest] =
            shares.map(|share| share.map_or_else(|| "–".into(), |share| format!("{:.0} %", 100.0 * share)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {ms:.2} | {recurrence} | {vocabulary} | {rest} | {ratio} |",
            ours.config, ours.stage, ours.objective
        );
    }
    text
}

/// Geometric means over the shapes, a line for each cell and pass.
fn means(rows: &[Row], peers: &[String]) -> String {
    let mut text =
        String::from("\nGeometric means over the shapes, and the worst shape:\n\n| cell | directions | pass |");
    for peer in peers {
        let _ = write!(text, " {peer} × | worst |");
    }
    text.push_str("\n|---|---|---|");
    text.push_str(&"---|---|".repeat(peers.len()));
    text.push('\n');
    for cell in CELLS {
        for (bidirectional, train) in [(false, false), (false, true), (true, false), (true, true)] {
            let of = |side: &str| -> Vec<&Row> {
                let wanted = |row: &&Row| {
                    let case = row.case;
                    row.side == side && case.cell == cell && case.bidirectional == bidirectional && case.train == train
                };
                rows.iter().filter(wanted).collect()
            };
            let ours = of("semiseq");
            if ours.is_empty() {
                continue;
            }
            let directions = if bidirectional { 2 } else { 1 };
            let _ = write!(text, "| {cell} | {directions} | {} |", ours[0].case.pass());
            for peer in peers {
                let ratios: Vec<f64> =
                    of(peer).iter().zip(&ours).map(|(peer, ours)| peer.seconds / ours.seconds).collect();
                if ratios.is_empty() {
                    text.push_str(" – | – |");
                    continue;
                }
                let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
                let worst = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                let _ = write!(text, " {mean:.2} | {worst:.2} |");
            }
            text.push('\n');
        }
    }
    text
}

fn peers(rows: &[Row]) -> Vec<String> {
    let mut peers: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| row.side != "semiseq") {
        if !peers.contains(&row.side) {
            peers.push(row.side.clone());
        }
    }
    peers
}

fn megabytes(row: &Row) -> String {
    row.peak_bytes.map_or_else(|| "–".into(), |bytes| format!("{:.1}", bytes as f64 / 1e6))
}

/// SPEC's rows.
pub fn json(rows: &[Row], steps: &[steps::Row], served: &[served::Row], data: &[data::Row]) -> String {
    let threads = rayon::current_num_threads();
    let row = |row: &Row| {
        let memory = row.peak_bytes.map_or_else(String::new, |bytes| format!(", \"peak_bytes\": {bytes}"));
        format!(
            "{{\"cell\": \"{}\", \"shape\": {:?}, \"bidirectional\": {}, \"pass\": \"{}\", \"side\": \"{}\", \
             \"threads\": {threads}, \"median_seconds\": {:e}{memory}}}",
            row.case.cell,
            row.case.shape,
            row.case.bidirectional,
            row.case.pass(),
            row.side,
            row.seconds
        )
    };
    let step = |row: &steps::Row| {
        format!(
            "{{\"config\": \"{}\", \"stage\": {}, \"objective\": \"{}\", \"pass\": \"step\", \"side\": \"{}\", \
             \"threads\": {threads}, \"median_seconds\": {:e}}}",
            row.config, row.stage, row.objective, row.side, row.seconds
        )
    };
    let of_runs = steps.iter().map(step).chain(served.iter().map(served::json));
    let all: Vec<String> = rows.iter().map(row).chain(of_runs).chain(data.iter().map(data::json)).collect();
    format!("[\n{}\n]\n", all.join(",\n"))
}
