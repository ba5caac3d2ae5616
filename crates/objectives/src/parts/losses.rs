//! Losses on logits, shared by the objectives. All return shape `[1]`.
//!
//! A model with a single output on a class task is a sigmoid classifier: its logit `z` stands for the two-class logits
//! `[0, z]`, whose cross-entropy is the binary cross-entropy of `z`. Where a sequence has any number of labels
//! ([`SequenceModel::multi_label`](semiseq_models::SequenceModel::multi_label)) each column is one by itself.

use burn::tensor::activation::{log_sigmoid, log_softmax, softmax};
use burn::tensor::{Int, Tensor};

/// Two columns for a sigmoid classifier, the logits themselves otherwise. `[rows, classes]`.
pub fn class_logits(logits: Tensor<2>) -> Tensor<2> {
    let [_, outputs] = logits.dims();
    if outputs == 1 { Tensor::cat(vec![logits.zeros_like(), logits], 1) } else { logits }
}

/// `Σ weight · value / Σ weight`, and 0 where all weights are 0. Both `[rows]`.
pub fn weighted_mean(values: Tensor<1>, weights: Option<Tensor<1>>) -> Tensor<1> {
    match weights {
        Some(weights) => per_weight((values * weights.clone()).sum(), weights.sum()),
        None => values.mean(),
    }
}

/// `sum / weight`, and 0 without a gradient where the weight is 0: the sum may hold parts that do not weigh by it, as
/// the smoothing of labels whose classes weigh 0. Both `[1]`.
pub(crate) fn per_weight(sum: Tensor<1>, weight: Tensor<1>) -> Tensor<1> {
    let some = weight.clone().greater_elem(0.0).float();
    sum * some / weight.clamp_min(1e-12)
}

/// Cross-entropy against classes, as PyTorch's `cross_entropy`: with label smoothing `ε` the target is
/// `(1-ε)` on the class plus `ε/K` everywhere; class weights multiply each class's part, and the sum is
/// divided by the weights of the rows' classes. Where those are all 0 the loss is 0.
///
/// # Shapes
///
/// - logits: `[rows, classes]`, classes and known: `[rows]`, class weights: `[classes]`
pub fn cross_entropy(
    logits: Tensor<2>,
    classes: Tensor<1, Int>,
    known: Tensor<1>,
    smoothing: f64,
    class_weights: Option<Tensor<1>>,
) -> Tensor<1> {
    let logits = class_logits(logits);
    let [rows, count] = logits.dims();
    let log_probabilities = log_softmax(logits, 1);
    let class_weights = class_weights.unwrap_or_else(|| Tensor::ones([count], &log_probabilities.device()));
    let row_weights = class_weights.clone().select(0, classes.clone()) * known.clone();
    let picked = log_probabilities.clone().gather(1, classes.reshape([rows, 1])).reshape([rows]);
    let hard = -(picked * row_weights.clone()).sum();
    let loss = if smoothing > 0.0 {
        let everywhere = (log_probabilities * class_weights.reshape([1, count])).sum_dim(1).reshape([rows]);
        let soft = -(everywhere * known).sum() / count as f64;
        hard * (1.0 - smoothing) + soft * smoothing
    } else {
        hard
    };
    per_weight(loss, row_weights.sum())
}

/// Cross-entropy of each row against its class, `[rows]`. Logits `[rows, classes]`, classes `[rows]`.
pub fn cross_entropy_of_rows(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    -log_softmax(logits, 1).gather(1, classes.reshape([rows, 1])).reshape([rows])
}

/// Cross-entropy of each row against its distribution, `[rows]`. Both `[rows, classes]`.
pub fn soft_cross_entropy_of_rows(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    -(targets * log_softmax(logits, 1)).sum_dim(1).reshape([rows])
}

/// Cross-entropy against distributions, the mean over the rows, `[1]`. Both `[rows, classes]`.
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    soft_cross_entropy_of_rows(logits, targets).mean()
}

/// Binary cross-entropy of each row against the labels that it has, the mean over the labels, `[rows]`. Both `[rows,
/// labels]`.
pub fn binary_cross_entropy_of_rows(logits: Tensor<2>, labels: Tensor<2>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    let absent = log_sigmoid(logits.clone().neg()) * (labels.clone().neg() + 1.0);
    -(log_sigmoid(logits) * labels + absent).mean_dim(1).reshape([rows])
}

/// Binary cross-entropy of each label of each row that is known, the mean over both, as PyTorch's
/// `binary_cross_entropy_with_logits`; with label smoothing `ε` a label that holds is `1 - ε/2`, and another `ε/2`, as
/// Keras's `BinaryCrossentropy`.
///
/// # Shapes
///
/// - logits and labels: `[rows, labels]`, known: `[rows]`
pub fn binary_cross_entropy(logits: Tensor<2>, labels: Tensor<2>, known: Tensor<1>, smoothing: f64) -> Tensor<1> {
    let labels = labels * (1.0 - smoothing) + smoothing / 2.0;
    weighted_mean(binary_cross_entropy_of_rows(logits, labels), Some(known))
}

/// 1 for rows of which each label is told right, at a probability of one half, `[rows]`, without graph. Both `[rows,
/// labels]`.
pub fn all_right(logits: Tensor<2>, labels: Tensor<2>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    let wrong = logits.detach().greater_elem(0.0).float() - labels;
    wrong.abs().sum_dim(1).reshape([rows]).lower_elem(0.5).float()
}

/// Mean squared error of one-column predictions. Predictions `[rows, 1]`, numbers and known `[rows]`.
pub fn squared_error(predictions: Tensor<2>, numbers: Tensor<1>, known: Tensor<1>) -> Tensor<1> {
    let [rows, _] = predictions.dims();
    let difference = predictions.reshape([rows]) - numbers;
    weighted_mean(difference.clone() * difference, Some(known))
}

