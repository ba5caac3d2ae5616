//! What objectives remember: a value of each training sequence, and running means over batches.
//!
//! A batch may hold a sequence twice. Its memory is then as if it had been seen once: what is put in is what came last,
//! as an assignment by indices does in PyTorch.

use std::collections::HashMap;

use burn::module::Param;
use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor};
use semiseq_models::blend;
use semiseq_schema::{Problem, check_memory};

use crate::step::StepContext;

/// Part of a stage's steps that a running mean remembers where no config says how long.
const SHARE: f64 = 0.05;

/// Keeps the ratio of two means finite, as the authors of AdaMatch, CoMatch and SoftMatch do.
const TINY: f64 = 1e-6;

/// A value that is remembered but not learned.
pub(crate) fn remembered<const D: usize>(value: Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor(value).set_require_grad(false)
}

/// Positions in the training part, as a tensor to pick rows of a memory with. `[sequences]`
pub(crate) fn places(indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let places: Vec<i32> = indices.iter().map(|index| *index as i32).collect();
    Tensor::from_data(places.as_slice(), device)
}

/// Adds to the rows (axis 0) or columns (axis 1) of a memory that belong to these places, each of which may stand there
/// once: see [`occurrences`] and [`last_of_each`].
pub(crate) fn add_at<const D: usize>(
    memory: &mut Param<Tensor<D>>,
    axis: usize,
    places: Tensor<1, Int>,
    change: Tensor<D>,
) {
    *memory = memory.clone().map(|memory| {
        memory.detach().select_assign(axis, places, change, IndexingUpdateOp::Add).set_require_grad(false)
    });
}

/// Rows of a memory, and positions in the batch, of the sequences at these positions. Both `[positions]`.
pub(crate) fn rows_at(indices: &[usize], positions: &[usize], device: &Device) -> [Tensor<1, Int>; 2] {
    let rows: Vec<usize> = positions.iter().map(|position| indices[*position]).collect();
    [places(&rows, device), places(positions, device)]
}

/// Positions in a batch, in groups that hold each sequence once: all first occurrences, then all second ones, and so
/// on. One group where none comes twice. Groups that are noted one after the other leave what the last of them says.
pub(crate) fn occurrences(indices: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut times: HashMap<usize, usize> = HashMap::new();
    for (position, index) in indices.iter().enumerate() {
        let before = times.entry(*index).or_default();
        if groups.len() == *before {
            groups.push(Vec::new());
        }
        groups[*before].push(position);
        *before += 1;
    }
    groups
}

/// The position of each sequence's last occurrence in a batch, in order.
pub(crate) fn last_of_each(indices: &[usize]) -> Vec<usize> {
    let last: HashMap<usize, usize> = indices.iter().copied().zip(0..).collect();
    (0..indices.len()).filter(|position| last[&indices[*position]] == *position).collect()
}

/// The decay of a running mean over a stage: the one given, or that of a memory of a twentieth of the stage's steps, at
/// most `longest` steps, the paper's.
///
/// A mean with decay `m` remembers about `1 / (1 - m)` steps. With `longest = 1000`, the papers' 0.999, a stage of 400
/// steps remembers 20 of them, `m = 1 - 1/20 = 0.95`; one of 4,000 steps 200, `m = 0.995`; one of 20,000 or more 1,000,
/// `m = 0.999`. With 0.999 a stage of 400 steps would end with 0.999^400 = 67 % of what the mean began as.
pub(crate) fn decay(given: Option<f64>, longest: f64, context: &StepContext) -> f64 {
    given.unwrap_or_else(|| 1.0 - 1.0 / (SHARE * context.total_steps as f64).clamp(1.0, longest))
}

/// Checks `momentum` of a method, where it is given.
pub(crate) fn check_momentum(problems: &mut Vec<Problem>, path: &str, given: Option<f64>, hint: &str) {
    if let Some(momentum) = given {
        check_memory(problems, &format!("{path}.momentum"), momentum, hint);
    }
}

/// `memory ← decay · memory + (1 - decay) · value`; gives the new memory.
pub(crate) fn follow<const D: usize>(memory: &mut Param<Tensor<D>>, decay: f64, value: Tensor<D>) -> Tensor<D> {
    let value = value.detach();
    *memory = memory.clone().map(|old| blend(old.detach(), value.clone(), decay).set_require_grad(false));
    memory.val().detach()
}

/// As [`follow`] for a mean distribution that starts as zeros: it takes the first batch whole, so that no made-up start
/// has to be forgotten.
pub(crate) fn follow_from_first(memory: &mut Param<Tensor<2>>, decay: f64, value: Tensor<2>) -> Tensor<2> {
    let value = value.detach();
    *memory = memory.clone().map(|old| {
        let old = old.detach();
        let begun = old.clone().sum().greater_elem(0.0).float().reshape([1, 1]);
        (value.clone() + (old - value.clone()) * (begun * decay)).set_require_grad(false)
    });
    memory.val().detach()
}

