//! What mattered in some sequences of the test part: each with what of it speaks for the predicted class, and what
//! against.

use semiseq_datasets::{Prepared, Processor, Sequence, Target};
use semiseq_training::{FinishedRun, ModelSettings, ObjectiveSettings, Outputs};

use crate::sample::stratified;

/// Sequences that are shown.
const SHOWN: usize = 6;

/// A test sequence with what mattered in it.
#[derive(Clone, Debug)]
pub(crate) struct Mattered {
    pub sequence: Sequence,
    /// The names of the tokens of a text, and what stands between them.
    pub words: Option<(Vec<String>, &'static str)>,
    /// For each step: 1 or -1 at the strongest, above 0 where it speaks for the predicted class.
    pub shares: Vec<f64>,
    pub predicted: usize,
    pub confidence: f64,
    pub truth: Option<usize>,
}

/// Asks for some sequences of the test part; none where the model's head does not say a class of the whole sequence.
pub(crate) fn mattered<M: ModelSettings, O: ObjectiveSettings>(
    run: &FinishedRun<M, O>,
    data: &Prepared,
    seed: u64,
) -> Vec<Mattered> {
    let some = data.test.select(&stratified(&data.test, SHOWN, seed));
    let outputs = run.outputs_until(&some, &|| false);
    let decided = run.class_predictions(&outputs, &some);
    let Outputs::Classes(rows) = outputs else { return Vec::new() };
    let classes: Vec<usize> = rows.iter().map(|row| decided.decided(row)).collect();
    let Some(shares) = run.attributions(&some.sequences, &classes) else { return Vec::new() };
    let sequences: Vec<Sequence> = some.sequences.iter().cloned().map(Sequence::owned).collect();
    let one = |(row, shares): (usize, Vec<f64>)| Mattered {
        words: words(&data.processor, &sequences[row]),
        sequence: sequences[row].clone(),
        shares,
        predicted: classes[row],
        confidence: rows[row][classes[row]],
        truth: if let Target::Class(class) = some.targets[row] { Some(class) } else { None },
    };
    shares.into_iter().take(SHOWN).enumerate().map(one).collect()
}

/// The tokens of a text by name. Characters and pieces of words stand without blanks between them where the text does.
fn words(processor: &Processor, sequence: &Sequence) -> Option<(Vec<String>, &'static str)> {
    let Sequence::Tokens(tokens) = sequence else { return None };
    let names: Vec<String> = tokens.iter().map(|token| processor.item(*token)).collect();
    let joined = processor.text(sequence).is_some_and(|text| names.concat() == text);
    Some((names, if joined { "" } else { " " }))
}
