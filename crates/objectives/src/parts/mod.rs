//! What methods share.

pub(crate) mod adversarial_noise;
pub(crate) mod averaged_weights;
pub(crate) mod consistency;
pub(crate) mod crf_loss;
pub(crate) mod ctc_loss;
pub(crate) mod gan_samples;
pub(crate) mod item_scores;
pub(crate) mod k_means;
pub mod label_graph;
pub(crate) mod latest;
pub mod losses;
pub(crate) mod memory;
pub(crate) mod memory_bank;
pub(crate) mod mixing;
pub(crate) mod number_losses;
pub(crate) mod pseudo_labels;
pub(crate) mod ramp;
pub(crate) mod random;
pub(crate) mod sampling;
pub(crate) mod scheduled_sampling;
pub(crate) mod second_net;
pub(crate) mod soft_clusters;
pub(crate) mod softmax_regression;
pub mod weight_average;
pub(crate) mod written;
