//! Tables of typed columns, Parquet and Arrow, and the folders of Hugging Face's `datasets`: columns of numbers and
//! words are read as those of a CSV file; columns of lists, a row per series, as lines of JSON. Labels that are numbers
//! of classes get the names of these where `datasets` wrote them down.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use semiseq_files::columns::{Table as Typed, Value};
use serde_json::{Map, Value as Json, json};

use crate::error::DataError;
use crate::formats::decode::{bytes, read_text};
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::listed;
use crate::formats::{Format, ReadOptions, Rows, ends_in, files, jsonl};
use crate::guard::guarded;

pub(super) const PARQUET: Format = Format {
    name: "parquet",
    summary: "Parquet tables; a build with the feature `parquet`",
    endings: &["parquet", "pq"],
    columns: true,
    read: read_parquet,
};
pub(super) const ARROW: Format = Format {
    name: "arrow",
    summary: "Arrow streams, files and folders of Hugging Face's `datasets`; a build with the feature `arrow`",
    endings: &["arrow", "arrows", "feather", "ipc"],
    columns: true,
    read: read_arrow,
};

/// What reads the bytes of a file.
type Parse = fn(Vec<u8>) -> Result<Typed, String>;

#[cfg(feature = "parquet")]
const PARSE_PARQUET: Option<Parse> = Some(semiseq_files::parquet::parse);
#[cfg(not(feature = "parquet"))]
const PARSE_PARQUET: Option<Parse> = None;
#[cfg(feature = "arrow")]
const PARSE_ARROW: Option<Parse> = Some(semiseq_files::arrow::parse);
#[cfg(not(feature = "arrow"))]
const PARSE_ARROW: Option<Parse> = None;

/// Whether a folder is one that `Dataset.save_to_disk` wrote.
pub(super) fn is_folder(path: &Path) -> bool {
    path.join("state.json").is_file() && path.join("dataset_info.json").is_file()
}

fn read_parquet(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    rows(path, typed(path, PARQUET.name, PARSE_PARQUET)?, options)
}

fn read_arrow(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    rows(path, arrow_table(path)?, options)
}

/// The rows of a Parquet table as objects of JSON.
pub(crate) fn parquet_objects(path: &Path) -> Result<Vec<Json>, DataError> {
    typed(path, PARQUET.name, PARSE_PARQUET).map(|table| objects(&table).collect())
}

/// The rows of an Arrow table or folder as objects of JSON.
pub(crate) fn arrow_objects(path: &Path) -> Result<Vec<Json>, DataError> {
    arrow_table(path).map(|table| objects(&table).collect())
}

fn objects(table: &Typed) -> impl Iterator<Item = Json> {
    table.rows.iter().map(|row| {
        let pairs = table.names.iter().cloned().zip(row.iter().map(json_of));
        Json::Object(pairs.collect::<Map<String, Json>>())
    })
}

/// The table of a file, or of all files of a folder.
fn arrow_table(path: &Path) -> Result<Typed, DataError> {
    if !path.is_dir() {
        return typed(path, ARROW.name, PARSE_ARROW);
    }
    let mut whole = Typed::default();
    for file in parts(path)? {
        let part = typed(&file, ARROW.name, PARSE_ARROW)?;
        if !whole.names.is_empty() && whole.names != part.names {
            let (own, first) = (listed(&part.names), listed(&whole.names));
            return Err(DataError::new(
                format!("{}: the columns are {own}, and those of the first file {first}", file.display()),
                "write the folder again with `save_to_disk`",
            ));
        }
        whole.names = part.names;
        whole.rows.extend(part.rows);
        whole.metadata = part.metadata;
    }
    let info = path.join("dataset_info.json");
    if info.is_file() {
        whole.metadata.push(("dataset_info".into(), read_text(&info)?));
    }
    Ok(whole)
}

/// The files of a folder, in the order of `state.json`; without one by their names.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |what: String| DataError::new(what, "write the folder again with `save_to_disk`");
    let state = folder.join("state.json");
    if !state.is_file() {
        let found: Vec<PathBuf> = files(folder)?.into_iter().filter(|path| ends_in(path, "arrow")).collect();
        return match found.is_empty() {
            true => Err(wrong(format!("{}: the folder holds no `.arrow` file", folder.display()))),
            false => Ok(found),
        };
    }
    let text = read_text(&state)?;
    let json: Json =
        serde_json::from_str(&text).map_err(|error| wrong(format!("{}:{}: {error}", state.display(), error.line())))?;
    let names = json["_data_files"].as_array().into_iter().flatten().filter_map(|file| file["filename"].as_str());
    // A name stands for a file of this folder alone.
    let found: Option<Vec<PathBuf>> =
        names.map(|name| Path::new(name).file_name().filter(|own| *own == name).map(|own| folder.join(own))).collect();
    match found {
        Some(found) if !found.is_empty() => Ok(found),
        _ => Err(wrong(format!("{}: `_data_files` names no file of this folder", state.display()))),
    }
}

