//! From samples to the steps of a series.

use crate::cepstrum;
use crate::deltas::slopes;
use crate::frames::{Frames, Spectrum};
use crate::mel::{Band, bands};
use crate::spectrum::PowerSpectrum;

/// The least power that a logarithm is taken of, as in librosa and Kaldi's successors.
const FLOOR: f64 = 1e-10;

/// Makes series of samples; it keeps windows and bands from one recording to the next.
pub struct Extractor {
    frames: Frames,
    spectral: Option<Spectral>,
}

struct Spectral {
    settings: Spectrum,
    power: PowerSpectrum,
    bands: Vec<Band>,
    /// `[coefficients, mels]`; empty where the bands themselves are read.
    cosines: Vec<f64>,
}

impl Extractor {
    /// For what [`Frames::checked`] found sound.
    pub fn new(frames: &Frames) -> Self {
        let spectral = frames.spectrum.clone().map(|settings| {
            let Spectrum { window, step, n_fft, mels, fmin, fmax, coefficients, .. } = settings;
            Spectral {
                power: PowerSpectrum::new(n_fft, window, step),
                bands: bands(frames.rate, n_fft, mels, fmin, fmax),
                cosines: coefficients.map_or(Vec::new(), |count| cepstrum::matrix(count, mels)),
                settings,
            }
        });
        Self { frames: frames.clone(), spectral }
    }

    /// A line on bands that no frequency of the transform falls into.
    pub fn empty_bands(&self) -> Option<String> {
        let spectral = self.spectral.as_ref()?;
        let empty = spectral.bands.iter().filter(|band| band.is_empty()).count();
        let Spectrum { mels, n_fft, .. } = spectral.settings;
        (empty > 0).then(|| {
            format!(
                "{empty} of {mels} mel bands hold no frequency of {n_fft} points: write fewer `mels`, or a larger \
                 `n_fft`"
            )
        })
    }

    /// The steps of a recording at the frames' rate, row-major.
    ///
    /// # Shapes
    ///
    /// From `[samples]` to `[1 + samples / step, channels]`; with `waveform` to `[samples, 1]`.
    pub fn frames(&mut self, samples: &[f32]) -> Vec<f32> {
        let steps = self.frames.steps(samples.len());
        let Some(spectral) = &mut self.spectral else { return samples.to_vec() };
        let base = spectral.settings.base();
        let mut values = Vec::with_capacity(steps * base);
        for step in 0..steps {
            let power = spectral.power.of_frame(samples, step);
            let logs = spectral.bands.iter().map(|band| band.of(power).max(FLOOR).ln());
            if spectral.cosines.is_empty() {
                values.extend(logs);
                continue;
            }
            let logs: Vec<f64> = logs.collect();
            let product = |row: &[f64]| row.iter().zip(&logs).map(|(cosine, log)| cosine * log).sum::<f64>();
            values.extend(spectral.cosines.chunks(logs.len()).map(product));
        }
        let mut parts = vec![values];
        for order in 0..spectral.settings.deltas {
            let next = slopes(&parts[order], base);
            parts.push(next);
        }
        let row = |step: usize| parts.iter().flat_map(move |part| &part[step * base..(step + 1) * base]);
        (0..steps).flat_map(row).map(|value| *value as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::config::SoundConfig;
    use crate::decode::decode;
    use crate::sound::Sound;

    fn read(name: &str) -> Vec<u8> {
        std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
    }

    fn sound(name: &Value) -> Sound {
        let name = name.as_str().unwrap();
        decode(&read(name), u64::MAX).unwrap_or_else(|reason| panic!("{name}: {reason}"))
    }

    fn numbers(value: &Value) -> Vec<f64> {
        match value {
            Value::Array(items) => items.iter().flat_map(numbers).collect(),
            number => vec![number.as_f64().unwrap()],
        }
    }

    fn farthest(found: &[f32], expected: &Value) -> f64 {
        let expected = numbers(expected);
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn samples_are_those_of_soundfile() {
        let json: Value = serde_json::from_slice(&read("audio.json")).unwrap();
        let files = json["files"].as_array().unwrap();
        assert_eq!(files.len(), 9);
        for case in files {
            let sound = sound(&case["name"]);
            assert_eq!(Some(u64::from(sound.rate)), case["rate"].as_u64(), "{}", case["name"]);
            assert_eq!(Some(u64::from(sound.channels)), case["channels"].as_u64(), "{}", case["name"]);
            assert!(farthest(&sound.samples, &case["samples"]) < 1e-6, "{}", case["name"]);
        }
    }

    #[test]
    fn frames_are_those_of_librosa() {
        let json: Value = serde_json::from_slice(&read("audio.json")).unwrap();
        let cases = json["frames"].as_array().unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let Sound { samples, rate, .. } = sound(&case["name"]);
            let config = case["config"].as_object().unwrap();
            let config = match (config.get("log-mel"), config.get("mfcc")) {
                (Some(settings), _) => SoundConfig::LogMel(serde_json::from_value(settings.clone()).unwrap()),
                (_, Some(settings)) => SoundConfig::Mfcc(serde_json::from_value(settings.clone()).unwrap()),
                _ => panic!("{}", case["config"]),
            };
            let frames = config.at(rate).unwrap();
            assert_eq!(frames.channels(), case["frames"][0].as_array().unwrap().len());
            assert_eq!(frames.steps(samples.len()), case["frames"].as_array().unwrap().len());
            let far = farthest(&Extractor::new(&frames).frames(&samples), &case["frames"]);
            assert!(far < 1e-4, "{}: {far}", case["config"]);
        }
    }

    #[test]
    fn silence_lies_on_the_floor() {
        let frames = SoundConfig::default().at(8_000).unwrap();
        let values = Extractor::new(&frames).frames(&[0.0; 100]);
        assert!(values.len() == 2 * 40 && values.iter().all(|value| (f64::from(*value) - 1e-10f64.ln()).abs() < 1e-5));
    }
}
