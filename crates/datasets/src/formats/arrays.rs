//! `.npy` and `.npz` of NumPy: an array of series, and one of labels beside it. `data.axes` says the order of its axes;
//! by default they are sequences, time, channels, as PyTorch (`batch_first`) and Keras have them; aeon and sktime have
//! `"nct"`. Sequence by sequence: none is held but the one that is read, where they stand one behind the other.

use std::io::Read;
use std::path::{Path, PathBuf};

use semiseq_files::npy::{Array, Reader};
use semiseq_files::npz::{self, Archive};

use crate::error::DataError;
use crate::formats::decode::seekable;
use crate::formats::limit::most_bytes;
use crate::formats::table::names::column_place;
use crate::formats::table::{TARGETS, listed};
use crate::formats::{Format, ReadOptions, Rows};
use crate::levels::leveled;
use crate::packed::spool;
use crate::sequence::Sequence;

pub(super) const NPY: Format = Format {
    name: "npy",
    summary: "array of NumPy, sequences × time × channels; labels in `y.npy` beside `X.npy`",
    endings: &["npy"],
    columns: false,
    read: read_array,
};
pub(super) const NPZ: Format = Format {
    name: "npz",
    summary: "archive of NumPy's arrays: `X`, and `y` where there are labels",
    endings: &["npz"],
    columns: true,
    read: read_archive,
};

/// Values that are held at once of an array whose sequences do not stand one behind the other.
const SLAB: usize = 1 << 21;

/// Names of the array of values, the likeliest first; of a file or an array in an archive.
const INPUTS: [&str; 6] = ["x", "x_train", "data", "values", "features", "inputs"];
/// What stands beside each.
const LABELS: [&str; 4] = ["y", "y_train", "labels", "targets"];
/// Arrays of a test part within the archive of the training part.
const TEST: [&str; 2] = ["x_test", "y_test"];

fn read_array(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let wrong = |path: &Path, reason: String| {
        DataError::new(format!("{}: {reason}", path.display()), "write it with `numpy.save`, as numbers or texts")
    };
    let open = |path: &Path| {
        let (bytes, size) = seekable(path)?;
        Reader::open(bytes, size).map_err(|reason| wrong(path, reason))
    };
    let values = open(path)?;
    let labels = labels_beside(path);
    let array = |path: &PathBuf| open(path)?.array().map_err(|reason| wrong(path, reason));
    let targets = labels.as_ref().map(array).transpose()?;
    let mut rows = Rows { name: path.display().to_string(), ..Rows::default() };
    push(&mut rows, values, Some(Reader::slab), options, |reason| wrong(path, reason))?;
    match (labels, targets) {
        (Some(path), Some(targets)) => rows.labels = one_each(&rows, &path.display().to_string(), &targets)?,
        _ => rows.labels.resize(rows.sequences.len(), String::new()),
    }
    Ok(rows)
}

/// `y_train.npy` beside `X_train.npy`.
fn labels_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let rest = name.strip_prefix(['x', 'X'])?;
    ["y", "Y"].iter().map(|first| path.with_file_name(format!("{first}{rest}"))).find(|path| path.is_file())
}

fn read_archive(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let wrong =
        |reason: String| DataError::new(format!("{name}: {reason}"), "write it with `numpy.savez(file, X=…, y=…)`");
    let mut archive = Archive::open(seekable(path)?.0).map_err(wrong)?;
    let names = archive.names();
    let usual =
        |known: &[&str]| known.iter().find_map(|known| names.iter().position(|own| own.eq_ignore_ascii_case(known)));
    let asked = |key: &str, wanted: &Option<String>| {
        wanted.as_ref().map(|wanted| column_place(&name, &names, key, wanted)).transpose()
    };
    let inputs =
        asked("features", &options.features.first().cloned())?.or_else(|| usual(&INPUTS)).or(match names[..] {
            [_] => Some(0),
            _ => None,
        });
    let Some(inputs) = inputs else {
        let known = listed(&names);
        return Err(DataError::new(
            format!("{name}: no array is called `X`; there are {known}"),
            "name the array of values with `data.features`, that of labels with `data.target`",
        ));
    };
    let later = options.like.is_some();
    let optional = |key: &str, wanted: &Option<String>| match asked(key, wanted) {
        Err(_) if later => Ok(None),
        found => found,
    };
    let target = optional("target", &options.target)?.or_else(|| usual(&LABELS)).or_else(|| usual(&TARGETS));
    let id = optional("id", &options.id)?.or_else(|| usual(&["id", "ids"]));
    // What is packed is trained on, and names of rows are for predictions.
    let named = id.filter(|_| !spool::is_on());
    let group = optional("labels.group", &options.group)?;
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let values = archive.reader(&names[inputs], most_bytes()).map_err(wrong)?;
    push(&mut rows, values, None, options, |reason| wrong(npz::told(&names[inputs], reason)))?;
    let mut array = |place: usize| archive.array(&names[place], most_bytes()).map_err(wrong);
    let mut of = |place: Option<usize>| {
        place.map(|place| one_each(&rows, &format!("{name}: `{}`", names[place]), &array(place)?)).transpose()
    };
    let (labels, ids, groups) = (of(target)?, of(named)?, of(group)?);
    rows.labels = labels.unwrap_or_else(|| vec![String::new(); rows.sequences.len()]);
    rows.keys.ids = ids.unwrap_or_default();
    rows.keys.groups = groups.unwrap_or_default();
    let read = [Some(inputs), target, id, group];
    let others: Vec<String> =
        (0..names.len()).filter(|place| !read.contains(&Some(*place))).map(|place| names[place].clone()).collect();
    if !others.is_empty() {
        let test = others.iter().any(|own| TEST.iter().any(|known| own.eq_ignore_ascii_case(known)));
        let mend = if test {
            "write the test part to a file of its own, for `data.test`"
        } else {
            "`data.features` and `data.target` name others"
        };
        rows.notes.push(format!("{name}: left out: {}; {mend}", listed(&others)));
    }
    Ok(rows)
}

