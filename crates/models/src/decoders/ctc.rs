//! From what a network says of each step to a shorter sequence of tokens, where one token more, the blank, stands for
//! nothing (connectionist temporal classification, Graves et al. 2006): an alignment names a token or the blank at each
//! step, and reads as its tokens without repetitions and blanks.
//!
//! The best path takes the likeliest alignment. Prefix beam search (Hannun et al. 2014, algorithm 1, without a language
//! model) adds up all alignments of what is written so far, so that the likeliest sequence wins though no single
//! alignment of it does. Both know no tensors.

use std::collections::HashMap;

/// The token that stands for nothing: the number of padding, which no target holds.
pub const BLANK: u32 = 0;

/// Nothing is written yet: the node that has no parent.
const ROOT: u32 = 0;

/// The sequence of `log_probabilities`, row-major `[time, classes]`: prefix beam search among `width` prefixes, or the
/// best path where that is 1.
pub fn decode(log_probabilities: &[f32], classes: usize, width: usize) -> Vec<u32> {
    match width {
        0 | 1 => best_path(log_probabilities, classes),
        width => prefix_search(log_probabilities, classes, width),
    }
}

/// The likeliest token of each step, without repetitions and blanks. `log_probabilities` are row-major
/// `[time, classes]`; of equals the first counts.
pub fn best_path(log_probabilities: &[f32], classes: usize) -> Vec<u32> {
    let likeliest = |row: &[f32]| {
        let first = (BLANK, f32::NEG_INFINITY);
        (0..).zip(row).fold(first, |best, (token, value)| if *value > best.1 { (token, *value) } else { best }).0
    };
    let mut path: Vec<u32> = log_probabilities.chunks_exact(classes.max(1)).map(likeliest).collect();
    path.dedup();
    path.retain(|token| *token != BLANK);
    path
}

/// The likeliest sequence among those whose prefixes are always among the `width` likeliest. `log_probabilities` are
/// row-major `[time, classes]`.
pub fn prefix_search(log_probabilities: &[f32], classes: usize, width: usize) -> Vec<u32> {
    let mut prefixes = Prefixes::default();
    let mut beam = vec![Hypothesis { prefix: ROOT, blank: 0.0, token: f64::NEG_INFINITY }];
    for row in log_probabilities.chunks_exact(classes.max(1)) {
        beam = step(&beam, row, width.max(1), &mut prefixes);
    }
    // The first is the likeliest.
    beam.first().map(|best| prefixes.tokens(best.prefix)).unwrap_or_default()
}

/// A prefix, with the log-probabilities of all its alignments that end in a blank, and of those that end in its last
/// token.
#[derive(Clone, Copy, Debug)]
struct Hypothesis {
    prefix: u32,
    blank: f64,
    token: f64,
}

impl Hypothesis {
    fn total(&self) -> f64 {
        log_add(self.blank, self.token)
    }
}

/// All prefixes that were ever followed, as a tree: one that comes back is the same as before, so that its
/// continuations are found.
#[derive(Debug, Default)]
struct Prefixes {
    /// Parent and last token of each but the root.
    nodes: Vec<(u32, u32)>,
    numbers: HashMap<(u32, u32), u32>,
}

impl Prefixes {
    /// Parent and last token; `None` where nothing is written.
    fn last(&self, prefix: u32) -> Option<(u32, u32)> {
        (prefix != ROOT).then(|| self.nodes[prefix as usize - 1])
    }

    fn extended(&mut self, prefix: u32, token: u32) -> u32 {
        *self.numbers.entry((prefix, token)).or_insert_with(|| {
            self.nodes.push((prefix, token));
            self.nodes.len() as u32
        })
    }

    fn tokens(&self, prefix: u32) -> Vec<u32> {
        let mut tokens = Vec::new();
        let mut here = prefix;
        while let Some((parent, token)) = self.last(here) {
            tokens.push(token);
            here = parent;
        }
        tokens.reverse();
        tokens
    }
}

/// What may be followed next: a prefix that stays as it is, or that a token makes longer.
#[derive(Clone, Copy)]
struct Candidate {
    score: f64,
    hypothesis: Hypothesis,
    token: Option<u32>,
}

