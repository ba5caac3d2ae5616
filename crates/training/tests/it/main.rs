//! The learner against Burn's optimisers, methods through the loop against their authors' code, scores against
//! scikit-learn.

#[path = "../../../objectives/tests/it/common.rs"]
mod common;
mod consistency;
mod metrics;
mod optimizers;
