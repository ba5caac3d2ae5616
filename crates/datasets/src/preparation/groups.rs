//! Splits that keep groups whole: all recordings of a patient lie in one part. Which part a group goes to is chosen so
//! that the classes are shared out as they would be without groups, as far as whole groups allow: the largest groups
//! first, each to where it leaves the classes nearest to their shares (as scikit-learn's `StratifiedGroupKFold` does
//! for equal ones).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::DataError;
use crate::random::{generator, shuffle};
use crate::sequence::{Dataset, Target};

const GROUPS: u64 = 19;
/// What sequences without labels are called in messages.
pub(crate) const UNLABELLED: &str = "unlabelled";

/// The rows of a group.
type Group = Vec<usize>;

/// Refuses parts of which one has rows of the same group as another; what is learned from, with labels or without, may
/// share some.
///
/// # Errors
///
/// Names a group that stands in both, or the part that has no groups.
pub(crate) fn check_parts(column: &str, parts: &[(&Dataset, &str)]) -> Result<(), DataError> {
    let learned = |kind: &str| ["training", UNLABELLED].contains(&kind);
    let mut seen: HashMap<&str, (&str, &str)> = HashMap::new();
    for (part, kind) in parts {
        if part.keys.groups.is_empty() && !part.is_empty() && *kind != UNLABELLED {
            return Err(DataError::new(
                format!("{}: there is no column `{column}`, which `data.labels.group` names", part.name),
                "name the column or key that tells which rows belong together; a format without columns has none",
            ));
        }
        let own = part.keys.groups_of(0..part.len());
        let before = own.iter().filter_map(|group| Some((*group, *seen.get(group)?)));
        let mut twice: Vec<_> = before.filter(|(_, (_, other))| !(learned(kind) && learned(other))).collect();
        twice.sort_unstable();
        if let Some((group, (name, other))) = twice.first() {
            let count = twice.len();
            return Err(DataError::new(
                format!(
                    "`{column}` is `{group}` in rows of the {kind} part, {}, and of the {other} part, {name} (groups \
                     in both: {count})",
                    part.name
                ),
                "take them out of one of both; or give the files as one, and let `data.test_fraction` draw whole \
                 groups",
            ));
        }
        seen.extend(own.into_iter().map(|group| (group, (part.name.as_str(), *kind))));
    }
    Ok(())
}

/// Parts `rows` in two, group by group, so that about `fraction` of each class of the labelled ones comes first; in the
/// first part are those of `known` alone. Both parts are in ascending order; rows that are in neither belong to groups
/// of the first.
///
/// # Errors
///
/// Where whole groups leave one part empty.
pub(crate) fn parted(
    dataset: &Dataset,
    rows: &[usize],
    known: &[usize],
    fraction: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let groups = groups(dataset, known, seed);
    let places = deal(dataset, &groups, &[fraction, 1.0 - fraction]);
    let chosen: HashSet<usize> =
        groups.iter().zip(&places).filter(|(_, place)| **place == 0).flat_map(|(group, _)| group.clone()).collect();
    let names = dataset.keys.groups_of(chosen.iter().copied());
    let apart =
        |row: &usize| chosen.contains(row) || dataset.keys.group(*row).is_some_and(|group| names.contains(group));
    let rest: Vec<usize> = rows.iter().copied().filter(|row| !apart(row)).collect();
    if chosen.is_empty() || rest.is_empty() {
        return Err(DataError::new(
            format!("{}: {} groups cannot be parted in two", dataset.name, groups.len()),
            "`data.labels.group` keeps the rows of a group together; name a column of more groups, or give parts of \
             your own",
        ));
    }
    let mut first: Vec<usize> = chosen.into_iter().collect();
    first.sort_unstable();
    Ok((first, rest))
}