/// The `width` likeliest prefixes after one more step, the likeliest first.
fn step(beam: &[Hypothesis], row: &[f32], width: usize, prefixes: &mut Prefixes) -> Vec<Hypothesis> {
    let places: HashMap<u32, usize> = beam.iter().enumerate().map(|(place, one)| (one.prefix, place)).collect();
    let last: Vec<Option<(u32, u32)>> = beam.iter().map(|one| prefixes.last(one.prefix)).collect();
    let said = |token: u32| f64::from(row[token as usize]);
    let stays = |(one, last): (&Hypothesis, &Option<(u32, u32)>)| Hypothesis {
        prefix: one.prefix,
        blank: one.total() + said(BLANK),
        token: last.map_or(f64::NEG_INFINITY, |(_, token)| one.token + said(token)),
    };
    let mut kept: Vec<Hypothesis> = beam.iter().zip(&last).map(stays).collect();
    // A prefix that is longer by a token, and is followed already: by the place of the shorter one.
    let mut longer: Vec<Vec<(u32, usize)>> = vec![Vec::new(); beam.len()];
    for (place, last) in last.iter().enumerate() {
        if let Some((parent, token)) = last
            && let Some(shorter) = places.get(parent)
        {
            longer[*shorter].push((*token, place));
        }
    }
    let likely = likeliest(row, 2 * width + 1);
    let mut candidates = Vec::with_capacity(beam.len() * (likely.len() + 1));
    for (place, one) in beam.iter().enumerate() {
        let total = one.total();
        // The same token again needs a blank between.
        let repeated = last[place].map(|(_, token)| token);
        let score = |token: u32| said(token) + if repeated == Some(token) { one.blank } else { total };
        for (token, other) in &longer[place] {
            kept[*other].token = log_add(kept[*other].token, score(*token));
        }
        for token in likely.iter().copied().filter(|token| longer[place].iter().all(|(known, _)| known != token)) {
            let hypothesis = Hypothesis { prefix: one.prefix, blank: f64::NEG_INFINITY, token: score(token) };
            candidates.push(Candidate { score: score(token), hypothesis, token: Some(token) });
        }
    }
    candidates.extend(kept.into_iter().map(|one| Candidate { score: one.total(), hypothesis: one, token: None }));
    // A prefix that needs more steps than there were is none yet.
    candidates.retain(|one| one.score > f64::NEG_INFINITY);
    let best_first = |left: &Candidate, right: &Candidate| {
        let order = |one: &Candidate| (one.hypothesis.prefix, one.token);
        right.score.total_cmp(&left.score).then_with(|| order(left).cmp(&order(right)))
    };
    if candidates.len() > width {
        candidates.select_nth_unstable_by(width - 1, best_first);
        candidates.truncate(width);
    }
    candidates.sort_by(best_first);
    let followed = |Candidate { hypothesis, token, .. }: Candidate| match token {
        Some(token) => Hypothesis { prefix: prefixes.extended(hypothesis.prefix, token), ..hypothesis },
        None => hypothesis,
    };
    candidates.into_iter().map(followed).collect()
}

/// The `count` likeliest tokens of a step. No other can make one of the `width` likeliest prefixes longer where `count`
/// is `2 · width + 1`: of those before it one at most is a repetition, fewer than `width` are followed already, and the
/// others are `width` better continuations of the same prefix.
fn likeliest(row: &[f32], count: usize) -> Vec<u32> {
    let mut tokens: Vec<u32> = (1..row.len() as u32).collect();
    if tokens.len() > count {
        tokens.select_nth_unstable_by(count - 1, |left, right| {
            row[*right as usize].total_cmp(&row[*left as usize]).then(left.cmp(right))
        });
        tokens.truncate(count);
    }
    tokens
}

