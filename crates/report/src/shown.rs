//! What a run's last stage makes, for people to see.

use semiseq_datasets::{Prepared, Sequence, Target};
use semiseq_training::{FinishedRun, ModelSettings, ObjectiveSettings, Order};

use crate::images::of_one_size;
use crate::sample::drawn;

/// Sequences of each kind that a page shows.
pub(crate) const SHOWN: usize = 8;
/// And a PNG, where they are images.
const IMAGES: usize = 40;

/// What a run's last stage makes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// Test sequences, and what is made of their vectors.
    pub(crate) rebuilt: Vec<(Sequence, Sequence)>,
    /// Test sequences, what should answer them, and what does.
    pub(crate) answered: Vec<[Sequence; 3]>,
    /// Samples from noise.
    pub(crate) made: Vec<Sequence>,
    /// Test sequences to hold them against.
    pub(crate) real: Vec<Sequence>,
}

impl Shown {
    /// Asks for samples, and for rebuilt sequences and answers of the test part.
    pub(crate) fn of<M: ModelSettings, O: ObjectiveSettings>(
        run: &FinishedRun<M, O>,
        data: &Prepared,
        seed: u64,
    ) -> Self {
        // What is shown has values of its own.
        let first: Vec<Sequence> = data.test.sequences.iter().take(1).cloned().map(Sequence::owned).collect();
        let images = !of_one_size(&first).is_empty();
        let count = data.test.len().min(if images { IMAGES } else { SHOWN });
        if count == 0 {
            return Self::default();
        }
        let chosen = drawn(data.test.len(), count, seed);
        let some = data.test.select(&chosen);
        let real: Vec<Sequence> = some.sequences.iter().cloned().map(Sequence::owned).collect();
        let mut shown = Self::default();
        if let Some(rebuilt) = run.rebuilt(&some) {
            shown.rebuilt = real.iter().cloned().zip(rebuilt).collect();
        }
        if let Some(answers) = run.answers(&some) {
            let pairs = real.iter().zip(&some.targets).zip(answers);
            shown.answered = pairs
                .filter_map(|((source, target), answer)| match target {
                    Target::Sequence(truth) => Some([source.clone(), truth.clone().owned(), answer]),
                    _ => None,
                })
                .collect();
        }
        let order = Order { count, length: None, class: None, temperature: 1.0, seed };
        shown.made = run.generate(&order).unwrap_or_default();
        if !shown.made.is_empty() {
            shown.real = real;
        }
        shown
    }
}
