//! Readers and tokenizers on files with a few changes: whatever is in a file, it is read or refused, and nothing
//! panics, hangs or gives what later parts cannot work on.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::config::DataConfig;
use crate::fixtures::folder;
use crate::formats::{ReadOptions, read};
use crate::preparation::segment::SegmentConfig;
use crate::preparation::text::Tokenizer;
use crate::preparation::transform::{TextUnit, TransformConfig};
use crate::prepare_source::prepare_source;
use crate::sequence::Sequence;
use crate::sources::parts::Source;
use crate::sources::read::dataset_from_rows;
use crate::target_kind::TargetKind;
use crate::word_vectors::WordVectors;

/// Files of each kind that a test makes.
const CASES: u32 = 2_000;

/// Pieces that readers look for, and numbers at the edges.
const PIECES: [&[u8]; 24] = [
    b"",
    b",",
    b";",
    b":",
    b"\t",
    b"\"",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"nan",
    b"-inf",
    b"1e39",
    b"-0",
    b"99999999999999999999",
    b"?",
    b"@data",
    b"[",
    b"]",
    b"{",
    b"}",
    b"null",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
];

/// A change: its kind, two places as shares of the length, and a piece.
type Change = (u8, u16, u16, usize);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0..6u8, any::<u16>(), any::<u16>(), 0..PIECES.len()), 1..5)
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (kind, first, second, piece) in changes {
        let place = |share: u16| usize::from(share) * bytes.len() / (usize::from(u16::MAX) + 1);
        let (mut from, mut to) = (place(*first), place(*second));
        if from > to {
            std::mem::swap(&mut from, &mut to);
        }
        match kind {
            0 if from < bytes.len() => bytes[from] ^= 1 << (second % 8),
            1 => drop(bytes.splice(from..from, PIECES[*piece].iter().copied())),
            2 => drop(bytes.splice(from..to, PIECES[*piece].iter().copied())),
            3 => {
                let part = bytes[from..to].to_vec();
                drop(bytes.splice(to..to, part));
            }
            4 => bytes.truncate(to),
            _ => bytes[from..to].reverse(),
        }
    }
    bytes
}

/// Recordings of signals are cut into windows that are short enough for those of a test.
fn options() -> ReadOptions {
    let segment = Some(SegmentConfig { window: 0.5, ..SegmentConfig::default() });
    ReadOptions { segment, ..ReadOptions::default() }
}

/// Reads a file, and prepares what it holds for each task: an answer or an error, and rows that fit together.
fn look(path: &Path, format: Option<&str>) -> TestCaseResult {
    for options in [options(), ReadOptions { target: Some("label".into()), ..options() }] {
        let Ok(rows) = read(path, format, &options) else { continue };
        prop_assert_eq!(rows.sequences.len(), rows.labels.len());
        for sequence in &rows.sequences {
            if let Sequence::Series(series) = sequence {
                prop_assert!(series.channels > 0 && series.values.len() % series.channels == 0);
                prop_assert!(series.values.iter().all(|value| !value.is_infinite()));
            }
        }
        for task in
            [TargetKind::Unsupervised, TargetKind::Classify, TargetKind::Regress, TargetKind::SequenceToSequence]
        {
            if let Ok(dataset) = dataset_from_rows(rows.clone(), task) {
                let _ = crate::sources::describe::describe(&dataset).to_string();
                let _ = prepare_source(Source::new(dataset), &DataConfig::default(), task);
            }
        }
    }
    Ok(())
}

fn hold(name: &str, format: &str, file: &str, bytes: &[u8]) {
    hold_in(name, Some(format), file, file, bytes);
}

/// As [`hold`], where `whole`, a folder, is read and `file` within it is changed. Without a format the looks tell it.
fn hold_in(name: &str, format: Option<&str>, file: &str, whole: &str, bytes: &[u8]) {
    let (path, whole) = (folder(name).join(file), folder(name).join(whole));
    fs::write(&path, bytes).unwrap();
    assert!(read(&whole, format, &options()).is_ok(), "the file is read before it is changed");
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    proptest!(config, |(list in changes())| {
        fs::write(&path, changed(bytes, &list)).unwrap();
        look(&whole, format)?;
    });
}

const TABLE: &str = "a,b,c,label\n1,2.5,-3,x\n4,5,6e-1,y\n7,8,9,x\n0,1,2,y\n3,4,5,\n6,7,8,x\n";
const TEXTS: &str =
    "text,label\n\"good, \"\"very\"\" good\",pos\nbad day,neg\nfine,pos\nawful night,neg\n\"two\nlines\",\n";

#[test]
fn tables_hold() {
    hold("wide", "csv", "a.csv", TABLE.as_bytes());
}

#[test]
fn tables_of_texts_hold() {
    hold("texts", "csv", "t.csv", TEXTS.as_bytes());
}

