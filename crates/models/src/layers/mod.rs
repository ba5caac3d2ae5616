//! Layers that several models share.

pub(crate) mod crf;
pub(crate) mod dropout;
pub(crate) mod each_step;
pub(crate) mod noise;
pub(crate) mod ordinal;
pub(crate) mod pooling;
pub(crate) mod stem;
pub(crate) mod step_outputs;

pub use crf::Crf;
pub use each_step::each_step;
pub use pooling::{Pooling, PoolingLayer};
pub use stem::{Stem, StemConfig};
pub use step_outputs::StepOutputs;
