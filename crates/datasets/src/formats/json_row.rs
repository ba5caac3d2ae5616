//! One row of JSON lines: its text, its values, its label. A key within others is written `a.b`.

use serde_json::Value;

use crate::formats::ReadOptions;
use crate::formats::table::layout::{Layout, LayoutKind};

/// What a row holds beside its label.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Text(String),
    /// Values row-major `[time, channels]`, and the number of channels.
    Values(Vec<f64>, usize),
}

/// A row that was read.
pub(super) struct Row {
    pub(super) content: Content,
    pub(super) label: String,
    /// What the sequence was read from.
    pub(super) kind: LayoutKind,
    pub(super) keys: Vec<String>,
}

impl Row {
    /// The keys of its object that neither the sequence nor the label, whose key is `target`, was read from.
    pub(super) fn left_out<'a>(&'a self, object: &'a Value, target: &'a str) -> impl Iterator<Item = &'a String> {
        let values = (self.kind == LayoutKind::Channels).then_some("values");
        let read = move |key: &str| {
            let mut paths = self.keys.iter().map(String::as_str).chain([target]).chain(values);
            paths.any(|path| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        object.as_object().into_iter().flat_map(|object| object.keys()).filter(move |key| !read(key))
    }
}

/// The key of the label: the config's, that of training, or `label`.
pub(super) fn target(options: &ReadOptions) -> &str {
    let trained = options.like.as_ref().filter(|layout| named(layout)).and_then(Layout::target_name);
    options.target.as_deref().or(trained).unwrap_or("label")
}

/// Whether training knew the columns by their names.
fn named(layout: &Layout) -> bool {
    layout.has_names() && layout.kind() != LayoutKind::Documents
}

/// The value of a key, or of a path of keys with points between.
pub(super) fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    object.get(path).or_else(|| path.split('.').try_fold(object, |value, key| value.get(key)))
}

/// Reads a row.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(object: &Value, options: &ReadOptions) -> Result<Row, String> {
    if !object.is_object() {
        return Err("not an object".into());
    }
    let label = match at(object, target(options)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(label)) => label.clone(),
        Some(label @ (Value::Number(_) | Value::Bool(_))) => label.to_string(),
        Some(list @ Value::Array(_)) if options.label_lists => list.to_string(),
        Some(Value::Array(_)) => {
            return Err(
                "the label is a list, which is for a tagger (a label a step), or for `output = \"multi-label\"` of \
                        a classifier"
                    .into(),
            );
        }
        Some(Value::Object(_)) => return Err("the label is neither text nor a number".into()),
    };
    let (content, kind, keys) = content(object, options)?;
    Ok(Row { content, label, kind, keys })
}

fn content(object: &Value, options: &ReadOptions) -> Result<(Content, LayoutKind, Vec<String>), String> {
    let trained = options.like.as_ref().filter(|layout| named(layout));
    let keys: Vec<String> = match trained {
        Some(layout) => layout.input_names().map(str::to_string).collect(),
        None => options.text.iter().chain(&options.features).cloned().collect(),
    };
    let found: Option<Vec<&Value>> = keys.iter().map(|key| at(object, key)).collect();
    // Where a row is a step in training, a line of JSON is a series nevertheless, with a list for each channel.
    let lists = trained.is_some_and(|layout| !matches!(layout.kind(), LayoutKind::Wide | LayoutKind::Text));
    let found = found.filter(|values| !values.is_empty() && (!lists || values.iter().all(|value| value.is_array())));
    if let Some(values) = found {
        return of_keys(keys, &values);
    }
    let text_key = options.text.as_deref().unwrap_or("text");
    if let Some(text) = at(object, text_key) {
        let text = text.as_str().ok_or(format!("`{text_key}` is not text"))?;
        return Ok((Content::Text(text.to_string()), LayoutKind::Text, vec![text_key.to_string()]));
    }
    match object.get("values") {
        Some(Value::Object(channels)) => {
            let names = if lists { keys } else { channels.keys().cloned().collect() };
            let lists: Option<Vec<&Value>> = names.iter().map(|name| channels.get(name)).collect();
            match lists {
                Some(lists) if lists.len() == channels.len() => of_keys(names, &lists),
                _ => {
                    Err(format!("the channels are {}, and {} are read", listed(channels.keys()), listed(names.iter())))
                }
            }
        }
        Some(values) => Ok((steps(values)?, LayoutKind::Channels, Vec::new())),
        None => {
            let known = object.as_object().into_iter().flat_map(|object| object.keys());
            Err(format!("neither `{text_key}` nor `values`; the keys are {}", listed(known)))
        }
    }
}

fn listed<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let shown: Vec<String> = keys.take(10).map(|key| format!("`{key}`")).collect();
    if shown.is_empty() { "none".into() } else { shown.join(", ") }
}

/// Several keys together: texts are joined, numbers are the steps of a series, lists its channels.
fn of_keys(keys: Vec<String>, values: &[&Value]) -> Result<(Content, LayoutKind, Vec<String>), String> {
    if values.iter().all(|value| value.is_string()) {
        let texts: Vec<&str> = values.iter().filter_map(|value| value.as_str()).collect();
        return Ok((Content::Text(texts.join(" ")), LayoutKind::Text, keys));
    }
    if values.iter().all(|value| value.is_array()) {
        if let ([one], [_]) = (values, &keys[..]) {
            return Ok((steps(one)?, LayoutKind::Channels, keys));
        }
        let channels: Vec<Vec<f64>> = values.iter().map(|value| list(value)).collect::<Result<_, _>>()?;
        let time = channels.first().map_or(0, Vec::len);
        if time == 0 || channels.iter().any(|channel| channel.len() != time) {
            return Err(format!("the lists {} are empty or of unequal length", listed(keys.iter())));
        }
        let flat = (0..time).flat_map(|step| channels.iter().map(move |channel| channel[step])).collect();
        return Ok((Content::Values(flat, channels.len()), LayoutKind::Channels, keys));
    }
    let numbers = keys.iter().zip(values).map(|(key, value)| one(value).map_err(|reason| format!("`{key}`: {reason}")));
    let values = numbers.collect::<Result<Vec<f64>, String>>()?;
    Ok((Content::Values(values, 1), LayoutKind::Wide, keys))
}