fn typed(path: &Path, name: &str, parse: Option<Parse>) -> Result<Typed, DataError> {
    let shown = path.display();
    let Some(parse) = parse else {
        return Err(DataError::new(
            format!("{shown}: this build does not read {name}"),
            format!("build it with `--features {name}`; or write the table as CSV or JSON lines"),
        ));
    };
    let bytes = bytes(path)?;
    let parsed = guarded(|| parse(bytes)).and_then(|parsed| parsed);
    parsed.map_err(|reason| {
        DataError::new(
            format!("{shown}: {reason}"),
            "write the file again, without compression by codecs other than snappy",
        )
    })
}

fn rows(path: &Path, mut table: Typed, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut notes = Vec::new();
    with_class_names(&mut table);
    let other = |column: usize| {
        table.rows.iter().find_map(|row| match &row[column] {
            Value::Other(kind) => Some(kind.clone()),
            _ => None,
        })
    };
    let others: Vec<(usize, String)> =
        (0..table.names.len()).filter_map(|column| Some((column, other(column)?))).collect();
    if !others.is_empty() {
        let shown: Vec<String> =
            others.iter().map(|(column, kind)| format!("`{}` ({kind})", table.names[*column])).collect();
        notes.push(format!("{name}: left out, since such values are not read: {}", shown.join(", ")));
        let kept = |column: usize| others.iter().all(|(other, _)| *other != column);
        let mut place = 0..;
        table.names.retain(|_| place.next().is_some_and(kept));
        for row in &mut table.rows {
            let mut place = 0..;
            row.retain(|_| place.next().is_some_and(kept));
        }
    }
    if table.rows.is_empty() || table.names.is_empty() {
        return Ok(Rows { name, notes, ..Rows::default() });
    }
    let lists: Vec<String> = (0..table.names.len())
        .filter(|column| table.rows.iter().any(|row| matches!(row[*column], Value::List(_))))
        .map(|column| table.names[column].clone())
        .collect();
    if !lists.is_empty() {
        return of_lists(name, &table, lists, notes, options);
    }
    let cell = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Whole(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Missing | Value::List(_) | Value::Other(_) => String::new(),
    };
    let records: Vec<StringRecord> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let lines = (1..).take(records.len()).collect();
    let mut rows = super::csv::rows_of(
        Table { name, names: table.names, named: true, records, lines, notes: Vec::new() },
        options,
    )?;
    rows.notes.splice(0..0, notes);
    Ok(rows)
}

/// A row per series, its steps in lists: read as objects of JSON are.
fn of_lists(
    name: String,
    table: &Typed,
    lists: Vec<String>,
    notes: Vec<String>,
    options: &ReadOptions,
) -> Result<Rows, DataError> {
    let mut options = options.clone();
    let known = table.names.iter().any(|name| name == "values" || Some(name) == options.text.as_ref());
    if options.features.is_empty() && options.like.is_none() && !known {
        options.features = lists;
    }
    let mut rows = jsonl::rows_of(objects(table), &name, &options)?;
    rows.notes.splice(0..0, notes);
    Ok(rows)
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Missing | Value::Other(_) => Json::Null,
        Value::Whole(number) => json!(number),
        // JSON has no NaN: it is null, and missing.
        Value::Number(number) => json!(number),
        Value::Boolean(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::List(values) => Json::Array(values.iter().map(json_of).collect()),
    }
}

