//! Keras's files: `.weights.h5`, `.keras` archives, and the older `.h5`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;

use crate::error::ExchangeError;
use crate::keras::hdf5::{Contents, contents};
use crate::keras::{config, legacy};
use crate::tensors::Foreign;

/// The weights within a `.keras` archive, and the description beside them.
const WEIGHTS: &str = "model.weights.h5";
const CONFIG: &str = "config.json";
/// Bytes that an entry may unfold to for each byte of the archive; Keras packs nothing.
const UNFOLDED: u64 = 16;
const HINT: &str = "write it with Keras: `model.save_weights(\"model.weights.h5\")` or `model.save(\"model.keras\")`";

/// Whether a ZIP archive is one of Keras.
pub(crate) fn is_archive(path: &Path) -> bool {
    let archive = File::open(path).ok().and_then(|file| ZipArchive::new(file).ok());
    archive.is_some_and(|archive| archive.index_for_name(WEIGHTS).is_some())
}

/// The arrays of real numbers of a model's layers, under the names of `.weights.h5`: `layers/lstm/cell/vars/0`.
/// An optimiser's state is left out.
///
/// # Errors
///
/// Where the file is damaged, no weights of Keras, or a description in it names a layer that computes something else
/// than semiseq's.
pub fn read(path: &Path) -> Result<Foreign, ExchangeError> {
    let wrong = |reason: String| ExchangeError::new(format!("{}: {reason}", path.display()), HINT);
    let (bytes, described) = match is_archive(path) {
        true => archive(path).map_err(wrong)?,
        false => (std::fs::read(path).map_err(|error| wrong(error.to_string()))?, None),
    };
    let Contents { arrays, layers, config } = contents(bytes).map_err(wrong)?;
    if let Some(text) = described.or(config) {
        let described =
            serde_json::from_str(&text).map_err(|error| wrong(format!("the model's description: {error}")))?;
        config::check(&described).map_err(|reason| {
            ExchangeError::new(
                format!("{}: {reason}", path.display()),
                "train it there with the settings that both have, or train anew here",
            )
        })?;
    }
    let arrays = match layers {
        Some(layers) => legacy::renamed(arrays, &layers).map_err(wrong)?,
        None => arrays,
    };
    match super::named_it(&arrays) {
        true => Ok(arrays),
        false => Err(wrong("holds no weights of a layer, which Keras writes as `layers/NAME/vars/0`".into())),
    }
}

/// The weights' bytes and the description in an archive.
fn archive(path: &Path) -> Result<(Vec<u8>, Option<String>), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let most = file.metadata().map_err(|error| error.to_string())?.len().saturating_mul(UNFOLDED);
    let mut archive = ZipArchive::new(file).map_err(|error| error.to_string())?;
    let mut entry = |name: &str| -> Result<Vec<u8>, String> {
        let entry = archive.by_name(name).map_err(|error| format!("`{name}`: {error}"))?;
        let mut bytes = Vec::new();
        entry.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
        match bytes.len() as u64 > most {
            true => Err(format!("`{name}` unfolds to more than {most} bytes")),
            false => Ok(bytes),
        }
    };
    let weights = entry(WEIGHTS)?;
    Ok((weights, Some(String::from_utf8_lossy(&entry(CONFIG)?).into_owned())))
}