/// `count` folds of whole groups. A group that alone has rows of a class is in none, since nothing else teaches it.
pub(crate) fn folds(dataset: &Dataset, rows: &[usize], count: usize, seed: u64) -> Vec<Vec<usize>> {
    let owners = owners(dataset, rows, seed);
    let only: HashSet<usize> = owners.values().filter(|groups| groups.len() == 1).flatten().copied().collect();
    let groups = groups(dataset, rows, seed);
    let free: Vec<Group> =
        groups.into_iter().enumerate().filter(|(place, _)| !only.contains(place)).map(|(_, group)| group).collect();
    let mut folds = vec![Vec::new(); count];
    for (group, place) in free.iter().zip(deal(dataset, &free, &vec![1.0 / count as f64; count])) {
        folds[place].extend(group);
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    folds
}

/// Groups of each class that has several, as many folds as they allow.
pub(crate) fn fewest_groups(dataset: &Dataset, rows: &[usize]) -> Option<usize> {
    owners(dataset, rows, 0).values().map(Vec::len).filter(|count| *count > 1).min()
}

/// The groups that have rows of each class, by their places.
fn owners(dataset: &Dataset, rows: &[usize], seed: u64) -> BTreeMap<usize, Vec<usize>> {
    let mut owners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, group) in groups(dataset, rows, seed).iter().enumerate() {
        let classes: HashSet<usize> = group.iter().map(|row| class(dataset, *row)).collect();
        classes.into_iter().for_each(|class| owners.entry(class).or_default().push(place));
    }
    owners
}

