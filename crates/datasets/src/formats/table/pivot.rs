//! Long tables with a row a value: a further column tells the channel, as sktime's `dim_id` and pandas' `variable` do.

use std::collections::HashMap;

use crate::error::DataError;
use crate::formats::table::Columns;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::order::Clock;
use crate::formats::table::rows_of_series::{Keys, Labels, group_of, series_of};
use crate::formats::{ReadOptions, Rows, exact};
use crate::label_names;

/// Names of the column that tells the channel.
const CHANNELS: [&str; 11] = [
    "dim_id",
    "dim",
    "dimension",
    "kind",
    "variable",
    "channel",
    "feature",
    "measure",
    "metric",
    "parameter",
    "signal",
];

/// Values that are missing for each one that is there, at most: more would fill the memory with nothing.
const MOST_GAPS: usize = 1000;

/// Whether a column goes by the name of one that tells the channel.
pub(super) fn is_channel(name: &str) -> bool {
    CHANNELS.contains(&name.trim().to_lowercase().as_str())
}

/// Reads the series of such a table, and returns the names of the channels in order: those of training where they are
/// known, else as they come. A channel that lacks a step has a missing value there.
///
/// # Errors
///
/// Bad cells, a channel that training did not have, and steps that stand twice, by line.
pub(super) fn read(
    table: &Table,
    columns: &Columns,
    options: &ReadOptions,
    rows: &mut Rows,
) -> Result<Vec<String>, DataError> {
    let known = options.like.as_ref().map_or(&[][..], |layout| &layout.channels);
    let Table { name: file, names, records, lines, .. } = table;
    let (Some(id), Some(channel), &[value]) = (columns.id, columns.channel, &columns.inputs[..]) else {
        return Ok(Vec::new());
    };
    let mut parts = series_of(table, &[id, channel])?;
    let clock = Clock::read(table, columns, &mut rows.notes);
    if let Some(clock) = &clock {
        clock.sort(&mut parts, &mut rows.notes)?;
    }
    let mut channels = known.to_vec();
    let mut bad = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    // For each series the time, the channel and the value of each row.
    let mut series: Vec<Vec<(f64, usize, f64)>> = Vec::new();
    let mut labels: Vec<Labels> = Vec::new();
    let keys = Keys { table, id, group: group_of(table, options)? };
    for part in parts {
        keys.check(&part, &mut bad);
        let first = &records[part[0]];
        let place = *places.entry(first[id].trim()).or_insert(series.len());
        if place == series.len() {
            series.push(Vec::new());
            labels.push(Labels::default());
            keys.add(part[0], &mut rows.keys);
        }
        let own = first[channel].trim();
        let own = match channels.iter().position(|name| name == own) {
            Some(own) => own,
            None if known.is_empty() => {
                channels.push(own.to_string());
                channels.len() - 1
            }
            None => {
                bad.push(format!("{file}:{}: the channel `{own}` was not in training", lines[part[0]]));
                continue;
            }
        };
        for (step, row) in part.into_iter().enumerate() {
            match exact(&records[row][value]) {
                Ok(found) => {
                    let time = clock.as_ref().map_or(step as f64, |clock| clock.time(row));
                    series[place].push((time, own, found.unwrap_or(f64::NAN)));
                }
                Err(reason) => bad.push(format!("{file}:{}: column `{}`: {reason}", lines[row], names[value])),
            }
            labels[place].add(table, columns, row, &mut bad);
        }
    }
    for (mut cells, label) in series.into_iter().zip(labels) {
        cells.sort_by(|left, right| left.0.total_cmp(&right.0));
        let steps = cells.chunk_by(|left, right| left.0 == right.0).count();
        if steps.saturating_mul(channels.len()) > MOST_GAPS.saturating_mul(cells.len()) {
            return Err(DataError::new(
                format!(
                    "{file}: `{}` tells {} channels, and hardly a step has two of them",
                    names[channel],
                    channels.len()
                ),
                "name the columns that tell series and step with `data.id` and `data.time`, or write `format \
                 = \"csv\"`",
            ));
        }
        let mut values: Vec<f64> = Vec::new();
        let mut last = None;
        for (time, channel, value) in cells {
            if last != Some(time) {
                values.resize(values.len() + channels.len(), f64::NAN);
                last = Some(time);
            }
            let step = values.len() - channels.len();
            values[step + channel] = value;
        }
        rows.push_series(&values, channels.len(), label.text());
    }
    rows.notes.extend(label_names::alike(&rows.keys.ids, file, "series"));
    if bad.is_empty() {
        return Ok(channels);
    }
    Err(DataError::several(bad, "mend these rows; the channels are those of the training table"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::formats::{ReadOptions, read as read_file};
    use crate::sequence::Sequence;

    const TEXT: &str =
        "case_id,dim_id,reading_id,value\n0,0,0,1\n0,0,1,2\n0,1,1,20\n0,1,0,10\n7,0,0,3\n7,1,0,30\n7,1,1,40\n";

    fn values(rows: &Rows) -> Vec<&[f32]> {
        let one = |sequence: &'_ Sequence| match sequence {
            Sequence::Series(series) => series.channels,
            _ => 0,
        };
        assert!(rows.sequences.iter().all(|sequence| one(sequence) == 2));
        let all = rows.sequences.iter().filter_map(|sequence| match sequence {
            Sequence::Series(series) => Some(&series.values[..]),
            _ => None,
        });
        all.collect()
    }

    #[test]
    fn a_row_a_value_becomes_a_series_of_channels() {
        let rows = read_file(&file("dims.csv", TEXT), None, &ReadOptions::default()).unwrap();
        let found = values(&rows);
        assert_eq!(found[0], [1.0, 10.0, 2.0, 20.0]);
        assert_eq!(found[1][..2], [3.0, 30.0]);
        assert!(found[1][2].is_nan() && found[1][3] == 40.0);
    }

    #[test]
    fn later_tables_have_the_channels_of_training_in_their_order() {
        let trained = read_file(&file("dims.csv", TEXT), None, &ReadOptions::default()).unwrap();
        let later = ReadOptions { like: trained.layout, ..Default::default() };
        let rows =
            read_file(&file("dims-later.csv", "dim_id,case_id,value,reading_id\n1,4,10,0\n0,4,1,0\n"), None, &later);
        assert_eq!(values(&rows.unwrap()), [[1.0, 10.0]]);
        let sparse: String = (0..3000usize).map(|row| format!("0,c{row},{},1\n", row.saturating_sub(1))).collect();
        let path = file("dims-sparse.csv", format!("case_id,dim_id,reading_id,value\n{sparse}"));
        let message = read_file(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("`dim_id` tells 3000 channels, and hardly a step has two of them"), "{message}");
        let text = "dim_id,case_id,value,reading_id\n2,4,10,0\n";
        let message = read_file(&file("dims-strange.csv", text), None, &later).unwrap_err().in_full();
        assert!(message.contains("dims-strange.csv:2: the channel `2` was not in training"), "{message}");
    }
}
