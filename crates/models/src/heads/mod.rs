//! Models by what their head says of a sequence.

pub(crate) mod classifier;
pub(crate) mod encoder_only;
pub(crate) mod forecaster;
pub(crate) mod number_head;
pub(crate) mod regressor;
pub(crate) mod tagger;

pub use classifier::{Classifier, ClassifierConfig, Output};
pub use encoder_only::EncoderOnlyConfig;
pub use forecaster::{Forecaster, ForecasterConfig};
pub use number_head::{NumberHead, NumberOutput};
pub use regressor::{Regressor, RegressorConfig};
pub use tagger::{Tagger, TaggerConfig, TaggerOutput};