/// Mean squared error of forecasts, from each window's end or from each of its steps.
///
/// # Shapes
///
/// - forecasts: `[batch, horizon · channels]` or `[batch · time, horizon · channels]`, steps before channels
/// - future: `[batch, horizon, channels]`, past: `[batch, time, channels]`, known: `[batch]`
///
/// # Panics
///
/// If there is a forecast for each step and no `past` to hold it against.
pub fn forecast_error(forecasts: Tensor<2>, future: Tensor<3>, past: Option<Tensor<3>>, known: Tensor<1>) -> Tensor<1> {
    let [batch, horizon, channels] = future.dims();
    let [rows, outputs] = forecasts.dims();
    if rows == batch {
        let difference = forecasts - future.reshape([batch, outputs]);
        return weighted_mean((difference.clone() * difference).mean_dim(1).reshape([batch]), Some(known));
    }
    let Some(past) = past else { panic!("forecasts from each step are held against the steps of the window too") };
    let [_, time, _] = past.dims();
    let all = Tensor::cat(vec![past, future], 1);
    let ahead = (1..=horizon).map(|lead| all.clone().narrow(1, lead, time)).collect();
    let truth = Tensor::cat(ahead, 2).reshape([rows, horizon * channels]);
    let difference = forecasts - truth;
    let each = (difference.clone() * difference).mean_dim(1).reshape([batch, time]);
    weighted_mean(each.mean_dim(1).reshape([batch]), Some(known))
}

/// Mean entropy of the predicted distributions, in nats (Grandvalet & Bengio 2005, eq. 5).
pub fn entropy(logits: Tensor<2>, rows: Option<Tensor<1>>) -> Tensor<1> {
    let logits = class_logits(logits);
    let [count, _] = logits.dims();
    let log_probabilities = log_softmax(logits, 1);
    let entropies = -(log_probabilities.clone().exp() * log_probabilities).sum_dim(1).reshape([count]);
    weighted_mean(entropies, rows)
}

/// Squared distance of two distributions, mean over classes and rows (Laine & Aila 2017, alg. 1).
/// `target` holds probabilities; no gradient flows into it.
pub fn distribution_mse(logits: Tensor<2>, target: Tensor<2>, rows: Option<Tensor<1>>) -> Tensor<1> {
    weighted_mean(squared_distance_of_rows(softmax(class_logits(logits), 1), target.detach()), rows)
}

/// Squared distance of the distributions of each row, the mean over the classes, `[rows]`. Both `[rows, classes]`;
/// gradients flow into both.
pub(crate) fn squared_distance_of_rows(left: Tensor<2>, right: Tensor<2>) -> Tensor<1> {
    let difference = left - right;
    let [count, classes] = difference.dims();
    (difference.clone() * difference).sum_dim(1).reshape([count]) / classes as f64
}

/// `KL(target ‖ prediction)`, mean over rows. `target` holds probabilities; no gradient flows into it.
pub fn distribution_kl(logits: Tensor<2>, target: Tensor<2>, rows: Option<Tensor<1>>) -> Tensor<1> {
    weighted_mean(divergence_of_rows(logits, target), rows)
}

/// `KL(target ‖ prediction)` of each row, `[rows]`. `target` holds probabilities; no gradient flows into it.
pub(crate) fn divergence_of_rows(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let target = target.detach();
    let log_prediction = log_softmax(class_logits(logits), 1);
    let [count, _] = log_prediction.dims();
    let log_target = target.clone().clamp_min(1e-12).log();
    (target * (log_target - log_prediction)).sum_dim(1).reshape([count])
}

/// Predicted distributions `[rows, classes]`, without graph.
pub fn probabilities(logits: Tensor<2>) -> Tensor<2> {
    softmax(class_logits(logits), 1).detach()
}

/// 1 for rows whose likeliest class is the true one, `[rows]`, without graph. Logits `[rows, classes]`.
pub fn right(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    let predicted = class_logits(logits.detach()).argmax(1).reshape([rows]);
    predicted.equal(classes).float()
}

/// Share of rows whose likeliest class is the true one, over the rows with a known truth. `[1]`
pub fn accuracy(logits: Tensor<2>, classes: Tensor<1, Int>, known: Tensor<1>) -> Tensor<1> {
    weighted_mean(right(logits, classes), Some(known))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// The loss of logits of which the first class is likelier, and its gradient.
    fn smoothed(classes: [i32; 2], class_weights: [f32; 2]) -> (f32, Vec<f32>) {
        let device = Device::flex().autodiff();
        let logits = Tensor::<2>::from_data([[2.0, 0.0], [1.0, 0.0]], &device).require_grad();
        let (classes, known) = (Tensor::from_data(classes, &device), Tensor::ones([2], &device));
        let weights = Tensor::from_data(class_weights, &device);
        let loss = cross_entropy(logits.clone(), classes, known, 0.1, Some(weights));
        let gradient = logits.grad(&loss.backward()).expect("a gradient");
        (loss.into_scalar::<f32>(), gradient.into_data().iter::<f32>().collect())
    }

    #[test]
    fn labels_whose_classes_all_weigh_nothing_move_nothing() {
        assert_eq!(smoothed([0, 0], [0.0, 1.0]), (0.0, vec![0.0; 4]));
        // With one label of the other class: its own part, and the smoothing of both, over a weight of 1, as PyTorch
        // has it.
        let surprise = |logit: f32| (1.0 + logit.exp()).ln();
        let expected = 0.9 * surprise(1.0) + 0.1 * (surprise(2.0) + surprise(1.0)) / 2.0;
        let (found, _) = smoothed([0, 1], [0.0, 1.0]);
        assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
    }
}
