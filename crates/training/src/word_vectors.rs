//! Word vectors of a file, for the model's table of tokens and for the references.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use semiseq_datasets::{Prepared, Sequence, WordVectors};

use crate::error::Error;

/// What a file gives for a run.
pub(crate) struct Vectors {
    /// Those of the words of the vocabulary and of the texts.
    pub(crate) known: Arc<WordVectors>,
    /// A row for each token of the vocabulary that has one.
    pub(crate) table: Vec<Option<Vec<f32>>>,
}

impl Vectors {
    /// Reads those that the data asks for; `width` is what the model's table has.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, its vectors are of another width, or the data are no texts of words.
    pub(crate) fn read(path: &Path, width: usize, data: &Prepared) -> Result<Self, Error> {
        let Some(words) = data.processor.words() else {
            return Err(Error::input(
                "`vectors` of the embedding are of words, and the data are not cut into words",
                "write `tokenize = \"word\"` in `[data.transform]`, or leave `vectors` out",
            ));
        };
        let found = WordVectors::width_of(path)?;
        if found != width {
            return Err(Error::input(
                format!(
                    "`size` of the embedding is {width}, and the vectors of {} have {found} numbers",
                    path.display()
                ),
                format!("write `size = {found}`"),
            ));
        }
        let mut wanted: HashSet<String> = words.iter().cloned().collect();
        for sequence in data.as_read.train.iter().chain(&data.as_read.test) {
            if let Sequence::Text(text) = sequence {
                wanted.extend(semiseq_analysis::references::words(text));
            }
        }
        let known = WordVectors::read(path, |word| wanted.contains(word))?;
        let table = words.iter().map(|word| known.get(word).map(<[f32]>::to_vec)).collect();
        Ok(Self { known: Arc::new(known), table })
    }

    /// How much of the vocabulary and of the training texts has a vector, in a line.
    pub(crate) fn coverage(&self, path: &Path, data: &Prepared) -> String {
        let first = data.processor.first_word() as usize;
        let words = self.table.iter().skip(first);
        let (found, all) = (words.clone().flatten().count(), words.count());
        let (mut known, mut tokens) = (0usize, 0usize);
        for sequence in &data.train.sequences {
            if let Sequence::Tokens(row) = &*sequence.loaded() {
                tokens += row.len();
                known +=
                    row.iter().filter(|token| self.table.get(**token as usize).is_some_and(Option::is_some)).count();
            }
        }
        let share = 100.0 * known as f64 / tokens.max(1) as f64;
        format!(
            "{}: vectors for {found} of {all} words of the vocabulary, {share:.0} % of the training tokens",
            path.display()
        )
    }
}
