//! Writes a checkpoint that `torch.load(…, weights_only=True)` takes, and the module that computes with it.

use std::io::{Cursor, Write};

use semiseq_models::OtherTensor;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::error::ExchangeError;
use crate::network::{About, Network};
use crate::torch::pickle::Pickle;
use crate::torch::state_dict::state_dict;

/// The folder in the archive; PyTorch takes any.
const FOLDER: &str = "weights";

/// The bytes of a checkpoint: a dictionary with `state_dict`, and `about`, what [`About`] says, as JSON.
///
/// # Errors
///
/// Where PyTorch has no such layer.
pub fn checkpoint(network: &Network, about: &About) -> Result<Vec<u8>, ExchangeError> {
    let tensors = state_dict(network)?;
    let mut pickle = Pickle::new();
    pickle.dictionary();
    pickle.text("about");
    pickle.text(&about.json(network));
    pickle.text("state_dict");
    pickle.dictionary();
    for (key, (name, tensor)) in tensors.iter().enumerate() {
        pickle.text(name);
        pickle.tensor(&key.to_string(), &tensor.shape);
    }
    pickle.items();
    pickle.items();
    archive(pickle.finish(), &tensors).map_err(|error| {
        ExchangeError::new(format!("the checkpoint: {error}"), "this is a defect of semiseq; please report it")
    })
}

/// A Python module, which loads the checkpoint called `file` where it is run.
pub fn module(file: &str) -> String {
    include_str!("module.py").replace("weights.pt", file)
}

fn archive(pickle: Vec<u8>, tensors: &[(String, OtherTensor)]) -> zip::result::ZipResult<Vec<u8>> {
    // PyTorch maps the numbers into memory where they lie: unpacked, on multiples of 64 bytes.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).with_alignment(64);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| -> zip::result::ZipResult<()> {
        archive.start_file(format!("{FOLDER}/{name}"), options)?;
        Ok(archive.write_all(bytes)?)
    };
    add("data.pkl", &pickle)?;
    add("byteorder", b"little")?;
    for (key, (_, tensor)) in tensors.iter().enumerate() {
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        add(&format!("data/{key}"), &bytes)?;
    }
    add("version", b"3\n")?;
    Ok(archive.finish()?.into_inner())
}
