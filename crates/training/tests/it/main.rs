//! The learner against Burn's optimisers, and methods through the loop against their authors' code.

#[path = "../../../objectives/tests/it/common.rs"]
mod common;
mod consistency;
mod optimizers;
