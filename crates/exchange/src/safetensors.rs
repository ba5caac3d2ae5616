//! safetensors, by Hugging Face's crate.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::tensors::{Float, Foreign, floats};

/// The key of our own metadata in the file's.
const KEY: &str = "semiseq";

/// The tensors of real numbers in the bytes of a file; `path` names it in messages.
///
/// # Errors
///
/// Where the file is damaged.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Foreign, ExchangeError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        ExchangeError::new(format!("{}: {error}", path.display()), "save or download the file again")
    })?;
    let tensor = |view: &TensorView| {
        let kind = match view.dtype() {
            Dtype::F64 => Float::F64,
            Dtype::F32 => Float::F32,
            Dtype::F16 => Float::F16,
            Dtype::BF16 => Float::Bf16,
            _ => return None,
        };
        Some(OtherTensor { shape: view.shape().to_vec(), values: floats(view.data(), kind) })
    };
    Ok(file.tensors().into_iter().filter_map(|(name, view)| Some((name, tensor(&view)?))).collect())
}

/// A file of these tensors, with a text beside them under `semiseq` in its metadata.
///
/// # Errors
///
/// Where a tensor has not as many numbers as its shape says.
pub fn write(tensors: &Foreign, about: Option<&str>) -> Result<Vec<u8>, ExchangeError> {
    let failed = |error: safetensors::SafeTensorError| {
        ExchangeError::new(format!("safetensors: {error}"), "this is a defect of semiseq; please report it")
    };
    let bytes: Vec<(&String, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = bytes.iter().zip(tensors.values()).map(|((name, bytes), tensor)| {
        Ok((*name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(failed)?))
    });
    let views: Vec<(&String, TensorView)> = views.collect::<Result<_, ExchangeError>>()?;
    let about = about.map(|about| HashMap::from([(KEY.to_string(), about.to_string())]));
    serialize(views, about).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tensor = OtherTensor { shape: vec![2, 3], values: vec![0.5, -1.0, 2.0, 3.0, 4.0, 5.0] };
        let tensors = Foreign::from([("a.weight".to_string(), tensor)]);
        let bytes = write(&tensors, Some("{}")).expect("a file");
        assert_eq!(read(Path::new("w"), &bytes).expect("tensors"), tensors);
        let told = read(Path::new("w"), &bytes[..40]).expect_err("cut short").message;
        assert!(told.starts_with("w: "), "{told}");
    }
}
