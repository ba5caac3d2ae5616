//! A safetensors file of a run folder, looked through before anything is built from it: what the folder's JSON asks for
//! is held against the tensors that are there, so that a changed size is refused and not allocated.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::SafetensorsStore;
use burn::tensor::{Bool, Int, Tensor};
use semiseq_models::OtherTensor;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::run_folder::json::damaged;

/// The bytes before the header, which are its length.
const PREFIX: usize = 8;
/// A size that is never refused for itself, however small the file: what a config says of data that a model does not
/// read (the embedding of a model of values) has no tensor.
const SMALL: u64 = 1 << 16;
/// The key beside the tensors that is none.
const METADATA: &str = "__metadata__";

/// What a tensor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Float,
    Int,
    Bool,
}

/// Kind and shape of a tensor.
type Form = (Kind, Vec<usize>);

/// A file whose header is in order and whose numbers are finite.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
    forms: Vec<Form>,
}

impl Weights {
    /// Looks through the bytes of a file; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// A header that is damaged, or a number that is not finite.
    pub(crate) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        match forms(&bytes) {
            Ok(forms) => Ok(Self { path: path.to_path_buf(), bytes, forms }),
            Err(reason) => Err(damaged(path, &reason)),
        }
    }

    /// Refuses a description with a whole number that no dimension of these tensors can have come from. A convolution's
    /// image is four times as wide as what is left of it.
    ///
    /// # Errors
    ///
    /// Names the key in the file `described`.
    pub(crate) fn check_sizes(&self, described: &Path, key: &str, settings: &impl Serialize) -> Result<(), Error> {
        let all: usize = self.forms.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        let value = serde_json::to_value(settings).map_err(|error| damaged(described, &error.to_string()))?;
        match too_large(key, &value, SMALL.max(all.saturating_mul(4) as u64)) {
            Some((key, size)) => Err(damaged(
                described,
                &format!("`{key}` is {size}, and {} holds {all} numbers in all", self.path.display()),
            )),
            None => Ok(()),
        }
    }

    /// Whether these are the tensors of a module, whose own need not be there yet: kinds and shapes are compared, and a
    /// lazy parameter is not made. Names are compared when the file is loaded.
    ///
    /// # Errors
    ///
    /// Where the module, built as the file `described` says, has other tensors.
    pub(crate) fn check_fits(&self, module: &impl Module, described: &Path) -> Result<(), Error> {
        let mut wanted = Forms::default();
        module.visit(&mut wanted);
        let mut wanted = wanted.0;
        wanted.sort_unstable();
        let (missing, left) = differing(&wanted, &self.forms);
        let shown = |form: &Form| format!("{:?}", form.1);
        let reason = match (missing, left) {
            (None, None) => return Ok(()),
            (Some(missing), Some(left)) => {
                format!(
                    "asks for a tensor of {}, and {} holds one of {}",
                    shown(missing),
                    self.path.display(),
                    shown(left)
                )
            }
            (Some(missing), None) => {
                format!("asks for a tensor of {}, which {} lacks", shown(missing), self.path.display())
            }
            (None, Some(left)) => {
                format!("has no place for the tensor of {} in {}", shown(left), self.path.display())
            }
        };
        Err(damaged(described, &reason))
    }

    /// Its tensors of floats by name.
    pub(crate) fn by_name(&self) -> HashMap<String, OtherTensor> {
        let numbers = |bytes: &[u8]| -> Vec<f32> {
            bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
        };
        let Ok((header, data)) = header(&self.bytes) else { return HashMap::new() };
        let tensors = header.iter().filter(|(name, _)| *name != METADATA);
        tensors
            .filter_map(|(name, tensor)| match tensor_of(tensor, data) {
                Ok(((Kind::Float, shape), bytes)) => {
                    Some((name.clone(), OtherTensor { shape, values: numbers(bytes) }))
                }
                _ => None,
            })
            .collect()
    }

    /// The longest dimension of all tensors.
    pub(crate) fn longest(&self) -> usize {
        self.forms.iter().flat_map(|(_, shape)| shape).copied().max().unwrap_or(0)
    }

    /// To load from.
    pub(crate) fn into_store(self) -> SafetensorsStore {
        SafetensorsStore::from_bytes(Some(self.bytes))
    }
}

