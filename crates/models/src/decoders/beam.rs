//! Beam search: the likeliest sequences of tokens, a few at a time (as in Sutskever et al. 2014), with the length
//! penalty of Wu et al. 2016, equation 14.

/// How far a search looks.
#[derive(Clone, Copy, Debug)]
pub struct Beam {
    /// Sequences that are followed side by side; 1 takes the likeliest token at each step.
    pub width: usize,
    /// Tokens of a sequence at most, its end included.
    pub longest: usize,
    /// α of `((5 + length) / 6)^α`, by which log-probabilities are divided: 0 prefers short ones, 0.6 to 1 is usual.
    pub length_penalty: f64,
    /// The token that ends a sequence.
    pub end: u32,
}

/// A sequence that is being written.
#[derive(Clone, Debug)]
struct Hypothesis {
    tokens: Vec<u32>,
    log_probability: f64,
}

/// Writes a sequence for each of `rows` sources: the best that was found, its end included where it has one.
///
/// `next` gets, for each sequence under way, the row it goes on from among those of the call before (at first the
/// sources themselves) and the token written last (none at first), and gives the log-probabilities of the tokens that
/// may follow.
pub fn search(
    rows: usize,
    beam: &Beam,
    mut next: impl FnMut(&[usize], Option<&[u32]>) -> Vec<Vec<f32>>,
) -> Vec<Vec<u32>> {
    let start = Hypothesis { tokens: Vec::new(), log_probability: 0.0 };
    let mut open: Vec<Vec<Hypothesis>> = vec![vec![start]; rows];
    let mut closed: Vec<Vec<Hypothesis>> = vec![Vec::new(); rows];
    let mut parents: Vec<usize> = (0..rows).collect();
    let mut last: Option<Vec<u32>> = None;
    for step in 1..=beam.longest {
        let log_probabilities = next(&parents, last.as_deref());
        let (mut chosen_parents, mut chosen_tokens) = (Vec::new(), Vec::new());
        let mut first = 0;
        for (open, closed) in open.iter_mut().zip(&mut closed) {
            let candidates = extended(open, &log_probabilities[first..first + open.len()], beam.width);
            let mut still_open = Vec::new();
            for (parent, hypothesis) in candidates {
                if hypothesis.tokens.last() == Some(&beam.end) || step == beam.longest {
                    closed.push(hypothesis);
                } else {
                    chosen_parents.push(first + parent);
                    chosen_tokens.extend(hypothesis.tokens.last());
                    still_open.push(hypothesis);
                }
            }
            first += open.len();
            *open = still_open;
            // Enough are finished, and none under way can overtake them.
            if done(open, closed, beam) {
                chosen_parents.truncate(chosen_parents.len() - open.len());
                chosen_tokens.truncate(chosen_tokens.len() - open.len());
                open.clear();
            }
        }
        if chosen_parents.is_empty() {
            break;
        }
        (parents, last) = (chosen_parents, Some(chosen_tokens));
    }
    let best = |closed: Vec<Hypothesis>| {
        let score = |hypothesis: &Hypothesis| hypothesis.score(beam);
        let best = closed.into_iter().max_by(|left, right| score(left).total_cmp(&score(right)));
        best.map(|best| best.tokens).unwrap_or_default()
    };
    closed.into_iter().map(best).collect()
}

impl Hypothesis {
    fn score(&self, beam: &Beam) -> f64 {
        self.log_probability / penalty(self.tokens.len(), beam)
    }
}

fn penalty(length: usize, beam: &Beam) -> f64 {
    ((5.0 + length as f64) / 6.0).powf(beam.length_penalty)
}

/// The likeliest ways to go on, best first, each with the position of what it goes on from.
fn extended(open: &[Hypothesis], log_probabilities: &[Vec<f32>], width: usize) -> Vec<(usize, Hypothesis)> {
    let mut all: Vec<(usize, u32, f64)> = Vec::new();
    for (parent, (hypothesis, row)) in open.iter().zip(log_probabilities).enumerate() {
        // No more than `width` of one parent can be among the best.
        let mut order: Vec<usize> = (0..row.len()).collect();
        let best_first = |left: &usize, right: &usize| row[*right].total_cmp(&row[*left]).then(left.cmp(right));
        if width < order.len() {
            order.select_nth_unstable_by(width - 1, best_first);
            order.truncate(width);
        }
        order.sort_by(best_first);
        all.extend(
            order.iter().map(|token| (parent, *token as u32, hypothesis.log_probability + f64::from(row[*token]))),
        );
    }
    all.sort_by(|left, right| right.2.total_cmp(&left.2));
    all.truncate(width);
    let grown = |(parent, token, log_probability): (usize, u32, f64)| {
        let mut tokens = open[parent].tokens.clone();
        tokens.push(token);
        (parent, Hypothesis { tokens, log_probability })
    };
    all.into_iter().map(grown).collect()
}

