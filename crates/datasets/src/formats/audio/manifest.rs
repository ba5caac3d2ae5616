//! Manifests: a CSV, TSV or JSON-lines file with a recording a row: its path as seen from the manifest, and where they
//! are known a label and the seconds between which it lies.

use std::path::Path;

use serde_json::Value;

use crate::error::DataError;
use crate::formats::audio::{Clip, Listing, is_named_so};
use crate::formats::cells::{Cells, cells};
use crate::formats::table::{TARGETS, is_target, listed};
use crate::formats::{ReadOptions, ending, text};

/// Names that the column of paths goes by, the likeliest first.
const PATHS: [&str; 8] = ["path", "file", "audio", "filename", "file_name", "wav", "audio_filepath", "audio_path"];

const HINT: &str = "a manifest is a table with the columns `path` and `label` (and `start` and `end`, in seconds), or \
                    lines of JSON with these keys; paths are seen from the manifest";

/// Lines of a file that are looked at to tell a manifest.
const LOOKED_AT: usize = 4;

/// Rows under the names of their columns.
#[derive(Default)]
struct Table {
    names: Vec<String>,
    /// File and line of each row, and its cells.
    rows: Vec<(String, Vec<String>)>,
    bad: Vec<String>,
}

/// Whether a table or lines of JSON begin with a path of sound that is there.
pub(in crate::formats) fn looks_like(path: &Path, begin: &str) -> bool {
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines = begin.lines().filter(|line| !line.trim().is_empty()).take(LOOKED_AT);
    let mut cells = lines.flat_map(|line| line.split(['"', ',', ';', '\t', '|'])).map(|cell| Path::new(cell.trim()));
    cells.any(|cell| is_named_so(cell) && folder.join(cell).is_file())
}

/// The recordings that a manifest names.
///
/// # Errors
///
/// Where it cannot be read, or has no column of paths.
pub(super) fn list(path: &Path, options: &ReadOptions) -> Result<Listing, DataError> {
    let name = path.display().to_string();
    for (key, given) in [("text", &options.text), ("time", &options.time)] {
        if given.is_some() {
            return Err(DataError::new(
                format!("{name}: `data.{key}` has no effect on a table of recordings"),
                "remove the key; `data.features` names the column of paths, `data.target` that of labels",
            ));
        }
    }
    let mut listing = Listing::default();
    let json = ending(path).is_some_and(|ending| ["json", "jsonl", "ndjson"].contains(&ending.as_str()));
    let table = match json {
        true => objects(path, &name, &mut listing.notes)?,
        false => delimited(path, &name, options, &mut listing.notes)?,
    };
    let column = |wanted: &str| table.names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let asked = |key: &str, wanted: &String| {
        column(wanted).ok_or_else(|| {
            let known = listed(&table.names);
            DataError::new(
                format!("{name}: there is no column `{wanted}`, which `data.{key}` names"),
                format!("columns: {known}"),
            )
        })
    };
    let holds_paths =
        |column: &usize| table.rows.first().is_some_and(|(_, cells)| is_named_so(Path::new(cells[*column].trim())));
    let found = PATHS.iter().find_map(|name| column(name)).or_else(|| (0..table.names.len()).find(holds_paths));
    let paths = match options.features.first() {
        Some(wanted) => asked("features", wanted)?,
        None => found.ok_or_else(|| {
            DataError::new(format!("{name}: no column of paths; there are {}", listed(&table.names)), HINT)
        })?,
    };
    let (start, end) = (column("start"), column("end"));
    let trained = options.like.as_ref().and_then(|layout| layout.target_name()).and_then(column);
    let id = match &options.id {
        Some(wanted) => Some(asked("id", wanted)?),
        None => column("id"),
    };
    let group = match &options.group {
        Some(wanted) if options.like.is_none() => Some(asked("labels.group", wanted)?),
        wanted => wanted.as_ref().and_then(|wanted| column(wanted)),
    };
    let rest: Vec<usize> = (0..table.names.len())
        .filter(|column| *column != paths && ![start, end, id, group].contains(&Some(*column)))
        .collect();
    let target = match &options.target {
        Some(wanted) if options.like.is_some() => column(wanted),
        Some(wanted) => Some(asked("target", wanted)?),
        None => trained.or_else(|| TARGETS.iter().find_map(|name| column(name))).or(match rest[..] {
            [one] if options.like.is_none() => Some(one),
            _ => None,
        }),
    };
    if let Some(target) =
        target.filter(|target| options.target.is_none() && trained.is_none() && !is_target(&table.names[*target]))
    {
        listing
            .notes
            .push(format!("{name}: labels are read from `{}`; `data.target` names another", table.names[target]));
    }
    let spare: Vec<String> =
        rest.iter().filter(|column| Some(**column) != target).map(|column| table.names[*column].clone()).collect();
    if options.like.is_none() && !spare.is_empty() {
        listing.notes.push(format!("{name}: left out: {}; `data.target` names the column of labels", listed(&spare)));
    }
    listing.target = target.map(|target| table.names[target].clone());
    listing.bad = table.bad;
    let folder = path.parent().unwrap_or(Path::new(""));
    for (place, cells) in table.rows {
        let second =
            |column: Option<usize>| column.map_or(Ok(None), |column| seconds(&table.names[column], &cells[column]));
        let file = cells[paths].trim();
        match (second(start), second(end)) {
            (Ok(start), Ok(end)) if !file.is_empty() && end.is_none_or(|end| end > start.unwrap_or(0.0)) => {
                let label = target.map_or(String::new(), |target| cells[target].trim().to_string());
                let [id, group] = [id, group].map(|column| column.map(|column| cells[column].trim().to_string()));
                listing.clips.push(Clip { path: folder.join(file), label, place: Some(place), id, group, start, end });
            }
            (Ok(_), Ok(_)) if file.is_empty() => listing.bad.push(format!("{place}: no path")),
            (Ok(start), Ok(end)) => {
                let (start, end) = (start.unwrap_or(0.0), end.unwrap_or(0.0));
                listing.bad.push(format!("{place}: it ends at {end} s, and begins at {start} s"));
            }
            (Err(reason), _) | (_, Err(reason)) => listing.bad.push(format!("{place}: {reason}")),
        }
    }
    Ok(listing)
}

