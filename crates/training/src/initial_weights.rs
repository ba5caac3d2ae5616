//! Weights of another run, which a model begins with.

use std::collections::HashMap;
use std::path::Path;

use semiseq_datasets::Processor;
use semiseq_models::{OtherTensor, WeightsPart};
use serde_json::Value;

use crate::error::Error;
use crate::run_folder::checksums::Checksums;
use crate::run_folder::json::{damaged, parse_json};
use crate::run_folder::model_file::{DESCRIPTION, WEIGHTS};
use crate::run_folder::weights::Weights;

/// Another model's tensors.
pub(crate) struct InitialWeights {
    /// By name.
    pub(crate) tensors: HashMap<String, OtherTensor>,
    /// For each token of this run's vocabulary the other's number of the same word; `None` where one of both has no
    /// words.
    pub(crate) rows: Option<Vec<Option<usize>>>,
}

impl InitialWeights {
    /// Reads a run folder, or a file: safetensors whose tensors are named as a run's are, or those of PyTorch's
    /// modules and Keras's layers. A file does not say which word a row of its table of tokens is: of that, only
    /// what `part` asks for by name is taken.
    ///
    /// # Errors
    ///
    /// Where there is neither, or the files are damaged.
    pub(crate) fn read(path: &Path, part: WeightsPart, processor: &Processor) -> Result<Self, Error> {
        if !path.is_dir() {
            let named = semiseq_exchange::read(path).and_then(semiseq_exchange::as_ours);
            let named = named.map_err(|error| Error::input(format!("`weights`: {error}"), &error.hint))?;
            let mut tensors: HashMap<String, OtherTensor> = named.into_iter().collect();
            if part == WeightsPart::Body && processor.words().is_some() {
                tensors.retain(|name, _| !name.split('.').any(|module| module == "embedding"));
            }
            return Ok(Self { tensors, rows: None });
        }
        let file = path.join(WEIGHTS);
        if !file.exists() {
            return Err(Error::input(
                format!("`weights`: {} holds no {WEIGHTS}", path.display()),
                "give the folder of a finished run",
            ));
        }
        let sums = Checksums::read(path)?;
        let tensors = Weights::parse(&file, sums.file(path, WEIGHTS)?)?.by_name();
        let described = path.join(DESCRIPTION);
        let fields: Value = parse_json(&described, &sums.file(path, DESCRIPTION)?)?;
        let other: Processor = serde_json::from_value(fields["processor"].clone())
            .map_err(|error| damaged(&described, &error.to_string()))?;
        Ok(Self { tensors, rows: same_words(processor, &other) })
    }
}

/// The other's number of each word.
fn same_words(own: &Processor, other: &Processor) -> Option<Vec<Option<usize>>> {
    let places: HashMap<&str, usize> =
        other.words()?.iter().enumerate().map(|(place, word)| (word.as_str(), place)).collect();
    Some(own.words()?.iter().map(|word| places.get(word.as_str()).copied()).collect())
}
