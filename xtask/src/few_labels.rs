//! `cargo xtask few-labels TASKS`: what a user gets from `semiseq new` and `semiseq train`, without an edit, on tasks
//! with few labels; beside the references that each run computes on the same labels.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cargo;

/// Arguments of `few-labels`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A folder of tasks: `TASK/SEED/labeled.EXT`, `unlabeled.EXT` and `test.EXT`, with `EXT` csv or ts, or folders of
    /// recordings without one
    tasks: PathBuf,
    /// Tasks whose name holds one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A file of word vectors, for the texts
    #[arg(long)]
    vectors: Option<PathBuf>,
    /// Where configs and runs go
    #[arg(long, default_value = "runs/few-labels")]
    out: PathBuf,
}

/// What one run came to.
struct Outcome {
    accuracy: f64,
    seconds: f64,
    /// Accuracy by reference.
    references: Vec<(String, f64)>,
}

/// Prints the table as it grows.
pub fn run(arguments: &Arguments) -> u8 {
    let program = match cargo::program("flex") {
        Ok(program) => program,
        Err(status) => return status,
    };
    cargo::print("| task | recipe | best reference | | difference | seconds |\n|---|---|---|---|---|---|");
    let (mut gains, mut failed) = (Vec::new(), false);
    for task in folders(&arguments.tasks) {
        let name = task.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !arguments.only.is_empty() && !arguments.only.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let mut outcomes = Vec::new();
        for folder in folders(&task) {
            let seed = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match one(&program, arguments, &folder, &arguments.out.join(format!("{name}-{seed}"))) {
                Ok(outcome) => outcomes.push(outcome),
                Err(message) => {
                    cargo::tell(&format!("{name}, {seed}: {message}"));
                    failed = true;
                }
            }
        }
        if let Some((row, gain)) = row(&name, &outcomes) {
            cargo::print(&row);
            gains.push(gain);
        }
    }
    if !gains.is_empty() {
        let mean = gains.iter().sum::<f64>() / gains.len() as f64;
        let above = gains.iter().filter(|gain| **gain > 0.0).count();
        let tasks = gains.len();
        cargo::print(&format!("\nabove the best reference on {above} of {tasks} tasks, on average by {mean:+.3}"));
    }
    u8::from(failed)
}

/// A task's line, and how far the recipe lies above the reference that is best over the same seeds.
fn row(name: &str, outcomes: &[Outcome]) -> Option<(String, f64)> {
    let count = outcomes.len() as f64;
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count;
    let accuracies: Vec<f64> = outcomes.iter().map(|outcome| outcome.accuracy).collect();
    let ours = mean(&mut accuracies.iter().copied());
    let deviation = mean(&mut accuracies.iter().map(|accuracy| (accuracy - ours).powi(2))).sqrt();
    let of = |reference: &str| {
        let known =
            |outcome: &Outcome| outcome.references.iter().find(|(name, _)| name == reference).map(|(_, value)| *value);
        mean(&mut outcomes.iter().filter_map(known))
    };
    let names = outcomes.first()?.references.iter().map(|(name, _)| (name, of(name)));
    let (best, theirs) = names.max_by(|left, right| left.1.total_cmp(&right.1))?;
    let seconds = mean(&mut outcomes.iter().map(|outcome| outcome.seconds));
    let row = format!(
        "| {name} | {ours:.3} ± {deviation:.3} | {theirs:.3} | {best} | {:+.3} | {seconds:.0} |",
        ours - theirs
    );
    Some((row, ours - theirs))
}

/// Writes the config of a task and trains it.
fn one(program: &Path, arguments: &Arguments, folder: &Path, out: &Path) -> Result<Outcome, String> {
    let ending = [".csv", ".ts", ""].into_iter().find(|ending| folder.join(format!("labeled{ending}")).exists());
    let ending =
        ending.ok_or_else(|| format!("{} holds no labeled.csv, labeled.ts or folder labeled", folder.display()))?;
    let part = |name: &str| folder.join(format!("{name}{ending}"));
    fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let config = out.join("config.toml");
    let mut new = Command::new(program);
    new.arg("new").arg(part("labeled")).arg("--unlabeled").arg(part("unlabeled")).arg("--test").arg(part("test"));
    if let Some(vectors) = arguments.vectors.as_ref().filter(|_| ending == ".csv") {
        new.arg("--vectors").arg(vectors);
    }
    finish(new.arg("--output").arg(&config))?;
    let run = out.join("run");
    finish(Command::new(program).arg("train").arg(&config).args(["--no-tui", "--force", "--out"]).arg(&run))?;
    let path = run.join("summary.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let summary: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let accuracy = |of: &Value| of["test"]["accuracy"].as_f64();
    let references = summary["references"].as_array().into_iter().flatten();
    Ok(Outcome {
        accuracy: accuracy(&summary).ok_or_else(|| format!("{} has no accuracy", path.display()))?,
        seconds: summary["wall_seconds"].as_f64().unwrap_or_default(),
        references: references.filter_map(|one| Some((one["name"].as_str()?.to_string(), accuracy(one)?))).collect(),
    })
}

/// Runs a command to its end, and gives the end of what it said where it fails.
fn finish(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim_end().to_string()),
    }
}

/// The folders in a folder, by name.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_reference_is_that_of_the_mean() {
        let outcome = |accuracy: f64, first: f64, second: f64| Outcome {
            accuracy,
            seconds: 2.0,
            references: vec![("a".into(), first), ("b".into(), second)],
        };
        // `a` is best of one seed, `b` of both together.
        let (row, gain) = row("t", &[outcome(0.9, 0.95, 0.8), outcome(0.8, 0.5, 0.8)]).unwrap();
        assert_eq!(row, "| t | 0.850 ± 0.050 | 0.800 | b | +0.050 | 2 |");
        assert!((gain - 0.05).abs() < 1e-9);
        assert!(super::row("t", &[]).is_none());
    }
}
