//! What training saw of a table's columns, by which later tables are read.

use semiseq_schema::nearest;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::formats::table::{Columns, listed};
use semiseq_audio::Frames;

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutKind {
    /// A series per row, a step per column.
    #[default]
    Wide,
    /// A text per row.
    Text,
    /// A step of a series per row, which its identifier tells.
    Long,
    /// A step of one recording a row.
    Recording,
    /// A text per file; there are no columns.
    Documents,
    /// Lists of JSON lines, a channel each.
    Channels,
    /// A recording of sound a file; columns are those of a manifest.
    Audio,
}

/// The columns of the table that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    pub(crate) kind: LayoutKind,
    /// Whether the first row held names; otherwise `columns` are numbers from 1.
    pub(crate) named: bool,
    /// All columns of the table.
    pub(crate) columns: Vec<String>,
    /// Places in `columns` of what is read, in that order.
    pub(crate) inputs: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) target: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) time: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) hours: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) channel: Option<usize>,
    /// Names of the channels in order, where the cells of `channel` tell them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) channels: Vec<String>,
    /// Whether missing values at a row's end are the padding of a shorter series.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(crate) padded: bool,
    /// How frames are made of sound.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) frames: Option<Frames>,
    /// Steps a second, where recordings of signals were brought to one rate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) rate: Option<f64>,
}

impl Layout {
    pub(crate) fn new(columns: &Columns, names: &[String], named: bool) -> Self {
        Self {
            kind: columns.kind,
            named,
            columns: names.to_vec(),
            inputs: columns.inputs.clone(),
            target: columns.target,
            id: columns.id,
            time: columns.time,
            hours: columns.hours,
            channel: columns.channel,
            channels: Vec::new(),
            padded: columns.padded,
            frames: None,
            rate: None,
        }
    }

    /// Of recordings of sound; `target` is the column or key of a manifest that holds labels.
    pub(crate) fn of_sound(frames: Frames, target: Option<String>) -> Self {
        let place = target.as_ref().map(|_| 0);
        Self {
            kind: LayoutKind::Audio,
            columns: target.into_iter().collect(),
            target: place,
            frames: Some(frames),
            ..Self::default()
        }
    }

    /// How frames were made of sound, where the sequences are recordings of it.
    pub fn frames(&self) -> Option<&Frames> {
        self.frames.as_ref().filter(|_| self.kind == LayoutKind::Audio)
    }

    /// The keys of JSON lines, the label's last.
    pub(crate) fn of_keys(kind: LayoutKind, inputs: &[String], target: &str) -> Self {
        let columns: Vec<String> = inputs.iter().cloned().chain([target.to_string()]).collect();
        Self {
            kind,
            named: true,
            inputs: (0..inputs.len()).collect(),
            target: Some(inputs.len()),
            columns,
            ..Self::default()
        }
    }

    /// Whether the columns have names.
    pub(crate) fn has_names(&self) -> bool {
        self.named && self.is_sound()
    }

    /// What the rows of the table are.
    pub fn kind(&self) -> LayoutKind {
        self.kind
    }

