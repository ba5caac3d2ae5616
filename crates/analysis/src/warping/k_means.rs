//! K-means of series by dynamic time warping (Petitjean et al. 2011) or soft-DTW (Cuturi & Blondel 2017, section 3.2):
//! each series belongs to the centre that is nearest to it, each centre is the mean of its series.

use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use crate::AnalysisError;
use crate::warping::dba::dba;
use crate::warping::dtw::dtw_squared;
use crate::warping::over_threads::over_threads;
use crate::warping::soft_barycenter::soft_barycenter;
use crate::warping::soft_dtw::soft_dtw;
use crate::warping::{TimeSeries, check};

/// Starts, of which the best counts.
const STARTS: usize = 3;
/// Rounds of assignment and means at most.
const ROUNDS: usize = 50;
/// Rounds of a mean at most, in each of them.
const MEAN_ROUNDS: usize = 10;

/// How far a series is from a centre.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warping {
    /// The square of dynamic time warping; centres are means by DBA.
    Dtw,
    /// Soft-DTW with this γ > 0; centres have the least mean soft-DTW to their series. Its start are the centres of
    /// [`Warping::Dtw`].
    Soft(f64),
}

/// What k-means found.
#[derive(Clone, Debug, PartialEq)]
pub struct WarpedClusters {
    /// The cluster of each series.
    pub groups: Vec<usize>,
    /// The centre of each cluster, `[time, channels]`.
    pub centres: Vec<TimeSeries>,
    /// Mean over the series of how far their centre is.
    pub inertia: f64,
}

