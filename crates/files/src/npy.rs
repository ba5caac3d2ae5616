//! `.npy`, the format of NumPy's arrays (NEP 1): a header that is a dictionary as Python writes it, and the values in C
//! or in Fortran order. Objects are refused: they are pickled Python, which runs code. A [`Reader`] holds no more than
//! the values that are asked for.

use std::io::{Read, Seek, SeekFrom};

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

    /// As [`Self::numbers`], in the place of the values.
    pub fn into_numbers(self) -> Option<Vec<f64>> {
        match self {
            Self::Floats(values) => Some(values),
            other => other.numbers(),
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

    /// Adds values of the same kind.
    fn extend(&mut self, more: Self) {
        match (self, more) {
            (Self::Floats(values), Self::Floats(more)) => values.extend(more),
            (Self::Integers(values), Self::Integers(more)) => values.extend(more),
            (Self::Booleans(values), Self::Booleans(more)) => values.extend(more),
            (Self::Texts(values), Self::Texts(more)) => values.extend(more),
            (values, more) => *values = more,
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

/// Values that are read at once where a whole array is.
const PART: usize = 1 << 16;

/// Reads a whole file.
///
/// # Errors
///
/// What is wrong at which byte.
pub fn parse(bytes: &[u8]) -> Result<Array, String> {
    Reader::open(bytes, bytes.len() as u64)?.array()
}

/// An array that is read from its beginning to its end.
pub struct Reader<R> {
    inner: R,
    header: Header,
    /// Where the values begin.
    begin: u64,
    /// Values that are still to come.
    left: usize,
    /// Bytes before the next value.
    at: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the header of an array whose file has `size` bytes.
    ///
    /// # Errors
    ///
    /// What is wrong at which byte; a size that does not fit the array.
    pub fn open(mut inner: R, size: u64) -> Result<Self, String> {
        let mut first = Vec::new();
        inner.by_ref().take(8).read_to_end(&mut first).map_err(|error| error.to_string())?;
        let version = first.strip_prefix(MAGIC);
        let version = version.ok_or("byte 0: no array of NumPy: it does not begin with `\\x93NUMPY`")?.first();
        let cut = || "the file is cut short in its header".to_string();
        let mut length = [0; 4];
        let width = match version {
            Some(1) => 2,
            Some(2 | 3) => 4,
            Some(version) => return Err(format!("byte 6: version {version} of the format, and 1 to 3 are read")),
            None => return Err(cut()),
        };
        inner.read_exact(&mut length[..width]).map_err(|_| cut())?;
        let (length, at) = (u64::from(u32::from_le_bytes(length)), 8 + width as u64);
        let end = at + length;
        let mut text = Vec::new();
        inner.by_ref().take(length).read_to_end(&mut text).map_err(|error| error.to_string())?;
        if size < end || (text.len() as u64) < length {
            return Err(cut());
        }
        let text = String::from_utf8_lossy(&text);
        let header = header(&text).map_err(|reason| format!("byte {at}: the header `{}`: {reason}", short(&text)))?;
        let count = header.shape.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
        let wanted = count.and_then(|count| Some((count, count.checked_mul(header.width)?)));
        let Some((left, wanted)) = wanted else {
            return Err(format!("byte {at}: the header says an array of {:?}, more than any file holds", header.shape));
        };
        let found = size - end;
        if found != wanted as u64 {
            let shape = &header.shape;
            return Err(format!(
                "byte {end}: {found} bytes of values, and an array of {shape:?} has {wanted}: {}",
                if found < wanted as u64 {
                    "the file is cut short"
                } else {
                    "it holds something else behind the array"
                }
            ));
        }
        if header.width == 0 && left > 0 {
            // `<U0`: nothing but empty texts, of which no byte tells how many; an array of them is no use.
            return Err(format!("byte {end}: texts of no letter"));
        }
        Ok(Self { inner, header, begin: end, left, at: end })
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Whether the last axis is the fastest in the file, so that [`Self::next`] gives the values in their order.
    pub fn is_in_order(&self) -> bool {
        !self.header.fortran || self.header.shape.len() < 2
    }

    /// Whether the values are texts.
    pub fn holds_texts(&self) -> bool {
        !matches!(self.header.kind, 'f' | 'i' | 'u' | 'b')
    }

    /// The next values as they stand in the file; less than `count` where it ends before.
    ///
    /// # Errors
    ///
    /// A file that ends before its array, or cannot be read.
    pub fn next(&mut self, count: usize) -> Result<Values, String> {
        let count = count.min(self.left);
        let size = count * self.header.width;
        let mut bytes = Vec::new();
        self.inner.by_ref().take(size as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() < size {
            return Err(format!("byte {}: the file is cut short", self.at + bytes.len() as u64));
        }
        let values = values(&self.header, &bytes, self.at)?;
        self.left -= count;
        self.at += size as u64;
        if self.left == 0 {
            // A packed file has its checksum behind its end.
            let more = self.inner.read(&mut [0]).map_err(|error| error.to_string())?;
            if more > 0 {
                return Err(format!("byte {}: the file holds something else behind the array", self.at));
            }
        }
        Ok(values)
    }

    /// The whole array, where nothing was read of it before.
    ///
    /// # Errors
    ///
    /// As [`Self::next`].
    pub fn array(mut self) -> Result<Array, String> {
        let mut values = self.next(PART)?;
        while self.left > 0 {
            values.extend(self.next(PART)?);
        }
        let in_order = self.is_in_order();
        let shape = self.header.shape;
        if in_order {
            return Ok(Array { shape, values });
        }
        // In Fortran order the first axis is the fastest: a C array of the axes turned round.
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let order: Vec<usize> = (0..shape.len()).rev().collect();
        Ok(Array { shape: reversed, values }.turned(&order))
    }
}

impl<R: Read + Seek> Reader<R> {
    /// The values at `count` places of an axis from `from` on, of all places of the others, with the axes in another
    /// order, as in [`Array::turned`]. In the file they stand in pieces: a part of an array whose order is not the one
    /// that is asked for, without the rest.
    ///
    /// # Errors
    ///
    /// Places beyond the axis; a file that cannot be read.
    pub fn slab(&mut self, axis: usize, from: usize, count: usize, order: &[usize]) -> Result<Array, String> {
        let axes = self.header.shape.len();
        let beyond = || format!("no {count} places from {from} on along axis {axis} of {:?}", self.header.shape);
        // In Fortran order the axes stand in the file the other way round.
        let in_file = |axis: usize| if self.is_in_order() { axis } else { axes - 1 - axis };
        let mut shape: Vec<usize> = (0..axes).map(|place| self.header.shape[in_file(place)]).collect();
        if axis >= axes || from.checked_add(count).is_none_or(|end| end > self.header.shape[axis]) {
            return Err(beyond());
        }
        let axis = in_file(axis);
        let order: Vec<usize> = order.iter().map(|axis| in_file(*axis)).collect();
        let (pieces, faster): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        let width = self.header.width;
        let mut bytes = vec![0; pieces * count * faster * width];
        for (piece, part) in bytes.chunks_exact_mut((count * faster * width).max(1)).enumerate() {
            let place = (piece * shape[axis] + from) * faster * width;
            let read = self.inner.seek(SeekFrom::Start(self.begin + place as u64));
            read.and_then(|_| self.inner.read_exact(part)).map_err(|error| error.to_string())?;
        }
        shape[axis] = count;
        Ok(Array { shape, values: values(&self.header, &bytes, self.begin)? }.turned(&order))
    }
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

fn values(header: &Header, data: &[u8], at: u64) -> Result<Values, String> {
    let width = header.width;
    if width == 0 {
        return Ok(Values::Texts(Vec::new()));
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
            let mut texts = Vec::with_capacity(data.len() / width);
            for (place, cell) in cells.enumerate() {
                let letters = cell.chunks_exact(4).map(|letter| {
                    let bytes = [letter[0], letter[1], letter[2], letter[3]];
                    if header.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
                });
                let text: Option<String> = letters.map(char::from_u32).collect();
                let text = text.ok_or_else(|| format!("byte {}: no letter of Unicode", at + (place * width) as u64))?;
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
    fn parts_of_an_array_are_those_of_the_whole() {
        let whole = (0..24).map(|value| value as u8).collect::<Vec<u8>>();
        for fortran in ["False", "True"] {
            let file = file(&format!("{{'descr': '|u1', 'fortran_order': {fortran}, 'shape': (2, 3, 4)}}"), &whole);
            let array = parse(&file).unwrap();
            for axis in 0..3 {
                for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
                    // With this axis first, a part is a piece of the values.
                    let first: Vec<usize> =
                        [axis].into_iter().chain(order.into_iter().filter(|at| *at != axis)).collect();
                    let length = array.shape[axis];
                    let expected = array.clone().turned(&first).values;
                    let mut found: Option<Values> = None;
                    for from in (0..length).step_by(2) {
                        let mut reader = Reader::open(std::io::Cursor::new(&file), file.len() as u64).unwrap();
                        let part = reader.slab(axis, from, 2.min(length - from), &first).unwrap();
                        assert_eq!(part.shape[0], 2.min(length - from));
                        match &mut found {
                            Some(found) => found.extend(part.values),
                            None => found = Some(part.values),
                        }
                    }
                    assert_eq!(found.unwrap(), expected, "{fortran}, axis {axis}, {first:?}");
                }
            }
            let mut reader = Reader::open(std::io::Cursor::new(&file), file.len() as u64).unwrap();
            assert!(reader.slab(1, 2, 2, &[0, 1, 2]).unwrap_err().contains("no 2 places from 2 on along axis 1"));
        }
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