/// The first that only `wanted` has, and the first that only `there` has; both are sorted.
fn differing<'a>(wanted: &'a [Form], there: &'a [Form]) -> (Option<&'a Form>, Option<&'a Form>) {
    let (mut missing, mut left) = (None, None);
    let (mut wanted, mut there) = (wanted.iter().peekable(), there.iter().peekable());
    loop {
        match (wanted.peek(), there.peek()) {
            (None, None) => return (missing, left),
            (Some(one), Some(other)) if one == other => {
                wanted.next();
                there.next();
            }
            (Some(one), other) if other.is_none_or(|other| one < other) => missing = missing.or(wanted.next()),
            _ => left = left.or(there.next()),
        }
    }
}

/// The first whole number above `most`, with its key.
fn too_large(key: &str, value: &Value, most: u64) -> Option<(String, u64)> {
    match value {
        Value::Number(number) => {
            number.as_u64().filter(|number| *number > most).map(|number| (key.to_string(), number))
        }
        Value::Array(values) => {
            values.iter().enumerate().find_map(|(index, value)| too_large(&format!("{key}.{index}"), value, most))
        }
        Value::Object(table) => table.iter().find_map(|(name, value)| too_large(&format!("{key}.{name}"), value, most)),
        _ => None,
    }
}

#[derive(Default)]
struct Forms(Vec<Form>);

impl ModuleVisitor for Forms {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push((Kind::Float, param.lazy_shape().iter().copied().collect()));
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.push((Kind::Int, param.lazy_shape().iter().copied().collect()));
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.push((Kind::Bool, param.lazy_shape().iter().copied().collect()));
    }
}

/// What a safetensors file says of its tensors, and their bytes.
fn header(bytes: &[u8]) -> Result<(Map<String, Value>, &[u8]), String> {
    let length = bytes.first_chunk::<PREFIX>().map(|prefix| u64::from_le_bytes(*prefix));
    let length = length.ok_or("the file is cut short")?;
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(PREFIX));
    let end = end.filter(|end| *end <= bytes.len()).ok_or("the file is cut short")?;
    let header: Map<String, Value> =
        serde_json::from_slice(&bytes[PREFIX..end]).map_err(|error| format!("the header: {error}"))?;
    Ok((header, &bytes[end..]))
}

/// Kind and shape of each tensor of a safetensors file, sorted.
fn forms(bytes: &[u8]) -> Result<Vec<Form>, String> {
    let (header, data) = header(bytes)?;
    let mut forms = Vec::new();
    let mut covered = 0;
    for (name, tensor) in header.iter().filter(|(name, _)| *name != METADATA) {
        let (form, values) = tensor_of(tensor, data).map_err(|reason| format!("the tensor `{name}` {reason}"))?;
        if form.0 == Kind::Float && !finite(values, form.1.len()) {
            return Err(format!("the tensor `{name}` holds a number that is not finite"));
        }
        covered += values.len();
        forms.push(form);
    }
    // As the format has it: no gaps, and nothing behind.
    if covered != data.len() {
        return Err(format!("its tensors take {covered} bytes of {}", data.len()));
    }
    forms.sort_unstable();
    Ok(forms)
}

