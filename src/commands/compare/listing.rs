//! The cells of a grid one by one, for people and for schedulers.

use std::path::Path;

use semiseq::prelude::*;
use serde::Serialize;

use super::super::{json_text, print};
use super::grid::Plan;
use super::{Arguments, table};

#[derive(Serialize)]
struct Listing<'a> {
    grid: &'a Path,
    folder: &'a Path,
    metric: &'a str,
    cells: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    key: &'a str,
    method: &'a str,
    task: &'a str,
    seed: u64,
    /// `finished` or `to run`.
    state: &'static str,
    /// Of the test part, where the cell is finished and has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

/// Prints the cells of a part.
pub fn print_cells(arguments: &Arguments, plan: &Plan, part: &[usize], folder: &Path) -> Result<(), Error> {
    let metric = plan.grid.metric.as_str();
    let listed = |place: &usize| {
        let cell = &plan.cells[*place];
        let summary = cell.run.finished(&folder.join("cells"));
        Listed {
            key: &cell.run.key,
            method: &plan.grid.methods[cell.method].name,
            task: &plan.tasks[cell.task].name,
            seed: cell.seed,
            state: if summary.is_some() { "finished" } else { "to run" },
            score: summary.and_then(|summary| table::score(&summary, metric)),
        }
    };
    let cells: Vec<Listed<'_>> = part.iter().map(listed).collect();
    if arguments.json {
        return print(json_text(&Listing { grid: &arguments.grid, folder, metric, cells })?);
    }
    let line = |cell: &Listed<'_>| {
        let Listed { key, method, task, seed, state, score } = cell;
        let score = score.map_or(String::new(), |score| format!(" | {metric} {score:.4}"));
        format!("{key} {state:<8} {method} | {task} | seed {seed}{score}")
    };
    print(cells.iter().map(line).collect::<Vec<_>>().join("\n"))
}
