#![doc = include_str!("../README.md")]

mod methods;
mod notes;
mod objective;
mod over;
mod parts;
mod rebalanced;
mod rebalancing;
mod registry;
mod step;
mod terms;

pub use objective::{Gathered, Measure, Measures, Needs, Objective, Setting, Survey, TargetSize, Teacher};
pub use over::{Counted, Over};
pub use parts::adversarial_noise::Read;
pub use parts::crf_loss::{CrfLoss, crf_loss};
pub use parts::item_scores::ItemScores;
pub use parts::label_graph;
pub use parts::losses;
pub use parts::mixing::{Mixture, sharpened};
pub use parts::ramp::gaussian_ramp_up;
pub use parts::sampling::Request;
pub use parts::scheduled_sampling::{Decay, ScheduledSamplingConfig};
pub use parts::weight_average;
pub use rebalancing::{
    AbcConfig, AdjustAt, AdshConfig, AnyRebalancing, BalancedSamplingConfig, ClassWeightsConfig, CosslConfig,
    CrestConfig, DarpConfig, DasoConfig, DebiasPlConfig, FocalConfig, LogitAdjustmentConfig, REBALANCINGS, Reach,
    RebalancingConfig, RebalancingKind, SawConfig, TrasConfig, WeighBy, rebalancing_notes,
};
// All methods and their settings, and what holds any of them.
pub use registry::*;
pub use step::{Part, Step, StepContext, Targets, sequences};
pub use terms::{Role, Terms, Watched};