#[test]
fn tables_with_tabs_hold() {
    hold("tabs", "tsv", "a.tsv", b"ham\tHe said \"hi\nspam\tWin now\nham\tsee you\nspam\tbuy this\n");
}

#[test]
fn series_files_hold() {
    let text = b"# c\n@problemName x\n@univariate false\n@classLabel true a \
                 b\n@data\n1,2:3,4:a\n5,6,7:6,7,8:b\n1,?:2,3:a\n4:5:b\n";
    hold("ts", "ts", "a.ts", text);
}

#[test]
fn archive_tables_hold() {
    hold("ucr", "ucr", "a.txt", b"  1.0e+00  0.5  -1.5\n2\t3\tNaN\n1,0.5,,0.7\n2 4 5 6\n");
}

#[test]
fn json_lines_hold() {
    let lines = b"{\"text\": \"a b\", \"label\": 3}\n\n{\"text\": \"c\", \"label\": null}\n";
    hold("jsonl-text", "jsonl", "a.jsonl", lines);
    let lines = b"{\"values\": [[1, 2], [3, null]], \"label\": \"x\"}\n{\"values\": [[1e3, 2.5]], \"label\": \"y\"}\n";
    hold("jsonl-values", "jsonl", "b.jsonl", lines);
}

#[test]
fn long_tables_hold() {
    let table = b"id,time,x,y,label\n1,0,0.5,2,a\n1,1,0.6,3,a\n2,0,1.5,4,b\n2,1,1.6,?,b\n3,0,2.5,6,\n3,1,2.6,7,\n";
    hold("long", "long", "a.csv", table);
    let pivoted =
        b"case_id,dim_id,reading_id,value\n0,0,0,1.5\n0,0,1,1.6\n0,1,0,2.5\n0,1,1,2.6\n1,0,0,3.5\n1,1,0,4.5\n";
    hold("pivoted", "long", "b.csv", pivoted);
    hold_in("long-by-looks", None, "a.csv", "a.csv", table);
    let rows = |row: usize| format!("rat {},{},{row}.5,{}\n", row / 6, row % 6 * 10, ["ill", "well"][row / 6 % 2]);
    let table: String = ["Rat,sec,v,state\n".into()].into_iter().chain((0..36).map(rows)).collect();
    hold_in("long-by-structure", None, "b.csv", "b.csv", table.as_bytes());
}

#[test]
fn tables_of_events_hold() {
    let table =
        b"user,item,time\n1,a b,2020-01-01 10:00\n1,c,2020-01-01 10:05\n2,a b,2020-01-02\n2,\"d,e\",2020-01-03\n";
    hold("events", "sessions", "a.csv", table);
    let lines = b"{\"user\": 1, \"item\": \"a\", \"time\": 3}\n{\"user\": 1, \"item\": [\"b\", 4], \"time\": 1}\n";
    hold("events-lines", "sessions", "a.jsonl", lines);
}

#[test]
fn documents_hold() {
    let path = folder("documents");
    for (class, text) in [("neg", "bad day"), ("pos", "a good one")] {
        fs::create_dir_all(path.join("set").join(class)).unwrap();
        fs::write(path.join("set").join(class).join("0.txt"), text).unwrap();
    }
    hold_in("documents", Some("documents"), "set/pos/1.txt", "set", "fine<br />day, \u{e9}t\u{e9}\n".as_bytes());
}

#[test]
fn lines_hold() {
    let path = folder("lines").join("set");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("a.neg"), "bad day\nawful\n").unwrap();
    hold_in("lines", Some("lines"), "set/a.pos", "set", b"a good one\n\nfine, very fine\nso so\n");
    hold("line", "lines", "b.txt", b"a good one\nfine, very fine\n");
}

#[test]
fn images_hold() {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3];
    images.extend((0..24u8).map(|pixel| pixel * 10));
    let path = folder("idx").join("t-labels-idx1-ubyte");
    fs::write(path, [0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 0, 1]).unwrap();
    hold("idx", "idx", "t-images-idx3-ubyte", &images);
}

/// The bytes of a file of sound that the tests of its format read.
fn recording(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../audio/tests/fixtures").join(name)).unwrap()
}

#[test]
fn recordings_hold() {
    hold("wav", "audio", "a.wav", &recording("click.wav"));
    hold("float-wav", "audio", "b.wav", &recording("double.wav"));
    hold("flac", "audio", "a.flac", &recording("mono.flac"));
    hold("stereo-flac", "audio", "b.flac", &recording("stereo.flac"));
}

#[test]
fn manifests_hold() {
    for name in ["manifest", "manifest-lines"] {
        fs::write(folder(name).join("a.wav"), recording("click.wav")).unwrap();
    }
    let table = b"path,start,end,label\na.wav,0,0.005,x\na.wav,0.001,,y\na.wav,,,x\n\"a.wav\",,0.004,\n";
    hold("manifest", "audio", "m.csv", table);
    let lines = b"{\"audio\": \"a.wav\", \"label\": 1}\n{\"audio\": \"a.wav\", \"start\": 0.001, \"label\": null}\n";
    hold("manifest-lines", "audio", "m.jsonl", lines);
}