/// A label, name or group per sequence.
fn one_each(rows: &Rows, name: &str, array: &Array) -> Result<Vec<String>, DataError> {
    let count = rows.sequences.len();
    if array.values.len() != count || array.shape.first() != Some(&count) {
        return Err(DataError::new(
            format!("{name} has the shape {:?}, and there are {count} sequences", array.shape),
            "it holds one value per sequence; of one-hot rows take `numpy.argmax(y, axis=1)`",
        ));
    }
    Ok((0..count).filter_map(|place| array.values.text(place)).collect())
}

/// How the sequences of an array lie in it.
struct Axes {
    /// The array's axes in the order sequences, time, channels, as far as it has them.
    order: Vec<usize>,
    /// Whether one sequence stands behind the other, and channels within each before time.
    apart: bool,
    /// The axis of the sequences.
    along: Option<usize>,
    channels_first: bool,
    sequences: usize,
    time: usize,
    channels: usize,
}

impl Axes {
    fn of(rows: &mut Rows, values: &Reader<impl Read>, options: &ReadOptions) -> Result<Self, DataError> {
        let (name, shape) = (&rows.name, values.shape());
        let default = ["t", "nt", "ntc"].get(shape.len().wrapping_sub(1));
        let axes = options.axes.as_deref().or(default.copied()).unwrap_or_default();
        let order: Vec<usize> = "ntc".chars().filter_map(|axis| axes.find(axis)).collect();
        if axes.len() != shape.len() || order.len() != shape.len() || !axes.contains('t') {
            return Err(DataError::new(
                format!("{name}: an array of the shape {shape:?} has not the axes `{axes}`"),
                "`data.axes` names each axis in its order: `n` sequences, `t` time, `c` channels, such as \"ntc\", \
                 \"nct\" or \"nt\"",
            ));
        }
        if values.holds_texts() || shape.contains(&0) {
            let what = if shape.contains(&0) { format!("nothing: its shape is {shape:?}") } else { "texts".into() };
            return Err(DataError::new(format!("{name}: the array of values holds {what}"), "expected numbers"));
        }
        let length = |axis: char| axes.find(axis).map_or(1, |place| shape[place]);
        let (sequences, time, channels) = (length('n'), length('t'), length('c'));
        if options.axes.is_none() && shape.len() == 3 && options.like.is_none() {
            rows.notes.push(format!(
                "{name}: read as {sequences} sequences of {time} steps of {channels} channels; `data.axes = \"nct\"` \
                 where channels come before time"
            ));
        }
        let apart = values.is_in_order() && axes.find('n').is_none_or(|place| place == 0);
        let along = axes.find('n');
        let channels_first = axes.find('c') < axes.find('t') && channels > 1;
        Ok(Self { order, apart, along, channels_first, sequences, time, channels })
    }
}

/// How some sequences are read of a file that can be read at any place: [`Reader::slab`].
type Slab<R> = fn(&mut Reader<R>, usize, usize, usize, &[usize]) -> Result<Array, String>;