/// Clusters series into `k`. Starts are drawn as k-means++ draws them (Arthur & Vassilvitskii 2007), by the squares of
/// DTW; a centre is as long as the series it was drawn as.
///
/// # Errors
///
/// For fewer series than clusters, γ that is not above 0, series that do not fit each other or have values that are not
/// finite.
pub fn warped_clusters(
    series: &[TimeSeries],
    warping: Warping,
    k: usize,
    seed: u64,
) -> Result<WarpedClusters, AnalysisError> {
    check(series)?;
    check_gamma(warping)?;
    if k == 0 || k > series.len() {
        return Err(AnalysisError::new(format!("the number of clusters must be from 1 to {}, got {k}", series.len())));
    }
    let mut rng = Xoshiro256Plus::seed_from_u64(seed);
    let mut best: Option<WarpedClusters> = None;
    for _ in 0..STARTS {
        let found = from_starts(series, Warping::Dtw, drawn(series, k, &mut rng)?)?;
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    let best = best.ok_or_else(|| AnalysisError::new("there is no start"))?;
    match warping {
        Warping::Dtw => Ok(best),
        Warping::Soft(_) => from_starts(series, warping, best.centres),
    }
}

/// Clusters series from these centres on, until none changes its cluster.
///
/// # Errors
///
/// For series and centres that do not fit each other or have values that are not finite, and γ that is not above 0.
pub fn from_starts(
    series: &[TimeSeries],
    warping: Warping,
    mut centres: Vec<TimeSeries>,
) -> Result<WarpedClusters, AnalysisError> {
    check(&[series, &centres].concat())?;
    check_gamma(warping)?;
    let (mut groups, mut distances) = nearest(series, &centres, warping);
    for _ in 0..ROUNDS {
        fill_empty(&mut groups, &distances, centres.len());
        for (cluster, centre) in centres.iter_mut().enumerate() {
            let own: Vec<&TimeSeries> =
                series.iter().zip(&groups).filter(|(_, group)| **group == cluster).map(|(one, _)| one).collect();
            *centre = match warping {
                Warping::Dtw => dba(&own, centre, MEAN_ROUNDS),
                Warping::Soft(gamma) => soft_barycenter(&own, centre, gamma, MEAN_ROUNDS),
            };
        }
        let (next, now) = nearest(series, &centres, warping);
        let stays = next == groups;
        (groups, distances) = (next, now);
        if stays {
            break;
        }
    }
    let inertia = distances.iter().sum::<f64>() / series.len().max(1) as f64;
    Ok(WarpedClusters { groups, centres, inertia })
}

/// Steps of the longest series: an alignment holds a number for each pair of steps, 128 MB of them a thread.
const LONGEST: usize = 4_000;

/// Refuses what would take hours or all memory: pairs of steps that one round compares.
///
/// # Errors
///
/// Where there are more of them than are sensible, or a series is too long.
pub fn check_cost(series: &[TimeSeries], warping: Warping, k: usize) -> Result<(), AnalysisError> {
    let most: f64 = match warping {
        Warping::Dtw => 4e9,
        Warping::Soft(_) => 5e8,
    };
    let steps: usize = series.iter().map(TimeSeries::time).sum();
    let longest = series.iter().map(TimeSeries::time).max().unwrap_or(0);
    let channels = series.first().map_or(1, |first| first.channels);
    if longest > LONGEST {
        return Err(AnalysisError::new(format!(
            "a series of {longest} steps is too long to be warped, which takes at most {LONGEST}"
        )));
    }
    let pairs = steps as f64 * longest as f64 * k as f64 * channels as f64;
    if pairs <= most {
        return Ok(());
    }
    Err(AnalysisError::new(format!(
        "{} series of up to {longest} steps are too many to be warped onto {k} centres: a round would compare {pairs:.1e} \
         pairs of values, and more than {most:.0e} take hours",
        series.len()
    )))
}

fn check_gamma(warping: Warping) -> Result<(), AnalysisError> {
    match warping {
        Warping::Soft(gamma) if !(gamma.is_finite() && gamma > 0.0) => {
            Err(AnalysisError::new(format!("gamma must be a number above 0, got {gamma}")))
        }
        _ => Ok(()),
    }
}

/// The nearest centre of each series, and how far it is.
fn nearest(series: &[TimeSeries], centres: &[TimeSeries], warping: Warping) -> (Vec<usize>, Vec<f64>) {
    let of = |row: usize| {
        let distances = centres.iter().map(|centre| match warping {
            Warping::Dtw => dtw_squared(&series[row], centre),
            Warping::Soft(gamma) => soft_dtw(&series[row], centre, gamma),
        });
        let first = (0, f64::INFINITY);
        distances.enumerate().fold(first, |best, next| if next.1 < best.1 { next } else { best })
    };
    over_threads(series.len(), of).into_iter().unzip()
}

/// A cluster that nothing belongs to takes the series that is farthest from its own centre.
fn fill_empty(groups: &mut [usize], distances: &[f64], k: usize) {
    for cluster in 0..k {
        let mut sizes = vec![0; k];
        groups.iter().for_each(|group| sizes[*group] += 1);
        if sizes[cluster] > 0 {
            continue;
        }
        let movable = (0..groups.len()).filter(|row| sizes[groups[*row]] > 1);
        if let Some(row) = movable.max_by(|left, right| distances[*left].total_cmp(&distances[*right])) {
            groups[row] = cluster;
        }
    }
}

/// Series to start at: the first at random, each further one with the chance of its squared distance to the nearest of
/// those before.
fn drawn(series: &[TimeSeries], k: usize, rng: &mut Xoshiro256Plus) -> Result<Vec<TimeSeries>, AnalysisError> {
    let mut share = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let mut chosen = vec![((share() * series.len() as f64) as usize).min(series.len() - 1)];
    let mut apart = vec![f64::INFINITY; series.len()];
    while chosen.len() < k {
        let last = &series[chosen[chosen.len() - 1]];
        let to_last = over_threads(series.len(), |row| dtw_squared(&series[row], last));
        apart.iter_mut().zip(to_last).for_each(|(apart, to)| *apart = apart.min(to));
        let all: f64 = apart.iter().sum();
        if all <= 0.0 {
            return Err(AnalysisError::new(format!(
                "there are only {} series that differ by dynamic time warping, for {k} clusters",
                chosen.len()
            )));
        }
        let mut left = share() * all;
        let place = apart.iter().position(|apart| {
            left -= apart;
            left < 0.0
        });
        let farthest = (0..apart.len()).max_by(|left, right| apart[*left].total_cmp(&apart[*right]));
        chosen.extend(place.or(farthest));
    }
    Ok(chosen.into_iter().map(|row| series[row].clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjusted_rand_index;

    /// A bump, early or late, narrow in one class and two of them in the other; of unequal length.
    fn bumps() -> (Vec<TimeSeries>, Vec<usize>) {
        let of = |row: usize| {
            let (time, shift) = (24 + row % 5, 6.0 + (row % 7) as f64);
            let bump = |place: f64| (-0.5 * place * place).exp();
            let value = |step: usize| {
                let place = step as f64 - shift;
                bump(place) + if row.is_multiple_of(2) { 0.0 } else { bump(place - 8.0) }
            };
            TimeSeries { values: (0..time).map(value).collect(), channels: 1 }
        };
        ((0..24).map(of).collect(), (0..24).map(|row| row % 2).collect())
    }

    #[test]
    fn both_find_what_differs_in_shape_and_not_in_time() {
        let (series, truth) = bumps();
        for warping in [Warping::Dtw, Warping::Soft(0.1)] {
            let found = warped_clusters(&series, warping, 2, 0).unwrap();
            assert_eq!(adjusted_rand_index(&truth, &found.groups), 1.0, "{warping:?}: {:?}", found.groups);
            assert_eq!(found, warped_clusters(&series, warping, 2, 0).unwrap(), "a seed gives one result");
        }
    }

    #[test]
    fn what_cannot_be_clustered_is_said() {
        let (series, _) = bumps();
        let wrong = |series: &[TimeSeries], warping, k| warped_clusters(series, warping, k, 0).unwrap_err().message;
        assert!(wrong(&series, Warping::Dtw, 25).contains("from 1 to 24, got 25"));
        assert!(wrong(&series, Warping::Soft(0.0), 2).contains("gamma must be a number above 0"));
        let same = vec![series[0].clone(); 6];
        assert!(wrong(&same, Warping::Dtw, 2).contains("only 1 series that differ"));
        let mut broken = series.clone();
        broken[3].values[2] = f64::NAN;
        assert!(wrong(&broken, Warping::Dtw, 2).contains("series 4 has a value that is no finite number"));
        broken[3] = TimeSeries { values: vec![0.0; 4], channels: 2 };
        assert!(wrong(&broken, Warping::Dtw, 2).contains("the same number of channels"));
        let of = |count: usize, time: usize| vec![TimeSeries { values: vec![0.0; time], channels: 1 }; count];
        let refused = |series: &[TimeSeries]| check_cost(series, Warping::Dtw, 3).unwrap_err().message;
        assert!(refused(&of(100, 4_000)).contains("too many to be warped"));
        assert!(refused(&of(2, 4_001)).contains("too long to be warped"));
        assert!(check_cost(&series, Warping::Soft(1.0), 3).is_ok());
    }

    #[test]
    fn an_empty_cluster_takes_who_is_farthest() {
        let mut groups = vec![0, 0, 0, 2];
        fill_empty(&mut groups, &[0.1, 3.0, 0.2, 9.0], 3);
        assert_eq!(groups, [0, 1, 0, 2]);
    }
}
