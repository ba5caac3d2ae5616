//! The linear-chain conditional random field (Lafferty et al. 2001; with a network below it Huang et al. 2015): tags of
//! a sequence are scored together, by what a network says of each step and by which tag follows which.
//!
//! `s(x, y) = start[y_1] + Σ_t e_t[y_t] + Σ_t A[y_{t-1}, y_t] + end[y_T]`, and `P(y | x) = exp(s(x, y)) / Z(x)`. The
//! sums over all paths are made forward and backward in double precision and in logarithms; the most probable path is
//! Viterbi's (1967). No tensors are known here.

/// Scores of transitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Transitions {
    /// Of each tag at the first step, `[tags]`.
    pub start: Vec<f64>,
    /// Of each tag at the last step, `[tags]`.
    pub end: Vec<f64>,
    /// Of each tag behind each, row-major `[from, to]`.
    pub between: Vec<f64>,
}

/// Sums over all paths through one sequence, and the marginal probabilities that they give.
#[derive(Clone, Debug, PartialEq)]
pub struct Marginals {
    /// `ln Z`.
    pub log_partition: f64,
    /// The probability of each tag at each step, row-major `[time, tags]`.
    pub steps: Vec<f64>,
    /// How often each tag follows each, in the mean over all paths, row-major `[from, to]`.
    pub between: Vec<f64>,
}

impl Transitions {
    /// Tags.
    pub fn tags(&self) -> usize {
        self.start.len()
    }

    fn follow(&self, from: usize, to: usize) -> f64 {
        self.between[from * self.tags() + to]
    }

    /// `s(x, y)` of one path, from emissions row-major `[time, tags]` with a step for each tag of the path.
    pub fn score(&self, emissions: &[f64], path: &[usize]) -> f64 {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return 0.0 };
        let at_steps = path.iter().enumerate().map(|(step, tag)| emissions[step * self.tags() + tag]);
        let between = path.windows(2).map(|pair| self.follow(pair[0], pair[1]));
        self.start[*first] + self.end[*last] + at_steps.sum::<f64>() + between.sum::<f64>()
    }

    /// Sums over all paths through emissions, row-major `[time, tags]`.
    pub fn marginals(&self, emissions: &[f64]) -> Marginals {
        let tags = self.tags();
        let time = emissions.len() / tags.max(1);
        let mut marginals =
            Marginals { log_partition: 0.0, steps: vec![0.0; emissions.len()], between: vec![0.0; tags * tags] };
        if time == 0 {
            return marginals;
        }
        // All paths up to a step, its own emission included; and all behind it.
        let mut before = vec![0.0; time * tags];
        let mut behind = vec![0.0; time * tags];
        let mut sums = vec![0.0; tags];
        for tag in 0..tags {
            before[tag] = self.start[tag] + emissions[tag];
            behind[(time - 1) * tags + tag] = self.end[tag];
        }
        for step in 1..time {
            for tag in 0..tags {
                for (from, sum) in sums.iter_mut().enumerate() {
                    *sum = before[(step - 1) * tags + from] + self.follow(from, tag);
                }
                before[step * tags + tag] = log_sum(&sums) + emissions[step * tags + tag];
            }
        }
        for step in (0..time - 1).rev() {
            for tag in 0..tags {
                for (to, sum) in sums.iter_mut().enumerate() {
                    let next = (step + 1) * tags + to;
                    *sum = self.follow(tag, to) + emissions[next] + behind[next];
                }
                behind[step * tags + tag] = log_sum(&sums);
            }
        }
        let last = (time - 1) * tags;
        let ends: Vec<f64> = (0..tags).map(|tag| before[last + tag] + self.end[tag]).collect();
        marginals.log_partition = log_sum(&ends);
        let share = |log: f64| (log - marginals.log_partition).exp();
        for (step, (before, behind)) in marginals.steps.iter_mut().zip(before.iter().zip(&behind)) {
            *step = share(before + behind);
        }
        for step in 1..time {
            for from in 0..tags {
                for to in 0..tags {
                    let here = step * tags + to;
                    let log = before[here - to - tags + from] + self.follow(from, to) + emissions[here] + behind[here];
                    marginals.between[from * tags + to] += share(log);
                }
            }
        }
        marginals
    }

    /// The most probable path through emissions, row-major `[time, tags]`; of equals that of the first tags from the
    /// end.
    pub fn best_path(&self, emissions: &[f64]) -> Vec<usize> {
        let tags = self.tags();
        let time = emissions.len() / tags.max(1);
        if time == 0 {
            return Vec::new();
        }
        let mut best: Vec<f64> = (0..tags).map(|tag| self.start[tag] + emissions[tag]).collect();
        let mut from = vec![0; time * tags];
        for step in 1..time {
            let to = |tag: usize| first_largest((0..tags).map(|from| best[from] + self.follow(from, tag)));
            let found: Vec<(usize, f64)> = (0..tags).map(to).collect();
            for (tag, (origin, score)) in found.into_iter().enumerate() {
                from[step * tags + tag] = origin;
                best[tag] = score + emissions[step * tags + tag];
            }
        }
        let (mut tag, _) = first_largest(best.iter().zip(&self.end).map(|(score, end)| score + end));
        let mut path = vec![tag; time];
        for step in (1..time).rev() {
            tag = from[step * tags + tag];
            path[step - 1] = tag;
        }
        path
    }
}