/// Puts the names of classes in the place of their numbers where `datasets` wrote them down; -1 is no class.
fn with_class_names(table: &mut Typed) {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for (_, text) in table.metadata.iter().filter(|(key, _)| key == "huggingface" || key == "dataset_info") {
        let Ok(json) = serde_json::from_str::<Json>(text) else { continue };
        let features = json["info"]["features"].as_object().or(json["features"].as_object());
        for (column, feature) in features.into_iter().flatten() {
            let classes = feature["names"].as_array().filter(|_| feature["_type"] == "ClassLabel");
            let classes: Option<Vec<String>> =
                classes.map(|classes| classes.iter().filter_map(|class| class.as_str().map(String::from)).collect());
            names.extend(classes.map(|classes| (column.clone(), classes)));
        }
    }
    for (column, name) in table.names.iter().enumerate() {
        let Some(classes) = names.get(name) else { continue };
        for row in &mut table.rows {
            if let Value::Whole(number) = row[column] {
                let class = usize::try_from(number).ok().and_then(|number| classes.get(number));
                row[column] = match class {
                    Some(class) => Value::Text(class.clone()),
                    None if number == -1 => Value::Missing,
                    None => continue,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures").join(name)
    }

    #[test]
    fn a_build_without_the_feature_says_so() {
        let message = typed(&fixture("wide.parquet"), "parquet", None).unwrap_err().in_full();
        assert!(
            message.contains("wide.parquet: this build does not read parquet")
                && message.contains("--features parquet")
        );
    }

    #[test]
    fn numbers_of_classes_get_their_names() {
        let info = r#"{"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}"#;
        let rows = [1, 0, -1, 7].map(|label| vec![Value::Number(0.5), Value::Whole(label)]).to_vec();
        let metadata = vec![("huggingface".to_string(), info.to_string())];
        let mut table = Typed { names: vec!["t0".into(), "label".into()], rows, metadata };
        with_class_names(&mut table);
        let labels: Vec<Value> = table.rows.into_iter().map(|mut row| row.remove(1)).collect();
        assert_eq!(labels, [Value::Text("yes".into()), Value::Text("no".into()), Value::Missing, Value::Whole(7)]);
    }

    /// The three tables that pyarrow wrote, in one of the formats.
    #[cfg(any(feature = "parquet", feature = "arrow"))]
    fn check(ending: &str) {
        use crate::formats::read;
        use crate::sequence::Sequence;

        let of = |name: &str| read(&fixture(&format!("{name}.{ending}")), None, &ReadOptions::default()).unwrap();
        let values = |rows: &Rows, row: usize| {
            rows.sequences[row].values().map(|(values, channels)| (values.to_vec(), channels))
        };
        let wide = of("wide");
        assert_eq!(
            (wide.labels.clone(), wide.keys.ids.clone()),
            (vec!["up".into(), String::new(), "down".into()], vec!["a".into(), "b".into(), "c".into()])
        );
        assert_eq!(values(&wide, 2), Some((vec![2.0, 2.5, 2.25], 1)));
        assert!(values(&wide, 1).is_some_and(|(values, _)| values[1].is_nan()));
        let lists = of("lists");
        assert_eq!((values(&lists, 0), values(&lists, 1)), (Some((vec![0.0, 1.0, 2.0], 1)), Some((vec![1.0, 2.0], 1))));
        assert_eq!(lists.labels, ["1", "0"]);
        let texts = of("texts");
        assert_eq!(texts.sequences[1], Sequence::Text("a grey morning, größer".into()));
        assert_eq!(texts.labels, ["good", "bad", "good", "bad"]);
    }

    #[test]
    #[cfg(feature = "parquet")]
    fn parquet_is_read_as_pyarrow_wrote_it() {
        check("parquet");
    }

    #[test]
    #[cfg(feature = "arrow")]
    fn arrow_is_read_as_pyarrow_wrote_it() {
        check("arrow");
        check("arrows");
    }

    #[test]
    #[cfg(feature = "arrow")]
    fn folders_of_datasets_are_read_with_the_names_of_their_classes() {
        use crate::formats::{guess, read};

        let path = fixture("saved");
        assert_eq!(guess(&path), Some("arrow"));
        let rows = read(&path, None, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["walk", "run", "", "walk"]);
        let (values, channels) = rows.sequences[1].values().unwrap();
        assert_eq!((values, channels), (&[1.0, 10.0, 2.0, 20.0][..], 2));
        // A file by itself has the names in its schema.
        let first = files(&path).unwrap().into_iter().find(|path| ends_in(path, "arrow")).unwrap();
        assert_eq!(read(&first, None, &ReadOptions::default()).unwrap().labels[..2], ["walk", "run"]);
    }

    #[test]
    fn other_kinds_of_columns_are_left_out_and_told() {
        let names = ["image", "a", "b", "label"].map(String::from).to_vec();
        let row = |label: &str| {
            vec![Value::Other("bytes".into()), Value::Whole(1), Value::Number(0.25), Value::Text(label.into())]
        };
        let table = Typed { names, rows: vec![row("x"), row("y")], metadata: Vec::new() };
        let found = rows(Path::new("t.parquet"), table, &ReadOptions::default()).unwrap();
        assert!(found.notes[0].contains("`image` (bytes)"), "{:?}", found.notes);
        assert_eq!((found.labels, found.sequences[0].len()), (vec!["x".to_string(), "y".into()], 2));
    }
}