    /// The columns that are read, in that order; numbers from 1 where the table had no names.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter_map(|place| self.columns.get(*place)).map(String::as_str)
    }

    /// The column of labels, where there is one.
    pub fn target_name(&self) -> Option<&str> {
        self.target.and_then(|place| self.columns.get(place)).map(String::as_str)
    }

    /// Whether tables have these columns, and no other kind of files does.
    pub(crate) fn is_of_a_table(&self) -> bool {
        !matches!(self.kind, LayoutKind::Documents | LayoutKind::Channels | LayoutKind::Audio) && self.is_sound()
    }

    /// Whether all places are in the table.
    fn is_sound(&self) -> bool {
        let others = [self.target, self.id, self.time, self.hours, self.channel];
        let places = self.inputs.iter().copied().chain(others.into_iter().flatten());
        !self.inputs.is_empty() && places.into_iter().all(|place| place < self.columns.len())
    }

    /// Finds the columns of another table: by name where both have names, by place otherwise.
    ///
    /// # Errors
    ///
    /// What the model reads and the table lacks.
    pub(crate) fn find(
        &self,
        file: &str,
        names: &[String],
        named: bool,
        notes: &mut Vec<String>,
    ) -> Result<Columns, DataError> {
        let places: Vec<Option<usize>> = match (self.named, named) {
            (true, true) => self.by_name(names),
            _ => self.by_place(file, names, named, notes)?,
        };
        let at = |place: &usize| places.get(*place).copied().flatten();
        let lacking: Vec<String> = self
            .inputs
            .iter()
            .chain(self.id.as_ref().filter(|_| self.kind == LayoutKind::Long || self.kind == LayoutKind::Recording))
            .chain(&self.channel)
            .chain(self.time.as_ref().filter(|_| self.kind == LayoutKind::Long))
            .filter(|place| at(place).is_none())
            .map(|place| self.columns[*place].clone())
            .collect();
        if !lacking.is_empty() {
            return Err(self.lacks(file, &lacking, names));
        }
        let known: std::collections::HashSet<usize> = places.iter().flatten().copied().collect();
        let strangers: Vec<String> =
            (0..names.len()).filter(|place| !known.contains(place)).map(|place| names[place].clone()).collect();
        if !strangers.is_empty() {
            notes.push(format!("{file}: left out, since training had no such column: {}", listed(&strangers)));
        }
        Ok(Columns {
            target: self.target.as_ref().and_then(at),
            inputs: self.inputs.iter().filter_map(at).collect(),
            kind: self.kind,
            id: self.id.as_ref().and_then(at),
            time: self.time.as_ref().and_then(at),
            hours: self.hours.as_ref().and_then(at),
            channel: self.channel.as_ref().and_then(at),
            padded: self.padded,
        })
    }

    /// For each column of training its place in `names`; of a name that stands several times the same one of them.
    fn by_name(&self, names: &[String]) -> Vec<Option<usize>> {
        let mut places = std::collections::HashMap::<&str, std::collections::VecDeque<usize>>::new();
        for (place, name) in names.iter().enumerate() {
            places.entry(name).or_default().push_back(place);
        }
        self.columns
            .iter()
            .map(|name| places.get_mut(name.as_str()).and_then(std::collections::VecDeque::pop_front))
            .collect()
    }

    /// Without names a table is as wide as that of training, or holds nothing but what is read.
    fn by_place(
        &self,
        file: &str,
        names: &[String],
        named: bool,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Option<usize>>, DataError> {
        let all = self.columns.len();
        let width = names.len();
        let places = match width {
            _ if width == all => (0..all).map(Some).collect(),
            // In the order in which they stood in the table.
            _ if width == self.inputs.len() => {
                let inputs: std::collections::HashSet<usize> = self.inputs.iter().copied().collect();
                let mut next = 0..;
                (0..all).map(|place| if inputs.contains(&place) { next.next() } else { None }).collect()
            }
            // Row numbers may be gone, or the label: nothing tells which.
            _ => {
                let target = self.target_name().map_or(String::new(), |name| format!(" (column {name}: the label)"));
                let count = self.inputs.len();
                return Err(DataError::new(
                    format!("{file}: {width} columns; the model was trained on a table of {all}{target}"),
                    match self.named {
                        true => format!("write their names into the first row: {}", listed(&self.columns)),
                        false => format!("give all {all} columns, or the {count} that are read"),
                    },
                ));
            }
        };
        if self.named != named {
            let (here, there) = if named { ("names", "none") } else { ("no names", "names") };
            notes.push(format!(
                "{file}: the table has {here} and that of training {there}: columns are found by their places"
            ));
        }
        Ok(places)
    }

    fn lacks(&self, file: &str, lacking: &[String], names: &[String]) -> DataError {
        let known: Vec<&str> = names.iter().filter(|name| !self.columns.contains(name)).map(String::as_str).collect();
        let near = lacking.first().and_then(|name| nearest(name, &known));
        let wanted: Vec<String> = self.input_names().map(str::to_string).collect();
        DataError::new(
            format!("{file}: the model was trained on columns that the table lacks: {}", listed(lacking)),
            match near {
                Some(near) => format!("is `{near}` one of them? The model reads {}", listed(&wanted)),
                None => format!("the model reads {}; the table has {}", listed(&wanted), listed(names)),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_string).collect()
    }

    fn layout(columns: &str, named: bool, target: Option<usize>, inputs: &[usize]) -> Layout {
        Layout { named, columns: names(columns), inputs: inputs.to_vec(), target, ..Layout::default() }
    }

    /// Inputs, target and notes.
    type Found = (Vec<usize>, Option<usize>, Vec<String>);

    fn found(layout: &Layout, columns: &str, named: bool) -> Result<Found, String> {
        let mut notes = Vec::new();
        let columns = layout.find("new.csv", &names(columns), named, &mut notes).map_err(|error| error.in_full())?;
        Ok((columns.inputs, columns.target, notes))
    }

    #[test]
    fn columns_are_found_by_name_whatever_their_order() {
        let trained = layout("id a b label", true, Some(3), &[1, 2]);
        assert_eq!(found(&trained, "id a b label", true), Ok((vec![1, 2], Some(3), vec![])));
        assert_eq!(found(&trained, "label b a", true), Ok((vec![2, 1], Some(0), vec![])));
        assert_eq!(found(&trained, "a b", true), Ok((vec![0, 1], None, vec![])));
        let (inputs, _, notes) = found(&trained, "b more a", true).unwrap();
        assert_eq!(inputs, [2, 0]);
        assert_eq!(notes, ["new.csv: left out, since training had no such column: `more`"]);
    }

    #[test]
    fn other_names_are_refused_with_what_is_expected() {
        let trained = layout("load heat", true, None, &[0, 1]);
        let message = found(&trained, "wind rain", true).unwrap_err();
        assert!(message.contains("columns that the table lacks: `load`, `heat`"), "{message}");
        assert!(message.contains("the model reads `load`, `heat`; the table has `wind`, `rain`"), "{message}");
        assert!(found(&trained, "loads heat", true).unwrap_err().contains("is `loads` one of them?"));
        // A column that is found already is not the other one.
        let message = found(&layout("t0 t1 t2", true, None, &[0, 1, 2]), "t0 t1", true).unwrap_err();
        assert!(message.contains("lacks: `t2`") && !message.contains("one of them"), "{message}");
    }

    #[test]
    fn without_names_the_width_tells() {
        let trained = layout("1 2 3 4", false, Some(0), &[3, 2]);
        assert_eq!(found(&trained, "1 2 3 4", false), Ok((vec![3, 2], Some(0), vec![])));
        assert_eq!(found(&trained, "1 2", false), Ok((vec![1, 0], None, vec![])));
        // Column 2 may be gone, or the label.
        let message = found(&trained, "1 2 3", false).unwrap_err();
        assert!(
            message.contains("3 columns") && message.contains("give all 4 columns, or the 2 that are read"),
            "{message}"
        );
        let message = found(&trained, "1 2 3 4 5", false).unwrap_err();
        assert!(
            message.contains("5 columns; the model was trained on a table of 4 (column 1: the label)"),
            "{message}"
        );
        let (inputs, _, notes) = found(&layout("a b", true, None, &[0, 1]), "1 2", false).unwrap();
        assert_eq!(inputs, [0, 1]);
        assert!(notes[0].contains("has no names and that of training names"), "{notes:?}");
    }

    #[test]
    fn names_that_stand_twice_are_told_by_their_order() {
        let trained = layout("a a b", true, None, &[0, 1, 2]);
        assert_eq!(found(&trained, "b a a", true).unwrap().0, [1, 2, 0]);
    }
}