fn list(value: &Value) -> Result<Vec<f64>, String> {
    value.as_array().into_iter().flatten().map(one).collect()
}

/// A list per step, or a number per step.
fn steps(values: &Value) -> Result<Content, String> {
    let steps =
        values.as_array().filter(|steps| !steps.is_empty()).ok_or("`values` is not a list with at least one step")?;
    let mut flat = Vec::new();
    let mut channels = None;
    for step in steps {
        let numbers = match step {
            Value::Array(_) => list(step)?,
            single => vec![one(single)?],
        };
        if *channels.get_or_insert(numbers.len()) != numbers.len() || numbers.is_empty() {
            return Err("steps of unequal width".into());
        }
        flat.extend(numbers);
    }
    Ok(Content::Values(flat, channels.unwrap_or(1)))
}

fn one(value: &Value) -> Result<f64, String> {
    match value {
        Value::Null => Ok(f64::NAN),
        Value::Number(number) => {
            number.as_f64().filter(|number| (*number as f32).is_finite()).ok_or(format!("`{number}` is too large"))
        }
        other => Err(format!("`{other}` is not a number")),
    }
}

/// A line with `NaN`, which Python writes and JSON does not know, as `null`; `None` where there is none outside of a
/// text.
pub(super) fn with_null(line: &str) -> Option<String> {
    let mut mended = String::with_capacity(line.len());
    let (mut quoted, mut escaped, mut rest) = (false, false, line);
    while let Some(letter) = rest.chars().next() {
        if !quoted && rest.starts_with("NaN") {
            mended.push_str("null");
            rest = &rest[3..];
            continue;
        }
        (quoted, escaped) = match letter {
            '"' if !escaped => (!quoted, false),
            '\\' => (quoted, quoted && !escaped),
            _ => (quoted, false),
        };
        mended.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    (mended != line).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, options: &ReadOptions) -> Result<(Content, String), String> {
        let object = serde_json::from_str(text).unwrap();
        read(&object, options).map(|row| (row.content, row.label))
    }

    fn values(values: &[f64], channels: usize) -> Content {
        Content::Values(values.to_vec(), channels)
    }

    #[test]
    fn keys_within_keys_are_named_with_points() {
        let options = ReadOptions {
            text: Some("data.text".into()),
            target: Some("annotation.label".into()),
            ..Default::default()
        };
        let text = "{\"data\": {\"text\": \"hi\"}, \"annotation\": {\"label\": \"a\"}}";
        assert_eq!(row(text, &options), Ok((Content::Text("hi".into()), "a".into())));
        // A key may hold a point itself.
        assert_eq!(
            row("{\"data.text\": \"hi\", \"annotation.label\": 1}", &options),
            Ok((Content::Text("hi".into()), "1".into()))
        );
        let message = row(text, &ReadOptions::default()).unwrap_err();
        assert_eq!(message, "neither `text` nor `values`; the keys are `annotation`, `data`");
    }

    #[test]
    fn several_keys_are_texts_to_join_steps_or_channels() {
        let options = ReadOptions { features: vec!["b".into(), "a".into()], ..Default::default() };
        let read = |text| row(text, &options).map(|(content, _)| content);
        assert_eq!(read("{\"a\": \"you\", \"b\": \"hello\"}"), Ok(Content::Text("hello you".into())));
        assert_eq!(read("{\"a\": 1, \"b\": 2}"), Ok(values(&[2.0, 1.0], 1)));
        assert_eq!(read("{\"a\": [1, 2], \"b\": [3, 4]}"), Ok(values(&[3.0, 1.0, 4.0, 2.0], 2)));
        assert!(read("{\"a\": [1, 2], \"b\": [3]}").unwrap_err().contains("of unequal length"));
    }

    #[test]
    fn named_channels_stand_in_the_order_of_training() {
        let text = "{\"values\": {\"x\": [1, 2], \"a\": [3, 4]}}";
        let first = read(&serde_json::from_str(text).unwrap(), &ReadOptions::default()).unwrap();
        assert_eq!(
            (first.content, &first.keys[..]),
            (values(&[3.0, 1.0, 4.0, 2.0], 2), &["a".to_string(), "x".into()][..])
        );
        let like = Some(Layout::of_keys(LayoutKind::Channels, &first.keys, "label"));
        let options = ReadOptions { like, ..Default::default() };
        assert_eq!(row("{\"values\": {\"a\": [5], \"x\": [6]}}", &options).unwrap().0, values(&[5.0, 6.0], 2));
        let message = row("{\"values\": {\"a\": [5], \"y\": [6]}}", &options).unwrap_err();
        assert_eq!(message, "the channels are `a`, `y`, and `a`, `x` are read");
    }

    #[test]
    fn what_python_writes_for_a_missing_number_is_null() {
        assert_eq!(
            with_null("{\"values\": [1, NaN], \"t\": \"NaN \\\" NaN\"}"),
            Some("{\"values\": [1, null], \"t\": \"NaN \\\" NaN\"}".into())
        );
        assert_eq!(with_null("{\"t\": \"NaN\"}"), None);
    }
}
