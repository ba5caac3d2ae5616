#![doc = include_str!("../README.md")]

mod cepstrum;
mod config;
mod decode;
mod deltas;
mod extractor;
mod flac;
mod frames;
mod log_mel;
mod mel;
mod mfcc;
mod resampler;
mod sound;
mod spectrum;
mod wav;
mod waveform;

pub use config::SoundConfig;
pub use decode::{decode, is_sound, rate};
pub use extractor::Extractor;
pub use frames::Frames;
pub use log_mel::LogMelConfig;
pub use mfcc::MfccConfig;
pub use resampler::Resampler;
pub use sound::Sound;
pub use waveform::WaveformConfig;
