//! What a run writes beside what it should.

use semiseq::datasets::one_line;
use semiseq::prelude::*;

/// Sequences that are shown.
const SHOWN: usize = 5;
/// Letters of a text.
const LETTERS: usize = 200;

/// The first sequences whose target is a text, each with its reference and what is written; empty where there are none.
pub(super) fn examples(run: &SavedRun, dataset: &Dataset) -> String {
    let reference = |row: usize| match &dataset.targets[row] {
        Target::Sequence(Sequence::Tokens(tokens)) => Some((row, run.processor().target_text(tokens))),
        _ => None,
    };
    let (rows, references): (Vec<usize>, Vec<String>) = (0..dataset.len()).filter_map(reference).take(SHOWN).unzip();
    let outputs = run.outputs_until(&dataset.select(&rows), &|| false);
    let shown = |(place, reference): (usize, &String)| match run.prediction(&outputs, place) {
        Prediction::Answer(written) => {
            Some(format!("\n\nreference  {}\nwritten    {}", one_line(reference, LETTERS), one_line(&written, LETTERS)))
        }
        _ => None,
    };
    references.iter().enumerate().filter_map(shown).collect()
}