/// Distribution alignment (Berthelot et al. 2020, section 3.1): distributions `[rows, classes]` times `target / mean`,
/// both `[1, classes]`, scaled to sum 1. Where `mean` is the mean of the distributions, theirs is drawn to `target`.
pub(crate) fn aligned(distributions: Tensor<2>, mean: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
    let aligned = distributions * ((target + TINY) / (mean + TINY));
    aligned.clone() / aligned.sum_dim(1)
}

/// Pseudo-labels `[rows, classes]` aligned to the uniform distribution by their running mean `[1, classes]`, which
/// follows first.
pub(crate) fn evened(probabilities: Tensor<2>, mean: &mut Param<Tensor<2>>, decay: f64) -> Tensor<2> {
    let [_, classes] = probabilities.dims();
    let mean = follow_from_first(mean, decay, probabilities.clone().mean_dim(0));
    aligned(probabilities, mean.clone(), mean.ones_like() / classes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_sequence_that_comes_twice_stands_in_two_groups_and_is_last_once() {
        assert_eq!(occurrences(&[7, 3, 7, 9, 7, 3]), [vec![0, 1, 3], vec![2, 5], vec![4]]);
        assert_eq!(last_of_each(&[7, 3, 7, 9, 7, 3]), [3, 4, 5]);
        assert_eq!(occurrences(&[2, 5]), [vec![0, 1]]);
        assert_eq!(last_of_each(&[2, 5]), [0, 1]);
        assert!(occurrences(&[]).is_empty() && last_of_each(&[]).is_empty());
    }

    #[test]
    fn the_memory_is_a_twentieth_of_the_stage_up_to_the_papers() {
        let of = |given: Option<f64>, total_steps: usize| {
            decay(given, 1000.0, &StepContext { step: 0, total_steps, epoch: 1 })
        };
        for (steps, expected) in [(10, 0.0), (400, 0.95), (4000, 0.995), (20_000, 0.999), (1_000_000, 0.999)] {
            assert!((of(None, steps) - expected).abs() < 1e-12, "{steps} steps");
        }
        assert_eq!(of(Some(0.9), 400), 0.9, "what is given is used as given");
        assert_eq!(of(Some(0.9999), 400), 0.9999);
    }

    #[test]
    fn the_mean_of_a_constant_is_the_constant_from_the_first_step_on() {
        let device = Device::flex();
        let constant = || Tensor::<2>::from_data([[0.7, 0.2, 0.1]], &device);
        let mut mean = remembered(Tensor::<2>::zeros([1, 3], &device));
        for _ in 0..5 {
            assert_eq!(host(follow_from_first(&mut mean, 0.99, constant())), [0.7, 0.2, 0.1]);
        }
        let other = Tensor::<2>::from_data([[0.1, 0.2, 0.7]], &device);
        let moved = host(follow_from_first(&mut mean, 0.9, other));
        for (found, expected) in moved.iter().zip([0.64f32, 0.2, 0.16]) {
            assert!((found - expected).abs() < 1e-6, "0.9 of the old and 0.1 of the new: {moved:?}");
        }
    }

    #[test]
    fn the_mean_of_aligned_distributions_tends_to_their_target() {
        let device = Device::flex();
        // Two rows that lean to the first class, by turns.
        let rows = [[[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]], [[0.7, 0.1, 0.2], [0.5, 0.2, 0.3]]];
        let target = || Tensor::<2>::from_data([[0.2, 0.3, 0.5]], &device);
        let mut mean = remembered(Tensor::<2>::zeros([1, 3], &device));
        let mut of_aligned = remembered(Tensor::<2>::zeros([1, 3], &device));
        for step in 0..400 {
            let rows = Tensor::<2>::from_data(rows[step % 2], &device);
            let now = follow_from_first(&mut mean, 0.95, rows.clone().mean_dim(0));
            let aligned = aligned(rows, now, target());
            for sum in host(aligned.clone().sum_dim(1)) {
                assert!((sum - 1.0).abs() < 1e-5);
            }
            follow_from_first(&mut of_aligned, 0.95, aligned.mean_dim(0));
        }
        let found = host(of_aligned.val());
        // Scaling each row to sum 1 leaves the mean a little off; unaligned it would be (0.65, 0.175, 0.175).
        for (found, target) in found.iter().zip([0.2f32, 0.3, 0.5]) {
            assert!((found - target).abs() < 0.03, "{found} should be near {target}");
        }
        // Rows that are alike are aligned to the target itself.
        let mut mean = remembered(Tensor::<2>::zeros([1, 3], &device));
        let same = || Tensor::<2>::from_data([[0.8, 0.15, 0.05]; 2], &device);
        for _ in 0..3 {
            let now = follow_from_first(&mut mean, 0.95, same().mean_dim(0));
            let found = host(aligned(same(), now, target()));
            for (found, target) in found.iter().zip([0.2f32, 0.3, 0.5, 0.2, 0.3, 0.5]) {
                assert!((found - target).abs() < 1e-4, "{found} should be {target}");
            }
        }
    }
}
