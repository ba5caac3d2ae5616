//! A finished run's tensors in files of their own.

use burn::store::{BurnpackStore, ModuleSnapshot, SafetensorsStore};

use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::finished::FinishedRun;

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// The model's tensors as a safetensors file.
    ///
    /// # Errors
    ///
    /// Where Burn cannot write them.
    pub fn weights(&self) -> Result<Vec<u8>, Error> {
        // Burn writes its metadata in the order of a hash map; without it equal weights are equal files.
        let mut store = SafetensorsStore::from_bytes(None).skip_enum_variants(true).clear_metadata();
        let bytes = self.model().save_into(&mut store).and_then(|()| store.get_bytes());
        Ok(bytes.map_err(|error| unwritten("safetensors", &error.to_string()))?.to_vec())
    }

    /// The model's tensors in Burn's own format, with a text beside them under `semiseq` in its metadata.
    ///
    /// # Errors
    ///
    /// Where Burn cannot write them.
    pub fn burnpack(&self, about: &str) -> Result<Vec<u8>, Error> {
        let mut store = BurnpackStore::from_bytes(None).metadata("semiseq", about);
        self.model().save_into(&mut store).map_err(|error| unwritten("burnpack", &error.to_string()))?;
        Ok(store.get_bytes().map_err(|error| unwritten("burnpack", &error.to_string()))?.to_vec())
    }
}

/// A model that cannot be written.
fn unwritten(format: &str, reason: &str) -> Error {
    Error::runtime(
        format!("the model cannot be written as {format}: {reason}"),
        "this is a defect of semiseq; please report it",
    )
}
