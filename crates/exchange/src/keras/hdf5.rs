//! The arrays of an HDF5 file and what Keras writes beside them, by `hdf5-pure`.

use hdf5_pure::{Dataset, Datatype, DatatypeByteOrder, File, Group, Layout};
use semiseq_models::OtherTensor;

use crate::tensors::{Float, Foreign, floats};

/// The first bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Groups within groups; a damaged file may have circles.
const DEEPEST: usize = 24;
/// Groups and arrays of a file, for the same reason; the largest models of Keras have some thousands.
const MOST: usize = 50_000;
/// Numbers a file may unfold to for each of its bytes: packed zeros and arrays that were never written.
const UNFOLDED: u64 = 16;
/// What stands beside the model, and is none of it.
const BESIDE: [&str; 2] = ["optimizer", "optimizer_weights"];

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Arrays of real numbers by their path, such as `layers/lstm/cell/vars/0`.
    pub(super) arrays: Foreign,
    /// The model's layers in their order, where the file is of Keras's older kind.
    pub(super) layers: Option<Vec<String>>,
    /// The model's description as JSON, where it holds one.
    pub(super) config: Option<String>,
}

/// Reads the bytes of a file; those of an optimiser's state are left out.
///
/// # Errors
///
/// What is wrong, and with which array.
pub(super) fn contents(bytes: Vec<u8>) -> Result<Contents, String> {
    if !bytes.starts_with(SIGNATURE) {
        return Err("no HDF5 file: it does not begin with `\\x89HDF`".into());
    }
    let mut walk = Walk { left: UNFOLDED * bytes.len() as u64, seen: 0, found: Contents::default() };
    let file = File::from_bytes(bytes).map_err(|error| error.to_string())?;
    let root = file.root();
    walk.group(&root, "", 0)?;
    let attributes = root.attrs().unwrap_or_default();
    walk.found.config = attributes.get("model_config").and_then(|value| value.as_str()).map(String::from);
    walk.found.layers = match root.group("model_weights") {
        Ok(group) => layer_names(&group),
        Err(_) => layer_names(&root),
    };
    Ok(walk.found)
}

/// Keras parts a list that an attribute cannot hold into `layer_names0`, `layer_names1` and so on.
fn layer_names(group: &Group) -> Option<Vec<String>> {
    let attributes = group.attrs().ok()?;
    let list = |name: &str| attributes.get(name)?.as_strings().map(<[String]>::to_vec);
    list("layer_names").or_else(|| {
        let parts: Vec<String> = (0..).map_while(|part| list(&format!("layer_names{part}"))).flatten().collect();
        (!parts.is_empty()).then_some(parts)
    })
}

struct Walk {
    /// Numbers that may still come.
    left: u64,
    /// Groups and arrays so far.
    seen: usize,
    found: Contents,
}

impl Walk {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), String> {
        let told = |error: hdf5_pure::Error| format!("`/{path}`: {error}");
        let at = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
        for name in group.datasets().map_err(told)? {
            let dataset = group.dataset(&name).map_err(told)?;
            self.count()?;
            if let Some(tensor) = self.array(&dataset).map_err(|reason| format!("`{}`: {reason}", at(&name)))? {
                self.found.arrays.insert(at(&name), tensor);
            }
        }
        for name in group.groups().map_err(told)? {
            if depth == 0 && BESIDE.contains(&name.as_str()) {
                continue;
            }
            self.count()?;
            if depth == DEEPEST {
                return Err(format!("`/{path}`: groups within more than {DEEPEST} groups"));
            }
            self.group(&group.group(&name).map_err(told)?, &at(&name), depth + 1)?;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        self.seen += 1;
        if self.seen > MOST { Err(format!("more than {MOST} groups and arrays")) } else { Ok(()) }
    }

    /// `None` for what is no array of real numbers.
    fn array(&mut self, dataset: &Dataset) -> Result<Option<OtherTensor>, String> {
        let told = |error: hdf5_pure::Error| error.to_string();
        let (kind, big_endian) = match dataset.datatype().map_err(told)? {
            Datatype::FloatingPoint { size, byte_order, .. } => {
                let kind = match size {
                    2 => Float::F16,
                    4 => Float::F32,
                    8 => Float::F64,
                    _ => return Err(format!("floats of {size} bytes are not read")),
                };
                match byte_order {
                    DatatypeByteOrder::Vax => return Err("floats of a VAX are not read".into()),
                    order => (kind, order == DatatypeByteOrder::BigEndian),
                }
            }
            _ => return Ok(None),
        };
        let lengths = dataset.shape().map_err(told)?;
        let count = lengths.iter().try_fold(1u64, |count, length| count.checked_mul(*length));
        let count = count.filter(|count| *count <= self.left);
        let count = count.ok_or_else(|| format!("an array of {lengths:?}, more than the file can hold"))?;
        self.left -= count;
        // The crate's sums over the places of chunks trust them.
        if let Layout::Chunked { .. } = dataset.layout().map_err(told)? {
            let within = |offset: &[u64]| offset.iter().zip(&lengths).all(|(at, length)| at < length);
            if dataset.chunks().map_err(told)?.iter().any(|chunk| !within(&chunk.offset)) {
                return Err("a chunk beyond the array".into());
            }
        }
        let mut bytes = dataset.read_raw().map_err(told)?;
        if bytes.len() as u64 != count * kind.size() as u64 {
            return Err(format!("{} bytes of an array of {lengths:?}", bytes.len()));
        }
        if big_endian {
            bytes.chunks_exact_mut(kind.size()).for_each(<[u8]>::reverse);
        }
        let shape = lengths.iter().map(|length| usize::try_from(*length)).collect::<Result<_, _>>();
        let shape = shape.map_err(|_| format!("an array of {lengths:?}, more than memory holds"))?;
        Ok(Some(OtherTensor { shape, values: floats(&bytes, kind) }))
    }
}
