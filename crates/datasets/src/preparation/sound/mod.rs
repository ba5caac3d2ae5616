//! Sound: how the samples of a recording become the steps of a series.

mod cepstrum;
mod config;
mod deltas;
pub(crate) mod extractor;
pub(crate) mod frames;
mod log_mel;
mod mel;
mod mfcc;
pub(crate) mod rate;
mod spectrum;
mod waveform;

pub use config::SoundConfig;
pub use frames::Frames;
pub use log_mel::LogMelConfig;
pub use mfcc::MfccConfig;
pub use waveform::WaveformConfig;
