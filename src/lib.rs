#![doc = include_str!("../README.md")]

mod run;

pub use run::{Run, run, run_on};
pub use semiseq_analysis as analysis;
pub use semiseq_datasets as datasets;
pub use semiseq_exchange as exchange;
pub use semiseq_kernels as kernels;
pub use semiseq_models as models;
pub use semiseq_objectives as objectives;
#[cfg(feature = "report")]
pub use semiseq_report as report;
pub use semiseq_schema as schema;
pub use semiseq_training as training;

/// The book's page about the library, whose code is tested as this crate's is.
#[cfg(doctest)]
#[doc = include_str!("../docs/src/library.md")]
struct LibraryPage;

/// What most programs need.
pub mod prelude {
    pub use burn::module::Module;
    pub use burn::tensor::{Device, Tensor};
    pub use burn::train::Interrupter;
    pub use semiseq_datasets::{
        DataConfig, Dataset, Pool, Prepared, Sequence, Series, Source, Target, TargetKind, Views,
    };
    pub use semiseq_kernels::Backend;
    pub use semiseq_models::{
        AnyModel, Classifier, Encoder, EncoderConfig, HeadSize, Input, InputSize, ModelConfig, Output, Pooling,
        SequenceModel, Sequences,
    };
    pub use semiseq_objectives::{
        Kind, Needs, Objective, ObjectiveConfig, Over, Part, Setting, Step, StepContext, Targets, Terms,
    };
    pub use semiseq_schema::{Metric, Problem};
    pub use semiseq_training::config::{DeviceName, RunConfig, StageConfig};
    pub use semiseq_training::learner::StageOptions;
    pub use semiseq_training::learner::progress::Progress;
    pub use semiseq_training::{
        Error, FinishedRun, ModelKind, ModelSettings, ObjectiveSettings, Observer, Outputs, Prediction, RunOptions,
        SavedRun, SharedObserver, StageName, Summary,
    };

    pub use crate::Run;
}
