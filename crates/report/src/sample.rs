//! Rows that stand for all, drawn by a seed.

use std::collections::BTreeMap;

use semiseq_datasets::{Dataset, Target};
use semiseq_schema::mix;

/// At most `most` of so many rows, in their order.
pub(crate) fn drawn(rows: usize, most: usize, seed: u64) -> Vec<usize> {
    first_of((0..rows).collect(), most, seed)
}

/// About `most` rows, of each class as many as its share asks for, in their order; all where there are no more.
pub(crate) fn stratified(dataset: &Dataset, most: usize, seed: u64) -> Vec<usize> {
    if dataset.len() <= most {
        return (0..dataset.len()).collect();
    }
    let mut classes: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (row, target) in dataset.targets.iter().enumerate() {
        let class = if let Target::Class(class) = target { Some(*class) } else { None };
        classes.entry(class).or_default().push(row);
    }
    let share = |rows: &[usize]| (rows.len() * most + dataset.len() / 2) / dataset.len();
    let mut chosen: Vec<usize> = classes
        .into_values()
        .flat_map(|rows| {
            let count = share(&rows);
            first_of(rows, count, seed)
        })
        .collect();
    chosen.sort_unstable();
    chosen
}

/// The first rows in an order that the seed draws, in their own.
fn first_of(mut rows: Vec<usize>, count: usize, seed: u64) -> Vec<usize> {
    rows.sort_by_key(|row| mix(seed, *row as u64));
    rows.truncate(count);
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use semiseq_datasets::Sequence;

    /// Every third row of three classes that take turns is of one class.
    #[test]
    fn a_sample_has_each_class_by_its_share_and_is_drawn_by_the_seed() {
        let dataset = Dataset {
            sequences: vec![Sequence::Tokens(vec![1]); 900],
            targets: (0..900).map(|row| Target::Class(row % 3)).collect(),
            ..Dataset::default()
        };
        let chosen = stratified(&dataset, 300, 1);
        for one in 0..3 {
            assert_eq!(chosen.iter().filter(|row| *row % 3 == one).count(), 100);
        }
        assert_eq!(chosen, stratified(&dataset, 300, 1));
        assert_ne!(chosen, stratified(&dataset, 300, 2));
        assert_eq!(stratified(&dataset, 2000, 1).len(), 900);
        assert_eq!((drawn(5, 9, 0), drawn(50, 9, 0).len()), (vec![0, 1, 2, 3, 4], 9));
    }
}