/// Whether `width` sequences are finished of which the worst is better than any that is under way can become.
fn done(open: &[Hypothesis], closed: &[Hypothesis], beam: &Beam) -> bool {
    if open.is_empty() || closed.len() < beam.width {
        return open.is_empty();
    }
    let worst = closed.iter().map(|hypothesis| hypothesis.score(beam)).fold(f64::INFINITY, f64::min);
    // A log-probability only falls, and the largest penalty divides it most.
    let reachable = |hypothesis: &Hypothesis| {
        hypothesis.log_probability / penalty(beam.longest, beam).max(penalty(hypothesis.tokens.len(), beam))
    };
    open.iter().all(|hypothesis| reachable(hypothesis) <= worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: u32 = 2;

    /// A table of three tokens: after nothing, after 0 and after 1. Greedy search takes 0 and is left with
    /// poor ways on.
    fn table(last: Option<u32>) -> Vec<f32> {
        let row: [f32; 3] = match last {
            None => [0.6, 0.39, 0.01],
            Some(0) => [0.35, 0.33, 0.32],
            _ => [0.04, 0.01, 0.95],
        };
        row.map(f32::ln).to_vec()
    }

    fn found(width: usize, longest: usize, length_penalty: f64) -> Vec<u32> {
        let beam = Beam { width, longest, length_penalty, end: END };
        search(1, &beam, |parents, last| match last {
            None => parents.iter().map(|_| table(None)).collect(),
            Some(last) => last.iter().map(|token| table(Some(*token))).collect(),
        })
        .remove(0)
    }

    /// The best of all sequences, each looked at.
    fn exhaustive(longest: usize, length_penalty: f64) -> Vec<u32> {
        let beam = Beam { width: 1, longest, length_penalty, end: END };
        let mut open = vec![Hypothesis { tokens: vec![], log_probability: 0.0 }];
        let mut all = Vec::new();
        while let Some(hypothesis) = open.pop() {
            for (token, log_probability) in table(hypothesis.tokens.last().copied()).into_iter().enumerate() {
                let mut tokens = hypothesis.tokens.clone();
                tokens.push(token as u32);
                let grown =
                    Hypothesis { log_probability: hypothesis.log_probability + f64::from(log_probability), tokens };
                if token as u32 == END || grown.tokens.len() == longest { all.push(grown) } else { open.push(grown) }
            }
        }
        all.into_iter().max_by(|left, right| left.score(&beam).total_cmp(&right.score(&beam))).expect("one").tokens
    }

    #[test]
    fn greedy_search_takes_the_likeliest_token_and_a_beam_the_likeliest_sequence() {
        assert_eq!(found(1, 3, 0.0), [0, 0, 0]);
        // 0.39 · 0.95 is more than 0.6 · 0.32 and than any three tokens.
        assert_eq!(found(2, 3, 0.0), [1, END]);
    }

    #[test]
    fn a_wide_beam_finds_what_a_look_at_all_sequences_finds() {
        for longest in 1..6 {
            for length_penalty in [0.0, 0.6, 1.0, 2.0] {
                let all = 3usize.pow(longest as u32);
                assert_eq!(found(all, longest, length_penalty), exhaustive(longest, length_penalty), "{longest}");
            }
        }
    }

    #[test]
    fn sources_are_searched_side_by_side_and_end_by_themselves() {
        // The first source ends at once, the second after three tokens; rows are told apart by their parents.
        let mut kinds: Vec<usize> = Vec::new();
        let beam = Beam { width: 2, longest: 9, length_penalty: 0.6, end: END };
        let found = search(2, &beam, |parents, last| {
            kinds = match last {
                None => vec![0, 1],
                Some(_) => parents.iter().map(|parent| kinds[*parent]).collect(),
            };
            let written = last.map_or(vec![None; 2], |last| last.iter().map(|token| Some(*token)).collect());
            kinds
                .iter()
                .zip(written)
                .map(|(kind, last)| match (kind, last) {
                    (0, _) | (1, Some(1)) => vec![-9.0, -9.0, -0.001],
                    (_, None) => vec![-0.001, -9.0, -9.0],
                    (_, Some(_)) => vec![-9.0, -0.001, -9.0],
                })
                .collect()
        });
        assert_eq!(found, [vec![END], vec![0, 1, END]]);
    }
}