/// Adds the sequences of an array.
fn push<R: Read>(
    rows: &mut Rows,
    mut values: Reader<R>,
    slab: Option<Slab<R>>,
    options: &ReadOptions,
    wrong: impl Fn(String) -> DataError,
) -> Result<(), DataError> {
    let axes = Axes::of(rows, &values, options)?;
    let (name, size) = (rows.name.clone(), axes.time * axes.channels);
    let mut sink = spool::sink()?;
    let mut add = |series: &[f64]| -> Result<(), DataError> {
        let place = sink.len();
        if let Some(value) = series.iter().find(|value| !value.is_nan() && !(**value as f32).is_finite()) {
            return Err(DataError::new(
                format!("{name}: sequence {}: `{value}` is not a finite number", place + 1),
                "a missing value is NaN",
            ));
        }
        rows.codes.look(series, axes.channels);
        let (series, level) = leveled(series, axes.channels);
        rows.levels.push(place, level);
        sink.push(Sequence::Series(series))
    };
    if axes.apart {
        for _ in 0..axes.sequences {
            let series = values.next(size).map_err(&wrong)?;
            let series = if axes.channels_first {
                Array { shape: vec![axes.channels, axes.time], values: series }.turned(&[1, 0]).values
            } else {
                series
            };
            add(&series.into_numbers().unwrap_or_default())?;
        }
    } else if let (Some(slab), Some(along)) = (slab, axes.along) {
        let at_once = (SLAB / size).max(1);
        for from in (0..axes.sequences).step_by(at_once) {
            let count = at_once.min(axes.sequences - from);
            let turned = slab(&mut values, along, from, count, &axes.order).map_err(&wrong)?;
            turned.values.into_numbers().unwrap_or_default().chunks_exact(size).try_for_each(&mut add)?;
        }
    } else {
        let turned = values.array().map_err(&wrong)?.turned(&axes.order);
        turned.values.into_numbers().unwrap_or_default().chunks_exact(size).try_for_each(add)?;
    }
    rows.sequences = sink.finish(&[])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{read, tests::folder};
    use crate::sequence::Sequence;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures").join(name)
    }

    fn first(rows: &Rows) -> (Vec<f32>, usize) {
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        (series.values.clone(), series.channels)
    }

    #[test]
    fn the_axes_are_those_that_the_config_names() {
        let path = fixture("fortran.npy");
        let of = |axes: Option<&str>| {
            let options = ReadOptions { axes: axes.map(String::from), ..ReadOptions::default() };
            read(&path, None, &options)
        };
        let plain = of(None).unwrap();
        assert_eq!((plain.sequences.len(), first(&plain).1), (2, 4));
        assert_eq!(first(&plain).0[..5], [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert!(plain.notes[0].contains("2 sequences of 3 steps of 4 channels"), "{:?}", plain.notes);
        let turned = of(Some("nct")).unwrap();
        assert_eq!((first(&turned).0[..4].to_vec(), first(&turned).1), (vec![0.0, 1.0, 2.0, 0.25], 3));
        let by_time = of(Some("tnc")).unwrap();
        assert_eq!((by_time.sequences.len(), first(&by_time).0[4]), (3, 3.0));
        let message = of(Some("nt")).unwrap_err().in_full();
        assert!(message.contains("shape [2, 3, 4] has not the axes `nt`"), "{message}");
    }

    #[test]
    fn an_archive_has_values_labels_and_names() {
        let rows = read(&fixture("packed.npz"), None, &ReadOptions::default()).unwrap();
        assert_eq!((rows.labels.clone(), first(&rows).1), (["a", "b", "a", "b"].map(String::from).to_vec(), 3));
        assert!(rows.notes.iter().any(|note| note.contains("left out: `counts`")), "{:?}", rows.notes);
        let options = ReadOptions { target: Some("counts".into()), id: Some("y".into()), ..ReadOptions::default() };
        let rows = read(&fixture("packed.npz"), None, &options).unwrap();
        assert_eq!((rows.labels[1].as_str(), rows.keys.ids[1].as_str()), ("-2", "b"));
        let options = ReadOptions { target: Some("small".into()), ..ReadOptions::default() };
        let message = read(&fixture("packed.npz"), None, &options).unwrap_err().in_full();
        assert!(message.contains("`small` has the shape [2], and there are 4 sequences"), "{message}");
        let options = ReadOptions { target: Some("yy".into()), ..ReadOptions::default() };
        let message = read(&fixture("packed.npz"), None, &options).unwrap_err().in_full();
        assert!(message.contains("no column `yy`"), "{message}");
        let rows = read(&fixture("plain.npz"), None, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["0", "1"]);
        assert!(rows.notes.iter().any(|note| note.contains("test part to a file of its own")), "{:?}", rows.notes);
    }

    #[test]
    fn labels_stand_beside_the_values() {
        let path = folder("npy");
        std::fs::copy(fixture("fortran.npy"), path.join("X_train.npy")).unwrap();
        std::fs::copy(fixture("words.npy"), path.join("y_train.npy")).unwrap();
        let message = read(&path.join("X_train.npy"), None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("y_train.npy has the shape [4], and there are 2 sequences"), "{message}");
        std::fs::remove_file(path.join("y_train.npy")).unwrap();
        assert_eq!(read(&path.join("X_train.npy"), None, &ReadOptions::default()).unwrap().labels, ["", ""]);
        let message = read(&fixture("words.npy"), None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("the array of values holds texts"), "{message}");
    }

    /// A file of an array, as NumPy writes it.
    fn array(kind: &str, fortran: bool, shape: &str, values: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &values.flatten().collect::<Vec<u8>>()].concat()
    }

    #[test]
    fn sequences_one_by_one_are_those_of_the_whole() {
        let folder = folder("npy-order");
        // Value `n * 100 + t * 10 + c` of 6 sequences, 5 steps, 3 channels, in each order of the axes.
        let lengths = |axis: char| [("n", 6), ("t", 5), ("c", 3)].iter().find(|(own, _)| own.contains(axis)).unwrap().1;
        let value = |places: &[(char, usize)]| {
            let number: usize = places
                .iter()
                .map(|(axis, place)| {
                    place
                        * match axis {
                            'n' => 100,
                            't' => 10,
                            _ => 1,
                        }
                })
                .sum();
            (number as f32 / 8.0).to_le_bytes().to_vec()
        };
        let mut first: Option<String> = None;
        for axes in ["ntc", "nct", "tnc", "tcn", "cnt", "ctn"] {
            for fortran in [false, true] {
                let names: Vec<char> = axes.chars().collect();
                let sizes: Vec<usize> = names.iter().map(|axis| lengths(*axis)).collect();
                let values = (0..90).map(|at| {
                    let mut rest = at;
                    let mut places = vec![('n', 0); 3];
                    let fastest_first: Vec<usize> = if fortran { vec![0, 1, 2] } else { vec![2, 1, 0] };
                    for axis in fastest_first {
                        places[axis] = (names[axis], rest % sizes[axis]);
                        rest /= sizes[axis];
                    }
                    value(&places)
                });
                let shape = format!("({}, {}, {})", sizes[0], sizes[1], sizes[2]);
                let path = folder.join(format!("{axes}-{fortran}.npy"));
                let bytes = array("<f4", fortran, &shape, values);
                std::fs::write(&path, &bytes).unwrap();
                // An entry of an archive is read from its beginning to its end.
                let packed = path.with_extension("npz");
                let mut archive = zip::ZipWriter::new(std::fs::File::create(&packed).unwrap());
                archive.start_file("X.npy", zip::write::SimpleFileOptions::default()).unwrap();
                std::io::Write::write_all(&mut archive, &bytes).unwrap();
                archive.finish().unwrap();
                let options = ReadOptions { axes: Some(axes.into()), ..ReadOptions::default() };
                for path in [path, packed] {
                    let rows = read(&path, None, &options).unwrap();
                    let found = format!("{:?} {:?} {:?}", rows.sequences, rows.labels, rows.levels);
                    assert_eq!(rows.sequences.len(), 6);
                    assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn files_that_are_cut_or_packed_are_told_or_unpacked() {
        let folder = folder("npy-cut");
        let values = || (0..12u8).map(|value| f32::from(value).to_le_bytes().to_vec());
        let whole = array("<f4", false, "(3, 4)", values());
        let path = folder.join("X.npy");
        let told = |bytes: &[u8], axes: Option<&str>| {
            std::fs::write(&path, bytes).unwrap();
            let options = ReadOptions { axes: axes.map(String::from), ..ReadOptions::default() };
            read(&path, None, &options).unwrap_err().in_full()
        };
        assert!(
            told(&whole[..whole.len() - 5], None).contains("X.npy: byte ") && told(&whole[..80], None).contains("cut")
        );
        assert!(told(&[&whole[..], &[0]].concat(), None).contains("something else behind the array"));
        assert!(told(&whole, Some("tt")).contains("has not the axes `tt`"));
        let infinite =
            array("<f4", false, "(3, 1)", [1.0, f32::INFINITY, 2.0].into_iter().map(|v| v.to_le_bytes().to_vec()));
        assert!(told(&infinite, None).contains("sequence 2: `inf` is not a finite number"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &whole).unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        assert_eq!(read(&path, None, &ReadOptions::default()).unwrap().sequences.len(), 3);
    }
}
