//! `.npy`, the format of NumPy's arrays (NEP 1): a header that is a dictionary as Python writes it, and the values in C
//! or in Fortran order. Objects are refused: they are pickled Python, which runs code.

/// An array; its values stand in C order, the last axis fastest, whatever the file has.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis; empty for a single value.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Values,
}

/// The values of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Floats of 16, 32 and 64 bits.
    Floats(Vec<f64>),
    /// Whole numbers of any width, and booleans as 0 and 1; those beyond 2⁵³ lose digits where they are read as floats.
    Integers(Vec<i128>),
    /// Booleans.
    Booleans(Vec<bool>),
    /// Unicode and byte strings, without the zeros that fill them up.
    Texts(Vec<String>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Booleans(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as numbers; `None` where they are texts.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Floats(values) => Some(values.clone()),
            Self::Integers(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Self::Booleans(values) => Some(values.iter().map(|value| f64::from(u8::from(*value))).collect()),
            Self::Texts(_) => None,
        }
    }

    /// A value as text, the way that Python writes it but for `1.0`, which is `1`.
    pub fn text(&self, place: usize) -> Option<String> {
        match self {
            Self::Floats(values) => values.get(place).map(ToString::to_string),
            Self::Integers(values) => values.get(place).map(ToString::to_string),
            Self::Booleans(values) => values.get(place).map(|value| if *value { "True" } else { "False" }.into()),
            Self::Texts(values) => values.get(place).cloned(),
        }
    }

    /// The values at `places`, in that order.
    fn gathered(self, places: &[usize]) -> Self {
        fn of<T: Clone>(values: &[T], places: &[usize]) -> Vec<T> {
            places.iter().map(|place| values[*place].clone()).collect()
        }
        match self {
            Self::Floats(values) => Self::Floats(of(&values, places)),
            Self::Integers(values) => Self::Integers(of(&values, places)),
            Self::Booleans(values) => Self::Booleans(of(&values, places)),
            Self::Texts(values) => Self::Texts(of(&values, places)),
        }
    }
}

impl Array {
    /// The same array with its axes in another order: axis `k` of the result is axis `order[k]` of this one.
    ///
    /// # Panics
    ///
    /// Where `order` does not name each axis once.
    #[must_use]
    pub fn turned(self, order: &[usize]) -> Self {
        assert!((0..self.shape.len()).all(|axis| order.contains(&axis)) && order.len() == self.shape.len());
        let mut strides = vec![1; self.shape.len()];
        for axis in (1..self.shape.len()).rev() {
            strides[axis - 1] = strides[axis] * self.shape[axis];
        }
        let strides: Vec<usize> = order.iter().map(|axis| strides[*axis]).collect();
        let shape: Vec<usize> = order.iter().map(|axis| self.shape[*axis]).collect();
        let places = places(&shape, &strides);
        Self { shape, values: self.values.gathered(&places) }
    }
}

/// The place of each value of an array of this shape, in C order, where each axis goes on by its stride.
fn places(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut places = vec![0];
    for (length, stride) in shape.iter().zip(strides) {
        places = places.iter().flat_map(|place| (0..*length).map(move |at| place + at * stride)).collect();
    }
    places
}

/// The first bytes of such a file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Axes of an array; NumPy has 64 at most.
const MOST_AXES: usize = 64;

