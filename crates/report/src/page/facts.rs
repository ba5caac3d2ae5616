//! What a run was made of, how long it took, and where.

use crate::page::html::escape;
use crate::page::run_report::RunReport;

/// Classes that are named at most.
const CLASSES: usize = 12;
/// Letters of a checksum.
const DIGEST: usize = 16;

/// Data, stages and machine as a table of names and values.
pub(super) fn facts(run: &RunReport<'_>) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for mark in &run.facts.data {
        let digest: String = mark.sha256.chars().take(DIGEST).collect();
        rows.push(("data".into(), format!("{}: {} sequences, SHA-256 {digest}…", mark.source, mark.sequences)));
    }
    if !run.classes.is_empty() {
        let more = run.classes.len().saturating_sub(CLASSES);
        let named = run.classes.iter().take(CLASSES).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        rows.push(("classes".into(), format!("{}: {named}{more}", run.classes.len())));
    }
    if let Some([least, middle, most]) = run.facts.lengths {
        rows.push(("steps of a sequence".into(), format!("{least} to {most}, half of them up to {middle}")));
    }
    for stage in &run.summary.stages {
        let outcome = &stage.outcome;
        let step = outcome.step_seconds.map_or(String::new(), |step| format!(", {:.1} ms a step", 1e3 * step));
        rows.push((
            format!("stage {}", stage.objective),
            format!(
                "{} epochs, {} steps in {:.1} s{step}; weights of epoch {}; ended by {}",
                outcome.epochs, outcome.steps, outcome.wall_seconds, outcome.best_epoch, outcome.stopped_by
            ),
        ));
    }
    rows.push(("time".into(), format!("{:.1} s in all", run.summary.wall_seconds)));
    if let Some(environment) = &run.facts.environment {
        rows.push(("command".into(), environment.command.clone()));
        rows.extend(environment.host.iter().map(|host| ("host".into(), host.clone())));
        rows.push(("machine".into(), format!("{}, {} threads", environment.system, environment.threads)));
        rows.extend(environment.commit.iter().map(|commit| ("commit".into(), commit.clone())));
    }
    rows.push(("semiseq".into(), run.summary.semiseq.clone()));
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("<tr><td>{}</td><td class=\"text\">{}</td></tr>", escape(name), escape(value)))
        .collect();
    format!(
        "<section class=\"scroll\"><details><summary>How it was made</summary><table>{rows}</table></details></section>"
    )
}
