//! The power spectrum of frames, as `librosa.stft(center=True, pad_mode="constant")`: frame `k` is centred on the
//! sample `k · step`, with zeros beyond the ends, under a periodic Hann window.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Makes power spectra.
pub(crate) struct PowerSpectrum {
    fft: Arc<dyn RealToComplex<f64>>,
    /// As long as the transform, zero beside the window.
    window: Vec<f64>,
    step: usize,
    frame: Vec<f64>,
    transformed: Vec<Complex<f64>>,
    power: Vec<f64>,
}

impl PowerSpectrum {
    /// Of `n_fft` points, the `window` samples in their middle; `step` samples from a frame to the next.
    pub(crate) fn new(n_fft: usize, window: usize, step: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(n_fft);
        let before = (n_fft - window) / 2;
        let mut padded = vec![0.0; n_fft];
        for (place, value) in padded[before..before + window].iter_mut().enumerate() {
            *value = 0.5 - 0.5 * (TAU * place as f64 / window as f64).cos();
        }
        let (frame, transformed) = (fft.make_input_vec(), fft.make_output_vec());
        Self { power: vec![0.0; transformed.len()], fft, window: padded, step, frame, transformed }
    }

    /// The power of each frequency, `[n_fft / 2 + 1]`, of frame `index` of the samples.
    pub(crate) fn of_frame(&mut self, samples: &[f32], index: usize) -> &[f64] {
        let begin = (index * self.step) as i64 - (self.window.len() / 2) as i64;
        for (place, (value, weight)) in self.frame.iter_mut().zip(&self.window).enumerate() {
            let sample = usize::try_from(begin + place as i64).ok().and_then(|at| samples.get(at));
            *value = sample.map_or(0.0, |sample| f64::from(*sample) * weight);
        }
        // It fails where a length is not the plan's, and all three are.
        let _ = self.fft.process(&mut self.frame, &mut self.transformed);
        for (power, value) in self.power.iter_mut().zip(&self.transformed) {
            *power = value.norm_sqr();
        }
        &self.power
    }
}
