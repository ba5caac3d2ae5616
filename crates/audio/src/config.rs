//! Which numbers of a sound are read: one of three tables below `[data.transform]`.

use semiseq_schema::Problem;

use crate::frames::Frames;
use crate::log_mel::LogMelConfig;
use crate::mfcc::MfccConfig;
use crate::waveform::WaveformConfig;

/// What recordings of sound are read as.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SoundConfig {
    /// Log-mel frames.
    LogMel(LogMelConfig),
    /// Cepstral coefficients.
    Mfcc(MfccConfig),
    /// The samples themselves.
    Waveform(WaveformConfig),
}

impl Default for SoundConfig {
    fn default() -> Self {
        Self::LogMel(LogMelConfig::default())
    }
}

impl SoundConfig {
    /// The table of `[data.transform]`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::LogMel(_) => "log-mel",
            Self::Mfcc(_) => "mfcc",
            Self::Waveform(_) => "waveform",
        }
    }

    /// Notes every value out of range; `path` is the key of the table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        match self {
            Self::LogMel(config) => config.check(path, problems),
            Self::Mfcc(config) => config.check(path, problems),
            Self::Waveform(config) => config.check(path, problems),
        }
    }

    /// The rate in Hz that the config names.
    pub fn rate(&self) -> Option<u32> {
        match self {
            Self::LogMel(config) => config.rate,
            Self::Mfcc(config) => config.rate,
            Self::Waveform(config) => config.rate,
        }
    }

    /// What the settings mean for recordings of `rate` samples a second.
    ///
    /// # Errors
    ///
    /// What does not go together at that rate.
    pub fn at(&self, rate: u32) -> Result<Frames, String> {
        match self {
            Self::LogMel(config) => config.at(rate),
            Self::Mfcc(config) => config.at(rate),
            Self::Waveform(config) => config.at(rate),
        }
    }
}