#[test]
fn packed_files_hold() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(TABLE.as_bytes()).unwrap();
    hold("gz", "csv", "a.csv.gz", &encoder.finish().unwrap());
}

#[test]
fn word_vectors_hold() {
    let text = b"3 2\nthe 0.5 -1\nnew 1e-1 0\ndog 9 9\n".to_vec();
    let mut binary = b"2 2\n".to_vec();
    for word in ["the", "dog"] {
        binary.extend(word.as_bytes());
        binary.push(b' ');
        [0.5f32, -1.0].iter().for_each(|value| binary.extend(value.to_le_bytes()));
        binary.push(b'\n');
    }
    for (name, bytes) in [("a.vec", text), ("a.bin", binary)] {
        let path = folder("vectors").join(name);
        fs::write(&path, &bytes).unwrap();
        assert!(WordVectors::read(&path, |_| true).is_ok(), "the file is read before it is changed");
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
        proptest!(config, |(list in changes())| {
            fs::write(&path, changed(&bytes, &list)).unwrap();
            let _ = WordVectors::width_of(&path);
            if let Ok(found) = WordVectors::read(&path, |_| true) {
                let sound = |row: &[f32]| row.len() == found.width() && row.iter().all(|value| value.is_finite());
                prop_assert!(found.get("the").is_none_or(sound));
            }
        });
    }
}

#[test]
fn tokenizers_hold() {
    let path = folder("tokenizer").join("tokenizer.json");
    for model in [
        r#"{"type":"WordLevel","vocab":{"[UNK]":0,"a":1,"the":2,"dog":3},"unk_token":"[UNK]"}"#,
        r###"{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"##s":2,"dog":3}}"###,
        r#"{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"vocab":{"<unk>":0,"a":1,"t":2,"h":3,"th":4},"merges":[["t","h"]]}"#,
        r#"{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.0],["the",-2.0]],"byte_fallback":false}"#,
    ] {
        let json = format!(
            r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{{"id":0,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}}],"normalizer":{{"type":"Lowercase"}},"pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,"model":{model}}}"#
        );
        let transform =
            TransformConfig { tokenize: TextUnit(path.display().to_string()), ..TransformConfig::default() };
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES / 4) };
        proptest!(config, |(list in changes())| {
            fs::write(&path, changed(json.as_bytes(), &list)).unwrap();
            if let Ok(tokenizer) = Tokenizer::fit(&transform, std::iter::empty::<&str>())
                && let Ok(encode) = tokenizer.encoder()
            {
                for text in ["the dog's a-h th", "", "\u{0} ü 犬 \u{1f642}"] {
                    if let Ok(numbers) = encode(text) {
                        prop_assert!(numbers.iter().all(|number| (*number as usize) < tokenizer.size()));
                        let _ = tokenizer.text(&numbers);
                    }
                }
            }
        });
    }
}

/// The bytes of a file that the tests of `semiseq-files` read.
fn written(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures").join(name)).unwrap()
}

#[test]
fn arrays_hold() {
    hold("npy", "npy", "a.npy", &written("fortran.npy"));
    hold("npz", "npz", "a.npz", &written("packed.npz"));
}

#[test]
fn relations_hold() {
    hold("arff-series", "arff", "a.arff", &written("relational.arff"));
    let table =
        b"@relation r\n@attribute a numeric\n@attribute b numeric\n@attribute c {x,y}\n@data\n1,2,x\n3,?,y\n5,6,?\n";
    hold("arff", "arff", "b.arff", table);
}

#[test]
fn signals_hold() {
    hold("edf", "edf", "a.edf", &written("sleep.edf"));
    for (name, file) in
        [("wfdb-header", "beats212.hea"), ("wfdb-notes", "beats212.atr"), ("wfdb-samples", "beats212.dat")]
    {
        for part in ["beats212.hea", "beats212.dat", "beats212.atr"] {
            fs::write(folder(name).join(part), written(part)).unwrap();
        }
        hold_in(name, Some("wfdb"), file, "beats212.hea", &written(file));
    }
}

#[test]
fn png_images_hold() {
    hold("png", "png", "a.png", &written("colour.png"));
}

#[test]
#[cfg(feature = "parquet")]
fn tables_of_parquet_hold() {
    hold("parquet", "parquet", "a.parquet", &written("wide.parquet"));
    hold("parquet-lists", "parquet", "b.parquet", &written("lists.parquet"));
}

#[test]
#[cfg(feature = "arrow")]
fn tables_of_arrow_hold() {
    hold("arrow", "arrow", "a.arrow", &written("wide.arrow"));
    hold("arrow-lists", "arrow", "b.arrow", &written("lists.arrows"));
}
