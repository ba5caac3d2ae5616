//! What went wrong where nobody could be told.

use std::sync::{Arc, OnceLock};

use crate::error::DataError;

/// The first row that could not be read, kept for whoever asks before the numbers that came of it are used. Files that
/// are written and read together share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<OnceLock<DataError>>);

impl Failure {
    pub(super) fn note(&self, error: DataError) {
        // Of several the first tells most.
        let _ = self.0.set(error);
    }

    /// An error where a row could not be read.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        self.0.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}
