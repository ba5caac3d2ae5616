//! How the hidden state moves over the steps, in a file: single sequences, the mean of each class, and where it
//! changes.

use std::collections::BTreeMap;
use std::path::Path;

use semiseq_training::Error;
use semiseq_training::files::write_atomic;

use crate::charts::{self, Curve, Panel, file, lines};

/// Single sequences that are drawn at most.
const DRAWN: usize = 60;
/// Places along the steps at which changes are counted.
const BINS: usize = 32;

/// States of sequences over their steps.
pub struct Trajectories<'a> {
    /// Of each sequence, the two first principal components of its states, a pair per step.
    pub paths: &'a [Vec<[f64; 2]>],
    /// Of each sequence, the steps at which its state changes.
    pub changes: &'a [Vec<usize>],
    /// The class of each sequence, where it is known.
    pub classes: &'a [Option<usize>],
    /// Names of the classes; none where there are no labels.
    pub names: &'a [String],
}

/// Draws them.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, states: &Trajectories<'_>) -> Result<(), Error> {
    let names: Vec<(String, usize)> = states.names.iter().cloned().zip(0..).collect();
    write_atomic(path, file(&panels(states), 2, &names).as_bytes())
}

fn panels(states: &Trajectories<'_>) -> Vec<Panel> {
    let drawn = drawn(states);
    let thin: Vec<charts::Trail<'_>> =
        drawn.iter().map(|row| (states.paths[*row].as_slice(), states.classes[*row])).collect();
    let groups: Vec<Option<usize>> =
        if states.names.is_empty() { vec![None] } else { (0..states.names.len()).map(Some).collect() };
    let means: Vec<(Vec<[f64; 2]>, Option<usize>)> =
        groups.iter().map(|group| (mean(states, *group), *group)).filter(|(mean, _)| !mean.is_empty()).collect();
    let thick: Vec<charts::Trail<'_>> = means.iter().map(|(mean, group)| (mean.as_slice(), *group)).collect();
    let shares: Vec<(Vec<(f64, f64)>, usize)> =
        groups.iter().map(|group| (changing(states, *group), group.unwrap_or(0))).collect();
    let curves: Vec<Curve<'_>> = shares.iter().map(|(points, color)| Curve { points, color: *color }).collect();
    let panel = |title: String, chart| Panel { title, chart, names: Vec::new() };
    let of = if states.names.is_empty() { "all sequences" } else { "each class" };
    vec![
        panel(
            format!("Hidden state over time, {} of {} sequences", drawn.len(), states.paths.len()),
            charts::paths(&thin, &[]),
        ),
        panel(format!("The mean of {of}, from ring to dot"), charts::paths(&[], &thick)),
        panel("Change points per sequence along the steps".into(), lines(&curves, "step", None)),
    ]
}

/// Rows to draw: of each class as many, evenly from its first to its last, since rows may stand class by class or in
/// turn.
fn drawn(states: &Trajectories<'_>) -> Vec<usize> {
    let mut groups: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (row, class) in states.classes.iter().enumerate() {
        groups.entry(*class).or_default().push(row);
    }
    let most = (DRAWN / groups.len().max(1)).max(1);
    let of = |rows: &Vec<usize>| {
        let count = rows.len().min(most);
        (0..count).map(|place| rows[place * rows.len() / count]).collect::<Vec<usize>>()
    };
    let mut drawn: Vec<usize> = groups.values().flat_map(of).collect();
    drawn.truncate(DRAWN);
    drawn
}

/// The rows of a class; of `None`, all.
fn rows<'a>(states: &'a Trajectories<'_>, group: Option<usize>) -> impl Iterator<Item = usize> + 'a {
    (0..states.paths.len()).filter(move |row| group.is_none() || states.classes[*row] == group)
}

/// The mean path, as long as at least half of the sequences are.
fn mean(states: &Trajectories<'_>, group: Option<usize>) -> Vec<[f64; 2]> {
    let paths: Vec<&Vec<[f64; 2]>> = rows(states, group).map(|row| &states.paths[row]).collect();
    let longest = paths.iter().map(|path| path.len()).max().unwrap_or(0);
    let at = |step: usize| {
        let there: Vec<&[f64; 2]> = paths.iter().filter_map(|path| path.get(step)).collect();
        let axis = |axis: usize| there.iter().map(|point| point[axis]).sum::<f64>() / there.len() as f64;
        (2 * there.len() >= paths.len()).then(|| [axis(0), axis(1)])
    };
    (0..longest).map_while(at).collect()
}

/// Change points per sequence in each stretch of steps, at its middle.
fn changing(states: &Trajectories<'_>, group: Option<usize>) -> Vec<(f64, f64)> {
    let longest = states.paths.iter().map(Vec::len).max().unwrap_or(0);
    let wide = longest.div_ceil(BINS).max(1);
    let mut counts = vec![0.0; longest.div_ceil(wide)];
    let mut sequences = 0.0f64;
    for row in rows(states, group) {
        sequences += 1.0;
        states.changes[row].iter().for_each(|step| counts[step / wide] += 1.0);
    }
    let middle = |bin: usize| bin as f64 * wide as f64 + (wide - 1) as f64 / 2.0;
    counts.into_iter().enumerate().map(|(bin, count)| (middle(bin), count / sequences.max(1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_a_mean_and_a_curve() {
        let paths = vec![vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], vec![[2.0, 0.0], [3.0, 1.0]], vec![[9.0, 9.0]; 2]];
        let names = ["a".to_string(), "b".to_string()];
        let states = Trajectories {
            paths: &paths,
            changes: &[vec![1], vec![1], vec![]],
            classes: &[Some(0), Some(0), Some(1)],
            names: &names,
        };
        assert_eq!(mean(&states, Some(0)), [[1.0, 0.0], [2.0, 1.0], [2.0, 2.0]]);
        assert_eq!(changing(&states, Some(0)), [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]);
        let panels = panels(&states);
        assert_eq!(panels.iter().map(|panel| panel.chart.inline().matches("<polyline").count()).sum::<usize>(), 7);
        // Classes that take turns are all drawn.
        let classes: Vec<Option<usize>> = (0..300).map(|row| Some(row % 2)).collect();
        let many = Trajectories { paths: &vec![vec![[0.0, 0.0]]; 300], classes: &classes, ..states };
        let rows = drawn(&many);
        assert_eq!((rows.len(), rows.iter().filter(|row| *row % 2 == 1).count()), (60, 30));
        let plain =
            Trajectories { paths: &paths, changes: &[vec![1], vec![1], vec![]], classes: &[None; 3], names: &[] };
        assert_eq!(super::panels(&plain)[1].chart.inline().matches("<polyline").count(), 1);
    }
}
