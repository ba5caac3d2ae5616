//! Reads PyTorch's checkpoints by `pytorch-reader`, which parses the pickle as data and runs nothing of it.

use std::path::Path;

use pytorch_reader::{DType, PickleValue, PytorchReader, Tensor};
use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::tensors::{Float, Foreign, floats};

/// The keys under which checkpoints keep a state dict beside other things.
const NESTED: [&str; 4] = ["state_dict", "model_state_dict", "model", "weights"];
/// Objects that are data, as PyTorch's own `weights_only=True` has it, beside the types of tensors.
const DATA: [&str; 12] = [
    "torch.Tensor",
    "torch.TypedStorage",
    "torch.UntypedStorage",
    "torch.device",
    "torch.Size",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
];
/// How the names of types of tensors begin.
const TYPES: [&str; 6] = ["torch.float", "torch.bfloat", "torch.int", "torch.uint", "torch.bool", "torch.half"];
const HINT: &str = "save the weights alone: `torch.save(model.state_dict(), \"weights.pt\")`";

/// The tensors of real numbers in a state dict, or in a checkpoint that holds one as `state_dict`, `model_state_dict`,
/// `model` or `weights`.
///
/// # Errors
///
/// Where the file is damaged, holds no tensor, or an object that Python would make by running code.
pub fn read(path: &Path) -> Result<Foreign, ExchangeError> {
    let wrong = |reason: String| ExchangeError::new(format!("{}: {reason}", path.display()), HINT);
    let whole = PytorchReader::read_pickle_data(path, None).map_err(|error| wrong(error.to_string()))?;
    if let Some(name) = strange(&whole) {
        return Err(wrong(format!("holds an object of `{name}`, which Python makes by running code")));
    }
    let nested = match &whole {
        PickleValue::Dict(entries) => {
            NESTED.into_iter().find(|key| matches!(entries.get(*key), Some(PickleValue::Dict(_))))
        }
        _ => None,
    };
    let reader = match nested {
        Some(key) => PytorchReader::with_top_level_key(path, key),
        None => PytorchReader::new(path),
    };
    let reader = reader.map_err(|error| wrong(error.to_string()))?;
    let mut tensors = Foreign::new();
    for (name, tensor) in reader.tensors() {
        let Some(kind) = kind(tensor) else { continue };
        let bytes = tensor.read().map_err(|error| wrong(format!("`{name}`: {error}")))?;
        tensors.insert(name.clone(), OtherTensor { shape: tensor.shape().to_vec(), values: floats(&bytes, kind) });
    }
    if tensors.is_empty() {
        return Err(wrong("holds no tensor of real numbers".into()));
    }
    Ok(tensors)
}

fn kind(tensor: &Tensor) -> Option<Float> {
    match tensor.dtype() {
        DType::F64 => Some(Float::F64),
        DType::F32 => Some(Float::F32),
        DType::F16 => Some(Float::F16),
        DType::BF16 => Some(Float::Bf16),
        _ => None,
    }
}

/// The first object that is more than data.
fn strange(value: &PickleValue) -> Option<&str> {
    match value {
        PickleValue::Unsupported(name) => {
            // A whole number that is too wide has a name without a module.
            let kind = TYPES.iter().any(|kind| name.starts_with(kind));
            let data = !name.contains('.') || kind || DATA.contains(&name.as_str());
            (!data).then_some(name.as_str())
        }
        PickleValue::List(values) => values.iter().find_map(strange),
        PickleValue::Dict(entries) => entries.values().find_map(strange),
        _ => None,
    }
}