/// A time in seconds, where the cell holds one.
fn seconds(name: &str, cell: &str) -> Result<Option<f64>, String> {
    match cell.trim() {
        "" => Ok(None),
        cell => match cell.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(format!("column `{name}`: `{cell}` is no time in seconds from 0 on")),
        },
    }
}

/// A delimited table; its first row holds names unless it holds a path.
fn delimited(path: &Path, name: &str, options: &ReadOptions, notes: &mut Vec<String>) -> Result<Table, DataError> {
    let tabs = ending(path).is_some_and(|ending| ["tsv", "tab"].contains(&ending.as_str()));
    let Cells { records, lines, .. } = cells(path, if tabs { b'\t' } else { b',' }, notes)?;
    let mut rows = records.iter().zip(lines).peekable();
    let Some((first, _)) = rows.peek() else {
        return Err(DataError::new(format!("{name}: the file is empty"), HINT));
    };
    let width = first.len();
    let named = options.header.unwrap_or(!first.iter().any(|cell| is_named_so(Path::new(cell.trim()))));
    let names = match named {
        true => first.iter().map(|cell| cell.trim().to_string()).collect(),
        false => (1..=width).map(|column| column.to_string()).collect(),
    };
    if named {
        rows.next();
    }
    let mut table = Table { names, ..Table::default() };
    for (record, line) in rows {
        match record.len() == width {
            true => table.rows.push((format!("{name}:{line}"), record.iter().map(String::from).collect())),
            false => table.bad.push(format!("{name}:{line}: {} columns, but the first row has {width}", record.len())),
        }
    }
    Ok(table)
}

