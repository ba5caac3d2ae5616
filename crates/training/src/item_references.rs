//! What popularity and neighbours recommend, on the sessions of a run.

use semiseq_analysis::references::ItemReferences;
use semiseq_datasets::{Dataset, Prepared, Sequence};
use semiseq_schema::ranking;

use crate::run_folder::ReferenceSummary;

/// Pairs of items in sessions up to which references are computed unasked.
const MOST_PAIRS: usize = 100_000_000;

/// Whether they take seconds.
pub(crate) fn fits(data: &Prepared) -> bool {
    let pairs = |session: &[u32]| session.len() * session.len().min(100);
    sessions(&data.train).map(pairs).sum::<usize>() <= MOST_PAIRS
}

/// Their scores on the test part, over the same items as those of the run.
pub(crate) fn scored(data: &Prepared) -> Vec<ReferenceSummary> {
    let counts = data.token_counts();
    let train: Vec<&[u32]> = sessions(&data.train).collect();
    let found = ItemReferences::fit(&train, &counts);
    let known = |item: u32| counts.get(item as usize).is_some_and(|count| *count > 0);
    let pairs: Vec<(u32, u32)> = sessions(&data.test)
        .flat_map(|session| session.windows(2))
        .filter(|pair| known(pair[1]))
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let reference = |name: &str, rank: &dyn Fn(&(u32, u32)) -> f64| {
        let ranks: Vec<f64> = pairs.iter().map(rank).collect();
        let test = ranking(&ranks).into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        ReferenceSummary { name: name.into(), test }
    };
    match pairs.is_empty() {
        true => Vec::new(),
        false => vec![
            reference("popularity", &|(_, item)| found.by_popularity(*item)),
            reference("nearest items of the last", &|(last, item)| found.by_neighbours(*last, *item)),
        ],
    }
}

fn sessions(part: &Dataset) -> impl Iterator<Item = &[u32]> {
    part.sequences.iter().filter_map(|sequence| match sequence {
        Sequence::Tokens(items) => Some(items.as_slice()),
        _ => None,
    })
}
