//! From a config to data that can be trained on, in packed files or in memory.

use crate::config::DataConfig;
use crate::error::DataError;
use crate::packed::{Outcome, prepared};
use crate::prepare_sessions;
use crate::prepare_source::prepare_source;
use crate::prepare_windows;
use crate::prepared::Prepared;
use crate::sources::open::open;
use crate::target_kind::TargetKind;

/// Reads, splits and prepares the data of a config.
///
/// # Errors
///
/// Whatever is wrong with the data, in the user's words.
pub fn prepare(config: &DataConfig, task: TargetKind) -> Result<Prepared, DataError> {
    let told = match prepared(config, task)? {
        Outcome::Packed(data) | Outcome::Read(data) => return Ok(*data),
        Outcome::Memory(told) => told,
    };
    let mut data = match (&config.windows, &config.sessions) {
        (Some(windows), _) => prepare_windows::prepare(config, windows, task),
        (None, Some(sessions)) => prepare_sessions::prepare(config, sessions, task),
        (None, None) => prepare_source(open(config, task)?, config, task),
    }?;
    data.warnings.extend(told);
    Ok(data)
}