/// A tensor of the header, and its bytes.
fn tensor_of<'a>(tensor: &Value, data: &'a [u8]) -> Result<(Form, &'a [u8]), String> {
    let (kind, width) = match tensor["dtype"].as_str() {
        Some("F32") => (Kind::Float, 4),
        Some("I64" | "U64") => (Kind::Int, 8),
        Some("I32" | "U32") => (Kind::Int, 4),
        Some("BOOL" | "U8") => (Kind::Bool, 1),
        other => return Err(format!("has the type {}, which semiseq does not write", other.unwrap_or("`null`"))),
    };
    let numbers = |key: &str| -> Option<Vec<usize>> {
        tensor[key].as_array()?.iter().map(|number| number.as_u64()?.try_into().ok()).collect()
    };
    let shape = numbers("shape").ok_or("has no shape")?;
    let bytes = match numbers("data_offsets").as_deref() {
        Some([from, to]) => data.get(*from..*to).ok_or("lies outside of the file")?,
        _ => return Err("has no place in the file".into()),
    };
    let wanted = shape.iter().try_fold(width, |size: usize, length| size.checked_mul(*length));
    if wanted != Some(bytes.len()) {
        return Err(format!("of {shape:?} has {} bytes", bytes.len()));
    }
    Ok(((kind, shape), bytes))
}

/// Whether all numbers are finite. What an objective remembers in a vector may be infinite (a limit that was not set
/// yet), but never a NaN.
fn finite(values: &[u8], dimensions: usize) -> bool {
    let mut numbers = values.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    numbers.all(|number| if dimensions > 1 { number.is_finite() } else { !number.is_nan() })
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::store::ModuleSnapshot;
    use burn::tensor::Device;

    use super::*;

    fn file(module: &impl ModuleSnapshot) -> Vec<u8> {
        let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
        module.save_into(&mut store).unwrap();
        store.get_bytes().unwrap().to_vec()
    }

    fn parsed(bytes: Vec<u8>) -> Result<Weights, String> {
        Weights::parse(Path::new("w"), bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn tensors_are_held_against_what_is_asked_for() {
        let device = Device::default();
        let weights = parsed(file(&LinearConfig::new(3, 2).init(&device))).unwrap();
        let described = Path::new("m.json");
        weights.check_fits(&LinearConfig::new(3, 2).init(&device), described).unwrap();
        // Nothing of this size is made: the shape is asked of a parameter that is not there yet.
        let huge = LinearConfig::new(1 << 40, 1 << 40).init(&device);
        let told = weights.check_fits(&huge, described).unwrap_err().in_full();
        assert!(told.contains("asks for a tensor of [1099511627776]") && told.contains("m.json: damaged"), "{told}");
        let without = LinearConfig::new(3, 2).with_bias(false).init(&device);
        let told = weights.check_fits(&without, described).unwrap_err().in_full();
        assert!(told.contains("no place for the tensor of [2]"), "{told}");
    }

    #[test]
    fn a_size_beyond_all_tensors_is_named() {
        let weights = parsed(file(&LinearConfig::new(3, 2).init(&Device::default()))).unwrap();
        let sizes = |hidden: usize| serde_json::json!({"lstm": {"hidden": hidden, "layers": [1, 2], "bias": 1e9}});
        weights.check_sizes(Path::new("m.json"), "model", &sizes(1 << 16)).unwrap();
        let told = weights.check_sizes(Path::new("m.json"), "model", &sizes(1 + (1 << 16))).unwrap_err().in_full();
        assert!(told.contains("`model.lstm.hidden` is 65537, and w holds 8 numbers"), "{told}");
    }

    #[test]
    fn a_file_with_nan_cut_short_or_with_more_behind_is_refused() {
        let bytes = file(&LinearConfig::new(3, 2).init(&Device::default()));
        assert!(parsed(bytes.clone()).is_ok());
        let mut nan = bytes.clone();
        let place = nan.len() - 4;
        nan[place..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(parsed(nan).unwrap_err().contains("not finite"));
        assert!(parsed(bytes[..bytes.len() - 1].to_vec()).is_err());
        assert!(parsed([bytes.clone(), vec![0]].concat()).is_err());
        assert!(parsed(vec![255; 40]).unwrap_err().contains("cut short"));
    }
}
