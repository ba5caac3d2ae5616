//! The methods: one file each, and nothing else. A `mod` line here and a row in `registry.rs` make one known.

pub(crate) mod adamatch;
pub(crate) mod adversarial;
pub(crate) mod autoencoder;
pub(crate) mod co_training;
pub(crate) mod comatch;
pub(crate) mod contrastive_predictive_coding;
pub(crate) mod crmatch;
pub(crate) mod cross_view;
pub(crate) mod ctc;
pub(crate) mod dash;
pub(crate) mod deep_clustering;
pub(crate) mod defixmatch;
pub(crate) mod distillation;
pub(crate) mod entropy_minimisation;
pub(crate) mod fixmatch;
pub(crate) mod flexmatch;
pub(crate) mod freematch;
pub(crate) mod gan;
pub(crate) mod interpolation_consistency;
pub(crate) mod joint;
pub(crate) mod label_propagation;
pub(crate) mod language_model;
pub(crate) mod masked_reconstruction;
pub(crate) mod mean_teacher;
pub(crate) mod mixmatch;
pub(crate) mod next_item;
pub(crate) mod next_step;
pub(crate) mod noisy_student;
pub(crate) mod pi_model;
pub(crate) mod pseudo_label;
pub(crate) mod remixmatch;
pub(crate) mod self_training;
pub(crate) mod semi_supervised_gan;
pub(crate) mod semi_supervised_vae;
pub(crate) mod sequence_to_sequence;
pub(crate) mod simmatch;
pub(crate) mod softmatch;
pub(crate) mod supervised;
pub(crate) mod temporal_ensembling;
pub(crate) mod tri_training;
pub(crate) mod truncated_backpropagation;
pub(crate) mod ucvme;
pub(crate) mod uda;
pub(crate) mod vae;
pub(crate) mod virtual_adversarial;

/// What `cargo xtask new objective` writes, so that it compiles and its test runs.
#[cfg(test)]
#[path = "../../../../xtask/templates/objective.rs"]
#[allow(dead_code, reason = "no registry builds it here")]
mod skeleton;
