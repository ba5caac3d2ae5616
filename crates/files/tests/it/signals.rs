//! Recordings that pyEDFlib and wfdb wrote, and the values that they read (`fixtures/signals.py`).

use crate::fixture;
use semiseq_files::signals::{Annotation, Signal};
use semiseq_files::{edf, wfdb};

/// The lists of numbers under a key of `signals.json`.
fn expected(key: &str) -> Vec<Vec<f64>> {
    let json: serde_json::Value = serde_json::from_slice(&fixture("signals.json")).unwrap();
    serde_json::from_value(json[key].clone()).unwrap()
}

fn assert_same(signals: &[Signal], key: &str) {
    let expected = expected(key);
    assert_eq!(signals.len(), expected.len());
    for (signal, expected) in signals.iter().zip(expected) {
        assert_eq!(signal.values.len(), expected.len());
        assert!(
            signal.values.iter().zip(expected).all(|(found, value)| (f64::from(*found) - value).abs() < 1e-5),
            "{key}"
        );
    }
}

#[test]
fn edf_is_read_as_pyedflib_reads_it() {
    let recording = edf::parse(&fixture("sleep.edf")).unwrap();
    assert!(recording.patient.contains("P-17"), "{}", recording.patient);
    assert_same(&recording.signals, "sleep");
    let heads: Vec<(&str, &str, f64)> =
        recording.signals.iter().map(|signal| (signal.name.as_str(), signal.unit.as_str(), signal.rate)).collect();
    assert_eq!(heads, [("EEG Fpz-Cz", "uV", 100.0), ("EOG horizontal", "uV", 50.0)]);
    let note = |onset: f64, duration: Option<f64>, text: &str| Annotation { onset, duration, text: text.into() };
    assert_eq!(
        recording.annotations,
        [note(0.0, Some(2.0), "Sleep stage W"), note(2.0, Some(3.5), "Sleep stage 1"), note(5.5, None, "Arousal"),]
    );
}

#[test]
fn wfdb_is_read_as_wfdb_reads_it() {
    for name in ["beats16", "beats212"] {
        let header = wfdb::header(&String::from_utf8(fixture(&format!("{name}.hea"))).unwrap()).unwrap();
        let signals = header.signals(&header.files[0], &fixture(&header.files[0].name)).unwrap();
        assert_same(&signals, name);
        assert_eq!((signals[1].name.as_str(), signals[1].unit.as_str(), signals[1].rate), ("V5", "mV", 250.0));
    }
    let notes = wfdb::annotations(&fixture("beats212.atr"), 250.0).unwrap();
    let found: Vec<(f64, &str)> = notes.iter().map(|note| (note.onset * 250.0, note.text.as_str())).collect();
    assert_eq!(found, [(10.0, "(N"), (60.0, "N"), (130.0, "V"), (480.0, "N")]);
    let notes = wfdb::annotations(&fixture("beats16.atr"), 250.0).unwrap();
    assert_eq!(notes[0], Annotation { onset: 0.02, duration: Some(1.18), text: "(AFIB".into() });
    assert_eq!((notes[1].duration, notes[2].text.as_str()), (Some(f64::INFINITY), "N"));
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let mut bytes = fixture("sleep.edf");
    let whole = bytes.len();
    bytes.truncate(whole - 10);
    let message = edf::parse(&bytes).unwrap_err();
    assert!(
        message.contains(&format!("byte {}: the header promises", whole - 10)) && message.contains("cut short"),
        "{message}"
    );
    bytes[252..256].copy_from_slice(b"x   ");
    assert_eq!(edf::parse(&bytes).unwrap_err(), "byte 252: `x` is not a number of channels");
    let refused = |text: &str| wfdb::header(text).unwrap_err();
    assert!(refused("r/2 1 360 100\n").contains("several segments"));
    assert!(refused("r 1 fast 100\n").contains("line 1: `fast` is no sampling rate"));
    assert!(refused("r 2 360 100\nr.dat 16\n").contains("2 signals, and 1 lines"));
    assert!(refused("# c\nr 1 360 100\nr.dat 80\n").contains("line 3: format 80 is not read"));
    let header = wfdb::header("r 1 360 100\nr.dat 16\n").unwrap();
    assert!(
        header.signals(&header.files[0], &[0; 199]).unwrap_err().contains("100 samples of 1 signals, and 99 are there")
    );
    assert!(wfdb::annotations(&[1], 250.0).unwrap_err().contains("byte 0: the file is cut short"));
}
