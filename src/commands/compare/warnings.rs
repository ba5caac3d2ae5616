//! Where methods are not compared on equal terms.

use super::super::cells::Outcome;
use super::super::warn;
use super::grid::Plan;

/// Says where methods are not compared on equal terms.
pub fn warn_of_terms(plan: &Plan, outcomes: &[Option<Outcome>]) {
    warn_of_labels(plan, outcomes);
    for (number, task) in plan.tasks.iter().enumerate() {
        let cells = plan.cells.iter().zip(outcomes).filter(|(cell, _)| cell.task == number);
        let last = cells.filter_map(|(cell, outcome)| match outcome {
            Some(Ok(summary)) => Some((&summary.stages.last()?.outcome, cell.method)),
            _ => None,
        });
        let last: Vec<_> = last.collect();
        let name = |method: usize| &plan.grid.methods[method].name;
        let through = last.iter().filter(|(outcome, _)| !outcome.stopped_early());
        if let Some((few, many)) = apart(through.map(|(outcome, method)| (outcome.steps, *method)).collect()) {
            warn(format!(
                "{}: `{}` learns for {} steps in its last stage and `{}` for {}, so that the longer training \
                 may be what makes the difference (write the same `steps` in place of `epochs` in the last stage)",
                task.name,
                name(few.1),
                few.0,
                name(many.1),
                many.0
            ));
        }
        let every = last.iter().map(|(outcome, method)| (outcome.validate_every, *method));
        // A summary of an earlier version does not tell.
        if let Some((often, seldom)) = apart(every.filter(|(every, _)| *every > 0).collect()) {
            warn(format!(
                "{}: `{}` is validated every {} steps and `{}` every {}, so that they choose among more and \
                 fewer of their weights (write `steps` in place of `epochs`, or the same `validate_every`, in the last \
                 stage)",
                task.name,
                name(often.1),
                often.0,
                name(seldom.1),
                seldom.0
            ));
        }
    }
}

/// The least and the most of numbers of steps with their methods, where they differ.
fn apart(mut steps: Vec<(usize, usize)>) -> Option<((usize, usize), (usize, usize))> {
    steps.sort_unstable();
    let (first, last) = (*steps.first()?, *steps.last()?);
    (first.0 < last.0).then_some((first, last))
}

/// Says where a validation part is larger than the labels would honestly allow.
fn warn_of_labels(plan: &Plan, outcomes: &[Option<Outcome>]) {
    let mut told = vec![false; plan.tasks.len()];
    for (cell, outcome) in plan.cells.iter().zip(outcomes) {
        if let Some(Ok(summary)) = outcome
            && summary.n_valid > summary.n_labeled
            // The future of a window is its label: it costs nothing.
            && cell.run.config.data.windows.is_none()
            && !std::mem::replace(&mut told[cell.task], true)
        {
            warn(format!(
                "{}: {} validation labels choose the best epoch of {} training labels; somebody with so few \
                 labels would not have them (lower `data.validation`)",
                plan.tasks[cell.task].name, summary.n_valid, summary.n_labeled
            ));
        }
    }
}