/// `ln(eᵃ + eᵇ)`.
fn log_add(left: f64, right: f64) -> f64 {
    let (small, large) = if left < right { (left, right) } else { (right, left) };
    if small == f64::NEG_INFINITY { large } else { large + (small - large).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log-probabilities `[time, classes]` from probabilities that need not add up to 1.
    fn logs(rows: &[&[f32]]) -> Vec<f32> {
        let normalised = |row: &&[f32]| {
            let sum: f32 = row.iter().sum();
            row.iter().map(|value| (value / sum).ln()).collect::<Vec<f32>>()
        };
        rows.iter().flat_map(normalised).collect()
    }

    /// The log-probability of every sequence, all alignments looked at.
    fn exhaustive(log_probabilities: &[f32], classes: usize) -> HashMap<Vec<u32>, f64> {
        let time = log_probabilities.len() / classes;
        let mut all: HashMap<Vec<u32>, f64> = HashMap::new();
        for number in 0..classes.pow(time as u32) {
            let mut path: Vec<u32> =
                (0..time).map(|step| (number / classes.pow(step as u32) % classes) as u32).collect();
            let score = (0..time).map(|step| f64::from(log_probabilities[step * classes + path[step] as usize])).sum();
            path.dedup();
            path.retain(|token| *token != BLANK);
            let sum = all.entry(path).or_insert(f64::NEG_INFINITY);
            *sum = log_add(*sum, score);
        }
        all
    }

    #[test]
    fn the_best_path_reads_without_repetitions_and_blanks() {
        let one = |token: usize| (0..3).map(|other| if other == token { 0.8 } else { 0.1 }).collect::<Vec<f32>>();
        let rows: Vec<Vec<f32>> = [1, 1, 0, 1, 2, 2, 0].map(one).to_vec();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        assert_eq!(best_path(&logs(&rows), 3), [1, 1, 2]);
        assert_eq!(best_path(&[], 3), [0u32; 0]);
        assert_eq!(prefix_search(&[], 3, 4), [0u32; 0]);
    }

    /// Two blanks are the likeliest alignment, 0.6 · 0.6 = 0.36; yet 1 has three, 0.4 · 0.6 · 2 + 0.4 · 0.4 = 0.64.
    #[test]
    fn alignments_of_a_sequence_are_added_up() {
        let table = logs(&[&[0.6, 0.4], &[0.6, 0.4]]);
        assert_eq!(best_path(&table, 2), [0u32; 0]);
        assert_eq!(prefix_search(&table, 2, 2), [1]);
        assert_eq!((decode(&table, 2, 1), decode(&table, 2, 8)), (vec![], vec![1]));
    }

    /// Numbers in (0, 1], most of them small.
    fn draws() -> impl FnMut() -> f32 {
        let mut state = 7u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as f32 / (1u64 << 31) as f32).powi(3) + 1e-3
        }
    }

    fn drawn(time: usize, classes: usize, mut draw: impl FnMut() -> f32) -> Vec<f32> {
        let rows: Vec<Vec<f32>> = (0..time).map(|_| (0..classes).map(|_| draw()).collect()).collect();
        logs(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Algorithm 1 of the paper by itself: prefixes as texts, each with all its continuations.
    fn by_the_paper(log_probabilities: &[f32], classes: usize, width: usize) -> Vec<u32> {
        let nothing = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let mut beam = vec![(Vec::new(), (0.0, f64::NEG_INFINITY))];
        for row in log_probabilities.chunks_exact(classes) {
            let mut next: HashMap<Vec<u32>, (f64, f64)> = HashMap::new();
            for (prefix, (blank, token)) in beam {
                let stays = next.entry(prefix.clone()).or_insert(nothing);
                stays.0 = log_add(stays.0, log_add(blank, token) + f64::from(row[0]));
                for (class, said) in (0..).zip(row).skip(1) {
                    let repeats = prefix.last() == Some(&class);
                    if repeats {
                        let stays = next.entry(prefix.clone()).or_insert(nothing);
                        stays.1 = log_add(stays.1, token + f64::from(*said));
                    }
                    let longer = next.entry([&prefix[..], &[class]].concat()).or_insert(nothing);
                    let before = if repeats { blank } else { log_add(blank, token) };
                    longer.1 = log_add(longer.1, before + f64::from(*said));
                }
            }
            beam = next.into_iter().collect();
            beam.sort_by(|(_, left), (_, right)| log_add(right.0, right.1).total_cmp(&log_add(left.0, left.1)));
            beam.truncate(width);
        }
        beam.swap_remove(0).0
    }

    #[test]
    fn a_narrow_beam_finds_what_the_papers_algorithm_finds() {
        let mut draw = draws();
        let mut lengths = 0;
        for (time, classes) in [(9, 3), (12, 8), (20, 30)] {
            for width in 1..6 {
                for _ in 0..20 {
                    let table = drawn(time, classes, &mut draw);
                    let found = prefix_search(&table, classes, width);
                    assert_eq!(found, by_the_paper(&table, classes, width), "{time} {classes} {width}");
                    lengths += found.len();
                }
            }
        }
        assert!(lengths > 1000, "{lengths}");
    }

    #[test]
    fn a_wide_beam_finds_what_a_look_at_all_alignments_finds() {
        let mut draw = draws();
        let mut differs = 0;
        for (time, classes) in [(1, 2), (3, 2), (4, 3), (5, 3), (6, 3), (4, 4)] {
            for _ in 0..20 {
                let table = drawn(time, classes, &mut draw);
                let all = exhaustive(&table, classes);
                let best = all.values().copied().fold(f64::NEG_INFINITY, f64::max);
                let found = prefix_search(&table, classes, all.len());
                assert!((all[&found] - best).abs() < 1e-9, "{found:?} of {}, the best has {best}", all[&found]);
                differs += usize::from(best_path(&table, classes) != found);
            }
        }
        assert!(differs > 10, "{differs}");
    }

    /// With a beam of one prefix and more, a prefix that was left and comes back is the same one.
    #[test]
    fn a_narrow_beam_counts_no_alignment_twice() {
        let table = logs(&[&[0.2, 0.5, 0.3], &[0.5, 0.2, 0.3], &[0.1, 0.6, 0.3], &[0.4, 0.3, 0.3], &[0.3, 0.3, 0.4]]);
        let all = exhaustive(&table, 3);
        for width in 1..40 {
            let mut prefixes = Prefixes::default();
            let mut beam = vec![Hypothesis { prefix: ROOT, blank: 0.0, token: f64::NEG_INFINITY }];
            for row in table.chunks_exact(3) {
                beam = step(&beam, row, width, &mut prefixes);
                let mut numbers: Vec<u32> = beam.iter().map(|one| one.prefix).collect();
                numbers.sort_unstable();
                numbers.dedup();
                assert_eq!(numbers.len(), beam.len());
            }
            for one in &beam {
                assert!(one.total() <= all[&prefixes.tokens(one.prefix)] + 1e-9, "{width}");
            }
        }
    }
}
