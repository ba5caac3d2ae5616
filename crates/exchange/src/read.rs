//! Tensors of any file that weights come in, told by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::ExchangeError;
use crate::tensors::Foreign;
use crate::{keras, safetensors, torch};

const HINT: &str = "give a PyTorch checkpoint (`.pt`, `.pth`), a safetensors file or weights of Keras (`.weights.h5`, \
                    `.keras`)";

/// Reads a PyTorch checkpoint, a safetensors file or weights of Keras. Numbers of 16 and 64 bits become `f32`; tensors
/// of whole numbers are left out.
///
/// # Errors
///
/// Where the file cannot be read, is none of these, or holds what would run code in Python.
pub fn read(path: &Path) -> Result<Foreign, ExchangeError> {
    let unread = |error: std::io::Error| ExchangeError::new(format!("{}: {error}", path.display()), HINT);
    if path.is_dir() {
        return Err(ExchangeError::new(format!("{}: a folder, and no file of weights", path.display()), HINT));
    }
    if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        let pipe = format!("{}: a pipe or a device, and no file of weights", path.display());
        return Err(ExchangeError::new(pipe, "write it to a file first, which is read at several places"));
    }
    let mut first = Vec::new();
    File::open(path).and_then(|file| file.take(9).read_to_end(&mut first)).map_err(unread)?;
    let called = |endings: &[&str]| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        ending.is_some_and(|ending| endings.contains(&&*ending))
    };
    let is_of_keras = first.starts_with(keras::SIGNATURE) || keras::is_archive(path);
    // A safetensors file begins with the length of a JSON object, eight bytes, and its brace.
    let tensors = if is_of_keras || called(&["h5", "hdf5", "keras"]) {
        keras::read(path)?
    } else if first.get(8) == Some(&b'{') {
        safetensors::read(path, &std::fs::read(path).map_err(unread)?)?
    } else {
        torch::read(path)?
    };
    let strange = tensors.iter().find(|(_, tensor)| tensor.values.iter().any(|value| !value.is_finite()));
    match strange {
        Some((name, _)) => Err(ExchangeError::new(
            format!("{}: the tensor `{name}` holds a number that is not finite", path.display()),
            "save the weights of an epoch before the loss was lost",
        )),
        None => Ok(tensors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_weights_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = |path: &Path| read(path).expect_err("no weights").message;
        assert!(told(folder.path()).contains("a folder"));
        assert!(told(&folder.path().join("none.pt")).contains("none.pt"));
        let path = folder.path().join("text.pt");
        std::fs::write(&path, "not weights").expect("a file");
        assert!(told(&path).contains("text.pt"));
    }
}