/// Lines of JSON, or one list of objects; keys are columns.
fn objects(path: &Path, name: &str, notes: &mut Vec<String>) -> Result<Table, DataError> {
    let text = text(path, notes)?;
    let mut table = Table::default();
    let list = text.trim_start().starts_with('[').then(|| serde_json::from_str::<Vec<Value>>(&text).ok()).flatten();
    let items: Vec<(String, Result<Value, String>)> = match list {
        Some(items) => {
            (1..).zip(items).map(|(item, value)| (format!("{name}: item {item} of the list"), Ok(value))).collect()
        }
        None => {
            let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
            let value = |line: &str| serde_json::from_str(line).map_err(|error| error.to_string());
            lines.map(|(line, text)| (format!("{name}:{line}"), value(text))).collect()
        }
    };
    let mut objects = Vec::new();
    for (place, value) in items {
        match value {
            Ok(Value::Object(object)) => {
                for key in object.keys().filter(|key| !table.names.contains(key)).collect::<Vec<_>>() {
                    table.names.push(key.clone());
                }
                objects.push((place, object));
            }
            Ok(_) => table.bad.push(format!("{place}: not an object")),
            Err(reason) => table.bad.push(format!("{place}: {reason}")),
        }
    }
    let cell = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    };
    for (place, object) in objects {
        table.rows.push((place, table.names.iter().map(|name| cell(object.get(name))).collect()));
    }
    match table.names.is_empty() {
        false => Ok(table),
        true if table.bad.is_empty() => Err(DataError::new(format!("{name}: the file is empty"), HINT)),
        true => Err(DataError::several(table.bad, HINT)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::fixtures::folder;
    use crate::formats::audio::tests::wav_file as file;
    use crate::formats::{Rows, guess, read};

    /// A folder with two recordings of 0.1 s, and a manifest in it.
    fn manifest(name: &str, ending: &str, text: &str) -> PathBuf {
        let path = folder(&format!("manifest-{name}"));
        std::fs::create_dir_all(path.join("clips")).unwrap();
        for (name, value) in [("a.wav", 0x10u8), ("b.wav", 0x20)] {
            std::fs::write(path.join("clips").join(name), file(1, 1, 8_000, 16, &[value; 1_600])).unwrap();
        }
        let path = path.join(format!("m.{ending}"));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn rows(path: &Path) -> Rows {
        assert_eq!(guess(path), Some("audio"));
        read(path, None, &ReadOptions::default()).unwrap()
    }

    #[test]
    fn tables_and_lines_of_json_name_recordings() {
        let found = rows(&manifest("csv", "csv", "file,label,speaker\nclips/a.wav,yes,x\nclips/b.wav,,y\n"));
        assert_eq!(found.labels, ["yes", ""]);
        assert!(found.notes[0].contains("left out: `speaker`"), "{:?}", found.notes);
        assert_eq!(found.layout.unwrap().target_name(), Some("label"));
        let found = rows(&manifest("tsv", "tsv", "clips/a.wav\tno\nclips/b.wav\tyes\n"));
        assert_eq!(found.labels, ["no", "yes"]);
        let lines = "{\"audio\": \"clips/b.wav\", \"label\": 3}\n\n{\"audio\": \"clips/a.wav\", \"label\": null}\n";
        assert_eq!(rows(&manifest("jsonl", "jsonl", lines)).labels, ["3", ""]);
        let list = "[{\"path\": \"clips/b.wav\", \"word\": \"up\"}, {\"path\": \"clips/a.wav\", \"word\": \"on\"}]";
        let found = rows(&manifest("json", "json", list));
        assert_eq!(found.labels, ["up", "on"]);
        assert!(found.notes[0].contains("labels are read from `word`"), "{:?}", found.notes);
    }

    #[test]
    fn stretches_are_cut_out_by_seconds() {
        let text = "path,start,end,label\nclips/a.wav,0.02,0.06,x\nclips/a.wav,0.06,,y\nclips/b.wav,,0.05,x\n";
        let found = rows(&manifest("cut", "csv", text));
        // 40, 40 and 50 ms, a frame every 10.
        assert_eq!(found.sequences.iter().map(crate::Sequence::len).collect::<Vec<_>>(), [5, 5, 6]);
    }

    #[test]
    fn all_bad_lines_are_named() {
        let text = "path,start,end,label\nclips/a.wav,,,x\nclips/none.wav,,,x\nclips/a.wav,9,,x\n\
                    clips/a.wav,2,1,x\n,,,x\nclips/b.wav,soon,,x\n\
                    clips/b.wav,0,7,x\nclips/b.wav\n";
        let message = read(&manifest("bad", "csv", text), None, &ReadOptions::default()).unwrap_err().in_full();
        for part in [
            "m.csv:3: ",
            "none.wav: no such file",
            "m.csv:4: ",
            "from 9 to 0.1 s, and the recording has 0.1 s",
            "m.csv:5: it ends at 1 s, and begins at 2 s",
            "m.csv:6: no path",
            "m.csv:7: column `start`: `soon` is no time",
            "from 0 to 7 s, and the recording has 0.1 s",
            "m.csv:9: 1 columns, but the first row has 4",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn the_config_names_columns_and_a_strange_one_is_told() {
        let path = manifest("named", "csv", "id,one,two,who\n1,clips/a.wav,x,p\n2,clips/b.wav,y,q\n");
        let options = |target: &str| ReadOptions { target: Some(target.into()), ..ReadOptions::default() };
        assert_eq!(read(&path, None, &options("two")).unwrap().labels, ["x", "y"]);
        let message = read(&path, None, &options("three")).unwrap_err().in_full();
        assert!(
            message.contains("no column `three`, which `data.target` names") && message.contains("`who`"),
            "{message}"
        );
        let message =
            read(&path, None, &ReadOptions { text: Some("two".into()), ..options("two") }).unwrap_err().in_full();
        assert!(message.contains("`data.text` has no effect"), "{message}");
        let other = manifest("none", "csv", "a,b\n1,2\n");
        assert_eq!(guess(&other), Some("csv"));
        let message = read(&other, Some("audio"), &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("no column of paths; there are `a`, `b`"), "{message}");
    }
}