/// The groups of rows in an order drawn by the seed, larger ones first; a row without a group is one of its own.
fn groups(dataset: &Dataset, rows: &[usize], seed: u64) -> Vec<Group> {
    let mut by_name: BTreeMap<(&str, usize), Group> = BTreeMap::new();
    for row in rows {
        let key = dataset.keys.group(*row).map_or(("", *row + 1), |name| (name, 0));
        by_name.entry(key).or_default().push(*row);
    }
    let mut groups: Vec<Group> = by_name.into_values().collect();
    shuffle(&mut groups, &mut generator(seed, GROUPS));
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

/// Rows without a class of their own are of one.
fn class(dataset: &Dataset, row: usize) -> usize {
    if let Target::Class(class) = dataset.targets[row] { class } else { dataset.classes.len() }
}

/// The part of each group: where it leaves the classes nearest to the shares of the parts.
fn deal(dataset: &Dataset, groups: &[Group], shares: &[f64]) -> Vec<usize> {
    let classes = dataset.classes.len() + 1;
    let mut all = vec![0.0f64; classes];
    groups.iter().flatten().for_each(|row| all[class(dataset, *row)] += 1.0);
    let mut held = vec![vec![0.0f64; classes]; shares.len()];
    let mut dealt = vec![0.0f64; classes];
    let mut places = Vec::with_capacity(groups.len());
    for group in groups {
        let mut own = vec![0.0f64; classes];
        group.iter().for_each(|row| own[class(dataset, *row)] += 1.0);
        (0..classes).for_each(|class| dealt[class] += own[class]);
        // Only what the group adds to a part differs between parts: the distance with it less that without it.
        let cost = |part: usize| -> f64 {
            let share = shares[part];
            let each = (0..classes).filter(|class| all[*class] > 0.0).map(|class| {
                let off = held[part][class] - share * dealt[class];
                ((off + own[class]).powi(2) - off.powi(2)) / (share * all[class].powi(2))
            });
            each.sum()
        };
        let best = (0..shares.len()).min_by(|left, right| cost(*left).total_cmp(&cost(*right))).unwrap_or(0);
        (0..classes).for_each(|class| held[best][class] += own[class]);
        places.push(best);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_keys::RowKeys;
    use crate::sequence::Sequence;

    /// Rows as `(group, class)`.
    fn dataset(rows: &[(&str, usize)]) -> Dataset {
        Dataset {
            name: "t.csv".into(),
            sequences: vec![Sequence::Tokens(vec![1]); rows.len()],
            targets: rows.iter().map(|(_, class)| Target::Class(*class)).collect(),
            classes: vec!["a".into(), "b".into(), "c".into()],
            keys: RowKeys { ids: Vec::new(), groups: rows.iter().map(|(group, _)| group.to_string()).collect() },
            ..Dataset::default()
        }
    }

    /// 40 patients of 1 to 7 rows; a third of them are ill, which is two classes of three.
    fn patients() -> Vec<(String, usize)> {
        let rows = (0..40).flat_map(|patient| {
            let class = if patient % 3 > 0 { 0 } else { 1 + patient % 2 };
            (0..1 + patient * 5 % 7).map(move |_| (format!("p{patient}"), class))
        });
        rows.collect()
    }

    fn of(rows: &[(String, usize)]) -> Dataset {
        dataset(&rows.iter().map(|(group, class)| (group.as_str(), *class)).collect::<Vec<_>>())
    }

    fn counts(dataset: &Dataset, rows: &[usize]) -> [usize; 3] {
        [0, 1, 2].map(|class| rows.iter().filter(|row| dataset.targets[**row] == Target::Class(class)).count())
    }

    #[test]
    fn no_group_parts_and_classes_are_shared_out() {
        let dataset = of(&patients());
        let all: Vec<usize> = (0..dataset.len()).collect();
        for seed in 0..20 {
            let (first, rest) = parted(&dataset, &all, &all, 0.2, seed).unwrap();
            assert_eq!(first.len() + rest.len(), dataset.len());
            let (of_first, of_rest) =
                (dataset.keys.groups_of(first.iter().copied()), dataset.keys.groups_of(rest.iter().copied()));
            assert!(of_first.is_disjoint(&of_rest));
            let (whole, part) = (counts(&dataset, &all), counts(&dataset, &first));
            for class in 0..3 {
                let share = part[class] as f64 / whole[class] as f64;
                assert!((share - 0.2).abs() < 0.11, "seed {seed}: {part:?} of {whole:?}");
            }
            assert_eq!(parted(&dataset, &all, &all, 0.2, seed).unwrap().0, first);
        }
        assert_ne!(parted(&dataset, &all, &all, 0.2, 0).unwrap(), parted(&dataset, &all, &all, 0.2, 1).unwrap());
    }

    #[test]
    fn folds_hold_whole_groups_and_each_group_once() {
        let dataset = of(&patients());
        let all: Vec<usize> = (0..dataset.len()).collect();
        let folds = folds(&dataset, &all, 5, 0);
        let groups: Vec<HashSet<&str>> =
            folds.iter().map(|fold| dataset.keys.groups_of(fold.iter().copied())).collect();
        assert_eq!(groups.iter().map(HashSet::len).sum::<usize>(), 40);
        assert_eq!(folds.concat().len(), dataset.len());
        let sizes: Vec<usize> = folds.iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|size| size.abs_diff(dataset.len() / 5) <= 4), "{sizes:?}");
        for fold in &folds {
            let (whole, part) = (counts(&dataset, &all), counts(&dataset, fold));
            assert!((0..3).all(|class| (part[class] as f64 / whole[class] as f64 - 0.2).abs() < 0.16), "{part:?}");
        }
        assert_eq!(fewest_groups(&dataset, &all), Some(7));
    }

    #[test]
    fn a_group_that_alone_has_a_class_is_held_out_of_no_fold() {
        let dataset = dataset(&[("p", 0), ("q", 0), ("r", 1), ("s", 0)]);
        let folds = folds(&dataset, &[0, 1, 2, 3], 2, 0);
        assert!(!folds.concat().contains(&2) && folds.concat().len() == 3, "{folds:?}");
    }

    #[test]
    fn rows_without_a_label_follow_their_group() {
        let dataset = dataset(&[("p", 0), ("q", 0), ("p", 1), ("q", 1), ("p", 0), ("q", 0), ("", 0)]);
        let (first, rest) = parted(&dataset, &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3], 0.5, 0).unwrap();
        // Row 4 or 5 is in neither part: its group is in the first, where it would score nothing.
        assert_eq!((first.len(), rest.len()), (2, 3));
        let message = parted(&dataset, &[0, 2], &[0, 2], 0.5, 0).unwrap_err().in_full();
        assert!(message.contains("1 groups cannot be parted in two"), "{message}");
    }

    #[test]
    fn parts_that_share_a_group_are_refused_by_name() {
        let (train, test) = (dataset(&[("p", 0), ("q", 0)]), dataset(&[("r", 0), ("q", 0)]));
        let message = check_parts("patient", &[(&train, "training"), (&test, "test")]).unwrap_err().in_full();
        assert!(
            message.starts_with("`patient` is `q` in rows of the test part") && message.ends_with("draw whole groups"),
            "{message}"
        );
        assert!(check_parts("patient", &[(&train, "training"), (&test, UNLABELLED)]).is_ok());
        let bare = Dataset { keys: RowKeys::default(), ..test };
        let message = check_parts("patient", &[(&train, "training"), (&bare, "test")]).unwrap_err().in_full();
        assert!(message.contains("no column `patient`, which `data.labels.group` names"), "{message}");
        assert!(check_parts("patient", &[(&train, "training")]).is_ok());
    }
}