/// The place of the largest value, the first of equals, and the value.
fn first_largest(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let none = (0, f64::NEG_INFINITY);
    values.enumerate().fold(none, |best, (place, value)| if value > best.1 { (place, value) } else { best })
}

fn log_sum(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + values.iter().map(|value| (value - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are all different, without a generator.
    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        (0..count).map(|place| ((place * 37 + seed * 101) % 89) as f64 / 20.0 - 2.0).collect()
    }

    /// All paths of so many steps.
    fn all_paths(time: usize, tags: usize) -> Vec<Vec<usize>> {
        (0..tags.pow(time as u32))
            .map(|number| (0..time).map(|step| number / tags.pow(step as u32) % tags).collect())
            .collect()
    }

    #[test]
    fn sums_and_the_best_way_are_those_of_a_look_at_all_ways() {
        for (time, tags, seed) in [(1, 3, 1), (2, 2, 2), (4, 3, 3), (5, 2, 4), (3, 4, 5), (5, 1, 6)] {
            let transitions = Transitions {
                start: numbers(tags, seed),
                end: numbers(tags, seed + 7),
                between: numbers(tags * tags, seed + 13),
            };
            let emissions = numbers(time * tags, seed + 29);
            let paths = all_paths(time, tags);
            let scores: Vec<f64> = paths.iter().map(|path| transitions.score(&emissions, path)).collect();
            let sum: f64 = scores.iter().map(|score| score.exp()).sum();
            let found = transitions.marginals(&emissions);
            assert!((found.log_partition - sum.ln()).abs() < 1e-9, "{time} steps of {tags}");
            let mut steps = vec![0.0; time * tags];
            let mut between = vec![0.0; tags * tags];
            for (path, score) in paths.iter().zip(&scores) {
                let share = score.exp() / sum;
                path.iter().enumerate().for_each(|(step, tag)| steps[step * tags + tag] += share);
                path.windows(2).for_each(|pair| between[pair[0] * tags + pair[1]] += share);
            }
            let near = |found: &[f64], expected: &[f64]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near(&found.steps, &steps) && near(&found.between, &between), "{time} steps of {tags}");
            let (best, _) = first_largest(scores.iter().copied());
            let path = transitions.best_path(&emissions);
            assert!(
                (transitions.score(&emissions, &path) - scores[best]).abs() < 1e-12,
                "{path:?} and {:?}",
                paths[best]
            );
        }
        let empty = Transitions { start: vec![0.0; 2], end: vec![0.0; 2], between: vec![0.0; 4] };
        assert_eq!((empty.best_path(&[]), empty.marginals(&[]).log_partition), (Vec::new(), 0.0));
    }
}
