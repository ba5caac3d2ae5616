//! `embed --states`: how the hidden state of a run moves over the steps of each sequence, and where it changes.

use std::fmt::Write;
use std::path::Path;

use semiseq::analysis::{AnalysisError, change_points, principal_components};
use semiseq::prelude::*;
use semiseq::report::trajectories;
use semiseq::training::files::{make_folder, write_atomic};

use crate::commands::{check_finite, tell};

/// Change points have to explain so many times what chance would; see [`write`].
pub(super) const PENALTY: f64 = 3.0;
/// Principal components that are written, and looked at for change points.
const COMPONENTS: usize = 8;
/// Values of states that are held at most, 800 MB.
const MOST: usize = 100_000_000;

/// That a change point costs something.
pub(super) fn check_penalty(penalty: f64) -> Result<(), Error> {
    if penalty.is_finite() && penalty > 0.0 {
        return Ok(());
    }
    Err(Error::input(format!("`--penalty` must be a number above 0, got {penalty}"), "leave it out to take 3"))
}

/// Writes the principal components of all states, the change points of each sequence, and the picture of both. A
/// change is worth `penalty · ln(steps)` times the mean variance of a sequence's states, as the Bayesian information
/// criterion weighs a further mean (Yao 1988).
pub(super) fn write(
    run: &SavedRun,
    data: &Dataset,
    (names, mut classes): (&[String], Vec<Option<usize>>),
    penalty: f64,
    folder: &Path,
) -> Result<(), Error> {
    let steps: usize = data.sequences.iter().map(Sequence::len).sum();
    if steps.saturating_mul(run.width()) > MOST {
        return Err(Error::input(
            format!("{steps} steps with a state of {} values each are more than fit in memory", run.width()),
            format!("give fewer sequences: {} steps at most", MOST / run.width().max(1)),
        ));
    }
    let states = run.states(data).ok_or_else(|| {
        Error::input(
            "the encoder of this run reads a sequence at once and has no hidden state over time",
            "leave `--states` out; recurrent, convolutional and attention encoders over steps have one",
        )
    })?;
    states.iter().try_for_each(|steps| check_finite(steps.iter().map(Vec::as_slice)))?;
    let wrong = |error: AnalysisError| {
        Error::input(format!("the hidden state over time: {}", error.message), "give more, or longer, sequences")
    };
    let lengths: Vec<usize> = states.iter().map(Vec::len).collect();
    let flat: Vec<Vec<f64>> = states.into_iter().flatten().collect();
    let mut components = principal_components(&flat, COMPONENTS).map_err(wrong)?.into_iter();
    let states: Vec<Vec<Vec<f64>>> = lengths.iter().map(|length| components.by_ref().take(*length).collect()).collect();
    let variance = mean_variance(&states);
    let changes: Vec<Vec<usize>> = states
        .iter()
        .map(|steps| {
            let worth = penalty * variance * (steps.len().max(2) as f64).ln();
            change_points(steps, worth.max(f64::MIN_POSITIVE)).map_err(wrong)
        })
        .collect::<Result<_, _>>()?;

    make_folder(folder)?;
    write_atomic(&folder.join("states.csv"), state_table(&states).as_bytes())?;
    write_atomic(&folder.join("changes.csv"), change_table(&changes).as_bytes())?;
    let pair = |step: &Vec<f64>| [step[0], step.get(1).copied().unwrap_or(0.0)];
    let paths: Vec<Vec<[f64; 2]>> = states.iter().map(|steps| steps.iter().map(pair).collect()).collect();
    classes.resize(paths.len(), None);
    let drawn = trajectories::Trajectories { paths: &paths, changes: &changes, classes: &classes, names };
    trajectories::write(&folder.join("trajectories.svg"), &drawn)?;
    let found: usize = changes.iter().map(Vec::len).sum();
    tell(format!(
        "{found} change points in {} sequences; states.csv, changes.csv, trajectories.svg are in {}",
        paths.len(),
        folder.display()
    ));
    Ok(())
}

/// Mean over all steps of the squared distance to the mean of their own sequence.
fn mean_variance(states: &[Vec<Vec<f64>>]) -> f64 {
    let of = |steps: &Vec<Vec<f64>>| -> f64 {
        let width = steps.first().map_or(0, Vec::len);
        let column = |column: usize| {
            let mean = steps.iter().map(|step| step[column]).sum::<f64>() / steps.len() as f64;
            steps.iter().map(|step| (step[column] - mean).powi(2)).sum::<f64>()
        };
        (0..width).map(column).sum()
    };
    let steps: usize = states.iter().map(Vec::len).sum();
    states.iter().map(of).sum::<f64>() / steps.max(1) as f64
}

/// A row per step of each sequence.
fn state_table(states: &[Vec<Vec<f64>>]) -> String {
    let width = states.iter().flatten().next().map_or(0, Vec::len);
    let names: String = (0..width).map(|column| format!(",pc{}", column + 1)).collect();
    let mut text = format!("index,step{names}\n");
    for (index, steps) in states.iter().enumerate() {
        for (step, values) in steps.iter().enumerate() {
            let _ = write!(text, "{index},{step}");
            values.iter().for_each(|value| {
                let _ = write!(text, ",{}", *value as f32);
            });
            text.push('\n');
        }
    }
    text
}

/// A row per change point: the sequence, and the first step of what is new.
fn change_table(changes: &[Vec<usize>]) -> String {
    let mut text = String::from("index,step\n");
    for (index, steps) in changes.iter().enumerate() {
        steps.iter().for_each(|step| {
            let _ = writeln!(text, "{index},{step}");
        });
    }
    text
}
