//! Parts of a grid, for schedulers that start a process a part.

use std::collections::HashMap;
use std::str::FromStr;

use semiseq::prelude::*;

use super::grid::Plan;

/// The `index`-th of `of` parts, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => {
                Err("write `I/N` with I from 1 to N, such as `1/4`; an index that counts from 0 needs one more".into())
            }
        }
    }
}

/// The places of a shard's cells. What has the same task and seed stands together, so that methods are compared on the
/// same machine; a cell that stands in several tasks is run where it stands first.
pub fn of_shard(plan: &Plan, shard: &Shard) -> Vec<usize> {
    let seeds = plan.grid.seeds.len();
    let mut groups: HashMap<&str, usize> = HashMap::new();
    let mut part = Vec::new();
    for (place, cell) in plan.cells.iter().enumerate() {
        let group = *groups.entry(&cell.run.key).or_insert(cell.task * seeds + place % seeds);
        if group % shard.of == shard.index - 1 {
            part.push(place);
        }
    }
    part
}

/// The places of the cells with these keys, or with the only ones that begin so.
pub fn of_keys(plan: &Plan, keys: &[String]) -> Result<Vec<usize>, Error> {
    let mut all = Vec::new();
    for key in keys {
        let found: Vec<usize> = (0..plan.cells.len())
            .filter(|place| !key.is_empty() && plan.cells[*place].run.key.starts_with(key.as_str()))
            .collect();
        let other = found.iter().find(|place| plan.cells[**place].run.key != plan.cells[found[0]].run.key);
        if found.is_empty() || other.is_some() {
            let what = if found.is_empty() { "begins no cell's key" } else { "begins the keys of several cells" };
            return Err(Error::input(
                format!("`--only {key}`: `{key}` {what}"),
                "`--list` prints the keys; they change with the config of a cell and with the version of semiseq",
            ));
        }
        all.extend(found);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_counted_from_one() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
