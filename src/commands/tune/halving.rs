//! Successive halving (Jamieson & Talwalkar 2016): many trials for few steps, the best third of them for three times as
//! many.

/// Of the trials of a rung so many go on, and learn so many times as long.
const FACTOR: usize = 3;
/// Rungs at most: shorter runs say too little of the whole.
const MOST: u32 = 3;

/// A round of trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rung {
    /// How many trials take part.
    pub trials: usize,
    /// The steps of the config are divided by this.
    pub divisor: usize,
}

/// The rungs of so many trials; the last runs the config's own steps.
pub fn rungs(trials: usize) -> Vec<Rung> {
    let count = (1..MOST).take_while(|rung| trials >= FACTOR.pow(*rung)).count() as u32;
    (0..=count)
        .map(|rung| Rung { trials: trials.div_ceil(FACTOR.pow(rung)), divisor: FACTOR.pow(count - rung) })
        .collect()
}

/// The trials that go on, the best first: `scores` are of those that took part, larger ones better. The first trial,
/// which is the config as it is, always goes on, so that the others are held against it to the end.
pub fn survivors(scores: &[(usize, f64)], count: usize) -> Vec<usize> {
    let mut order: Vec<(usize, f64)> = scores.to_vec();
    order.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let mut found: Vec<usize> = order.into_iter().map(|(trial, _)| trial).take(count).collect();
    if !found.contains(&0) && scores.iter().any(|(trial, _)| *trial == 0) {
        found.push(0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_goes_on_for_three_times_as_long() {
        let of = |trials| rungs(trials).iter().map(|rung| (rung.trials, rung.divisor)).collect::<Vec<_>>();
        assert_eq!(of(1), [(1, 1)]);
        assert_eq!(of(3), [(3, 3), (1, 1)]);
        assert_eq!(of(20), [(20, 9), (7, 3), (3, 1)]);
    }

    #[test]
    fn the_config_as_it_is_stays() {
        assert_eq!(survivors(&[(0, 0.1), (1, 0.9), (2, 0.5), (3, 0.9)], 2), [1, 3, 0]);
        assert_eq!(survivors(&[(0, 1.0), (1, 0.9), (2, 0.5)], 1), [0]);
    }
}
