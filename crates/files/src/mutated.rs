//! Readers on files with a few changes: whatever is in a file, it is read or refused, and nothing panics.

use proptest::prelude::*;

/// Files of each kind that a test makes.
const CASES: u32 = 3_000;

/// A change: its kind, two places as shares of the length, and a byte.
type Change = (u8, u16, u16, u8);

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (kind, first, second, byte) in changes {
        let place = |share: u16| usize::from(share) * bytes.len() / (usize::from(u16::MAX) + 1);
        let (from, to) = (place(*first).min(place(*second)), place(*first).max(place(*second)));
        match kind {
            0 if from < bytes.len() => bytes[from] ^= 1 << (byte % 8),
            1 if from < bytes.len() => bytes[from] = *byte,
            2 => bytes.insert(from, *byte),
            3 => drop(bytes.drain(from..to)),
            4 => bytes.truncate(to),
            _ => bytes[from..to].reverse(),
        }
    }
    bytes
}

/// Reads a file with thousands of changes.
pub(crate) fn hold(bytes: &[u8], read: impl Fn(&[u8])) {
    let changes = prop::collection::vec((0..6u8, any::<u16>(), any::<u16>(), any::<u8>()), 1..5);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    proptest!(config, |(list in changes)| read(&changed(bytes, &list)));
    for length in 0..bytes.len().min(2_000) {
        read(&bytes[..length]);
    }
}

/// A file that another program wrote.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn arrays_hold() {
    for name in ["fortran.npy", "words.npy"] {
        hold(&fixture(name), |bytes| drop(crate::npy::parse(bytes)));
    }
}

#[test]
fn archives_hold() {
    hold(&fixture("packed.npz"), |bytes| {
        let Ok(mut archive) = crate::npz::Archive::open(std::io::Cursor::new(bytes)) else { return };
        archive.names().iter().for_each(|name| drop(archive.array(name, 1 << 20)));
    });
}

#[test]
fn relations_hold() {
    let text = fixture("relational.arff");
    hold(&text, |bytes| drop(crate::arff::parse(&String::from_utf8_lossy(bytes))));
}

#[test]
fn signals_hold() {
    hold(&fixture("sleep.edf"), |bytes| drop(crate::edf::parse(bytes)));
}

#[test]
fn headers_samples_and_annotations_hold() {
    let samples = [fixture("beats16.dat"), fixture("beats212.dat")];
    for name in ["beats16", "beats212"] {
        hold(&fixture(&format!("{name}.hea")), |bytes| {
            let Ok(header) = crate::wfdb::header(&String::from_utf8_lossy(bytes)) else { return };
            for file in &header.files {
                samples.iter().for_each(|samples| drop(header.signals(file, samples)));
            }
        });
        hold(&fixture(&format!("{name}.atr")), |bytes| drop(crate::wfdb::annotations(bytes, 250.0)));
    }
}

#[test]
fn images_hold() {
    for name in ["grey.png", "palette.png", "deep.png"] {
        hold(&fixture(name), |bytes| drop(crate::png::parse(bytes, 1 << 20)));
    }
}

#[test]
#[cfg(feature = "parquet")]
fn tables_of_parquet_hold() {
    for name in ["wide.parquet", "lists.parquet"] {
        hold(&fixture(name), |bytes| drop(quiet(|| crate::parquet::parse(bytes.to_vec()))));
    }
}

#[test]
#[cfg(feature = "arrow")]
fn tables_of_arrow_hold() {
    for name in ["wide.arrow", "lists.arrows", "texts.arrow"] {
        hold(&fixture(name), |bytes| drop(quiet(|| crate::arrow::parse(bytes.to_vec()))));
    }
}

/// A library that is not ours may panic over a damaged file: whoever calls it makes an error of that.
#[cfg(any(feature = "parquet", feature = "arrow"))]
fn quiet<T>(read: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok()
}
