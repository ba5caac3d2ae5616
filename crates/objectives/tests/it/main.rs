//! Objectives against numbers of independent implementations, and against their papers' arithmetic.

mod close;
mod common;
mod crf;
mod ctc;
mod deep_clustering;
mod distillation;
mod generative;
mod generative_steps;
mod label_propagation;
mod next_item;
mod objectives;
mod parameters;
mod pseudo_labels;
mod rebalancing;
mod rebalancing_teachers;