/// What the header says of the values.
struct Header {
    kind: char,
    /// Bytes of a value.
    width: usize,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads a whole file.
///
/// # Errors
///
/// What is wrong at which byte.
pub fn parse(bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("byte 0: no array of NumPy: it does not begin with `\\x93NUMPY`")?;
    let cut = || "the file is cut short in its header".to_string();
    let (length, at) = match rest {
        [1, _, low, high, ..] => (usize::from(u16::from_le_bytes([*low, *high])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        [version, ..] if *version > 3 || *version == 0 => {
            return Err(format!("byte 6: version {version} of the format, and 1 to 3 are read"));
        }
        _ => return Err(cut()),
    };
    let end = at + length;
    let text = bytes.get(at..end).ok_or_else(cut)?;
    let text = String::from_utf8_lossy(text);
    let header = header(&text).map_err(|reason| format!("byte {at}: the header `{}`: {reason}", short(&text)))?;
    let data = &bytes[end..];
    let count = header.shape.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
    let size = count.and_then(|count| Some((count, count.checked_mul(header.width)?)));
    let Some((count, size)) = size else {
        return Err(format!("byte {at}: the header says an array of {:?}, more than any file holds", header.shape));
    };
    if data.len() != size {
        let shape = &header.shape;
        return Err(format!(
            "byte {end}: {} bytes of values, and an array of {shape:?} has {size}: {}",
            data.len(),
            if data.len() < size { "the file is cut short" } else { "it holds something else behind the array" }
        ));
    }
    let values = values(&header, data, count, end)?;
    let Header { shape, fortran, .. } = header;
    if !fortran || shape.len() < 2 {
        return Ok(Array { shape, values });
    }
    // In Fortran order the first axis is the fastest: a C array of the axes turned round.
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let order: Vec<usize> = (0..shape.len()).rev().collect();
    Ok(Array { shape: reversed, values }.turned(&order))
}

fn short(text: &str) -> String {
    text.trim().chars().take(80).collect()
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
fn header(text: &str) -> Result<Header, String> {
    let value = |key: &str| -> Result<&str, String> {
        let at = text.find(&format!("'{key}'")).ok_or_else(|| format!("it has no `{key}`"))?;
        let rest = text[at + key.len() + 2..].trim_start();
        rest.strip_prefix(':').map(str::trim_start).ok_or_else(|| format!("`{key}` has no value"))
    };
    let descr = value("descr")?;
    let descr = match descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
        Some((descr, _)) => descr,
        None => return Err("records of several fields are not read: save each as an array of its own".into()),
    };
    let fortran = match value("fortran_order")? {
        order if order.starts_with("True") => true,
        order if order.starts_with("False") => false,
        _ => return Err("`fortran_order` is neither True nor False".into()),
    };
    let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let lengths = shape.map_or("?", |(inside, _)| inside).split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape =
        lengths.map(|length| length.parse::<usize>().map_err(|_| format!("`{length}` is no length of an axis")));
    let shape = shape.collect::<Result<Vec<usize>, String>>()?;
    if shape.len() > MOST_AXES {
        return Err(format!("{} axes", shape.len()));
    }
    let mut letters = descr.chars();
    let order = letters.next().unwrap_or(' ');
    let kind = letters.next().unwrap_or(' ');
    if kind == 'O' {
        return Err("Python objects, which are not read since they may run code: save numbers or texts, such as \
                    `numpy.save(file, numpy.stack(x).astype(\"float32\"))`"
            .into());
    }
    let size: Option<usize> = letters.as_str().parse().ok();
    let width = match (kind, size) {
        ('f', Some(size @ (2 | 4 | 8))) | ('i' | 'u', Some(size @ (1 | 2 | 4 | 8))) | ('b', Some(size @ 1)) => {
            Some(size)
        }
        ('U', Some(letters)) => letters.checked_mul(4),
        ('S' | 'a', Some(letters)) => Some(letters),
        _ => None,
    };
    let known = ['<', '>', '|', '='].contains(&order);
    let width = width.filter(|_| known).ok_or_else(|| format!("values of the kind `{descr}` are not read"))?;
    Ok(Header { kind, width, big_endian: order == '>', fortran, shape })
}

fn values(header: &Header, data: &[u8], count: usize, at: usize) -> Result<Values, String> {
    let width = header.width;
    if width == 0 {
        // `<U0`: nothing but empty texts, of which no byte tells how many; an array of them is no use.
        return if count == 0 { Ok(Values::Texts(Vec::new())) } else { Err(format!("byte {at}: texts of no letter")) };
    }
    // The bytes of a value in the order that its type is read from.
    let ordered = |value: &[u8]| -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(value);
        if header.big_endian {
            bytes[..width].reverse();
        }
        bytes
    };
    let first4 = |bytes: [u8; 8]| [bytes[0], bytes[1], bytes[2], bytes[3]];
    let cells = data.chunks_exact(width);
    Ok(match (header.kind, width) {
        ('f', 8) => Values::Floats(cells.map(|value| f64::from_le_bytes(ordered(value))).collect()),
        ('f', 4) => Values::Floats(cells.map(|value| f64::from(f32::from_le_bytes(first4(ordered(value))))).collect()),
        ('f', _) => Values::Floats(cells.map(|value| half(ordered(value)[0], ordered(value)[1])).collect()),
        ('u', _) => Values::Integers(cells.map(|value| i128::from(u64::from_le_bytes(ordered(value)))).collect()),
        ('i', _) => {
            let unused = 64 - 8 * width as u32;
            let signed = |value: &[u8]| i64::from_le_bytes(ordered(value)) << unused >> unused;
            Values::Integers(cells.map(|value| i128::from(signed(value))).collect())
        }
        ('b', _) => Values::Booleans(data.iter().map(|value| *value != 0).collect()),
        ('U', _) => {
            let mut texts = Vec::with_capacity(count);
            for (place, cell) in cells.enumerate() {
                let letters = cell.chunks_exact(4).map(|letter| {
                    let bytes = [letter[0], letter[1], letter[2], letter[3]];
                    if header.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
                });
                let text: Option<String> = letters.map(char::from_u32).collect();
                let text = text.ok_or_else(|| format!("byte {}: no letter of Unicode", at + place * width))?;
                texts.push(text.trim_end_matches('\0').to_string());
            }
            Values::Texts(texts)
        }
        _ => {
            Values::Texts(cells.map(|cell| String::from_utf8_lossy(cell).trim_end_matches('\0').to_string()).collect())
        }
    })
}

/// A float of 16 bits (IEEE 754 binary16).
fn half(low: u8, high: u8) -> f64 {
    let bits = u16::from_le_bytes([low, high]);
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn refused(header: &str, data: &[u8]) -> String {
        parse(&file(header, data)).unwrap_err()
    }

    #[test]
    fn numbers_of_16_bits_are_read() {
        // 1, -2, 65504 (the largest), the smallest, infinity.
        let bits: [u16; 5] = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00];
        let found = bits.map(|bits| half(bits.to_le_bytes()[0], bits.to_le_bytes()[1]));
        assert_eq!(found, [1.0, -2.0, 65504.0, 2f64.powi(-24), f64::INFINITY]);
    }

    #[test]
    fn axes_are_turned() {
        let array = Array { shape: vec![2, 3], values: Values::Integers(vec![1, 2, 3, 4, 5, 6]) };
        let turned = array.turned(&[1, 0]);
        assert_eq!((turned.shape, turned.values), (vec![3, 2], Values::Integers(vec![1, 4, 2, 5, 3, 6])));
    }

    #[test]
    fn what_is_wrong_is_told_by_byte() {
        let plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
        assert!(
            refused(plain, &[0; 7])
                .contains("byte 67: 7 bytes of values, and an array of [2] has 8: the file is cut short")
        );
        assert!(refused(plain, &[0; 9]).contains("something else behind the array"));
        assert!(
            refused(&plain.replace("(2,)", "(99999999999, 99999999999)"), &[]).contains("more than any file holds")
        );
        assert!(refused(&plain.replace("<f4", "|O"), &[]).contains("they may run code"));
        assert!(refused(&plain.replace("<f4", "<c8"), &[]).contains("kind `<c8` are not read"));
        assert!(refused("{'shape': (1,)}", &[]).contains("it has no `descr`"));
        assert!(parse(b"\x93NUMPY\x01\x00\xff").unwrap_err().contains("cut short in its header"));
        assert!(parse(b"PK").unwrap_err().contains("no array of NumPy"));
    }
}
