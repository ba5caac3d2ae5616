//! The negative log-likelihood of a conditional random field.
//!
//! The sums over all paths are made on the host, in double precision, and give the gradient as well: by a score it is
//! how often the tag stands there in the mean over all paths, less how often it does in the truth. It goes into the
//! graph as that of `ctc` does, as the factor of a product whose value is taken off again.

use burn::tensor::{Tensor, TensorData};
use semiseq_models::Crf;

/// What a conditional random field says of a batch.
pub struct CrfLoss {
    /// The negative log-likelihood of each sequence, in nats; 0 of one without tags. `[batch]`
    pub losses: Tensor<1>,
    /// The logarithm of the probability of each tag at each step, without graph; 0 where padded, and in sequences
    /// without tags. `[batch * time, tags]`
    pub log_probabilities: Tensor<2>,
}

/// `ln Z(x) - s(x, y)` of each sequence (Lafferty et al. 2001, section 3).
///
/// # Shapes
///
/// - emissions: `[batch, time, tags]`
/// - truth: the tags of each sequence, as many as it has steps; none where they are not known
pub fn crf_loss(crf: &Crf, emissions: Tensor<3>, truth: &[Vec<usize>]) -> CrfLoss {
    let [batch, time, tags] = emissions.dims();
    let device = emissions.device();
    let transitions = crf.transitions();
    let values: Vec<f64> = emissions.clone().detach().into_data().iter::<f64>().collect();
    let mut losses = vec![0.0f32; batch];
    let mut said = vec![0.0f32; values.len()];
    let mut of_steps = vec![0.0f32; values.len()];
    let mut of_start = vec![0.0f32; batch * tags];
    let mut of_end = vec![0.0f32; batch * tags];
    let mut of_between = vec![0.0f32; batch * tags * tags];
    for (row, path) in truth.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let (begin, steps) = (row * time * tags, path.len().min(time));
        let path = &path[..steps];
        let emissions = &values[begin..begin + steps * tags];
        let marginals = transitions.marginals(emissions);
        losses[row] = (marginals.log_partition - transitions.score(emissions, path)) as f32;
        let mut slopes = marginals.steps.clone();
        path.iter().enumerate().for_each(|(step, tag)| slopes[step * tags + tag] -= 1.0);
        let mut between = marginals.between;
        path.windows(2).for_each(|pair| between[pair[0] * tags + pair[1]] -= 1.0);
        let put = |to: &mut [f32], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as f32);
        put(&mut of_start[row * tags..][..tags], &slopes[..tags]);
        put(&mut of_end[row * tags..][..tags], &slopes[(steps - 1) * tags..]);
        put(&mut of_between[row * tags * tags..][..tags * tags], &between);
        put(&mut of_steps[begin..][..steps * tags], &slopes);
        let logs: Vec<f64> = marginals.steps.iter().map(|share| share.max(f64::from(f32::MIN_POSITIVE)).ln()).collect();
        put(&mut said[begin..][..steps * tags], &logs);
    }
    let tensor =
        |values: Vec<f32>, width: usize| Tensor::<2>::from_data(TensorData::new(values, [batch, width]), &device);
    let product = |scores: Tensor<2>, slopes: Tensor<2>| (scores * slopes).sum_dim(1).reshape([batch]);
    let sum: Tensor<1> = product(emissions.reshape([batch, time * tags]), tensor(of_steps, time * tags))
        + product(crf.start.val().reshape([1, tags]), tensor(of_start, tags))
        + product(crf.end.val().reshape([1, tags]), tensor(of_end, tags))
        + product(crf.between.val().reshape([1, tags * tags]), tensor(of_between, tags * tags));
    let losses = Tensor::from_data(losses.as_slice(), &device);
    CrfLoss {
        // The same number taken off again: what stays of it is its gradient.
        losses: losses + (sum.clone() - sum.detach()),
        log_probabilities: Tensor::from_data(TensorData::new(said, [batch * time, tags]), &device),
    }
}
