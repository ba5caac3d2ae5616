//! Mel bands, as `librosa.filters.mel(htk=False, norm="slaney")`: the scale of Slaney's Auditory Toolbox (1998), linear
//! below 1000 Hz and logarithmic above; triangles that reach to their neighbours' middles, of equal area.

/// Hz of a mel where the scale is linear.
const LINEAR: f64 = 200.0 / 3.0;
/// Where it becomes logarithmic, in Hz and in mel.
const KNEE: f64 = 1_000.0;
const KNEE_MEL: f64 = KNEE / LINEAR;

/// The factor of a mel above: 27 of them are 6.4.
fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

fn mel(hertz: f64) -> f64 {
    if hertz < KNEE { hertz / LINEAR } else { KNEE_MEL + (hertz / KNEE).ln() / log_step() }
}

fn hertz(mel: f64) -> f64 {
    if mel < KNEE_MEL { mel * LINEAR } else { KNEE * (log_step() * (mel - KNEE_MEL)).exp() }
}

/// One band: the first frequency that it takes, by its number, and the weights from there.
pub(crate) struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl Band {
    /// What of a power spectrum falls into the band.
    pub(crate) fn of(&self, power: &[f64]) -> f64 {
        self.weights.iter().zip(&power[self.first.min(power.len())..]).map(|(weight, power)| weight * power).sum()
    }

    /// Whether no frequency falls into the band.
    pub(crate) fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }
}

/// `mels` bands between `fmin` and `fmax` Hz over the frequencies of a transform of `n_fft` points at `rate` Hz.
pub(crate) fn bands(rate: u32, n_fft: usize, mels: usize, fmin: f64, fmax: f64) -> Vec<Band> {
    let (low, high) = (mel(fmin), mel(fmax));
    let edge = |place: usize| hertz(low + (high - low) * place as f64 / (mels + 1) as f64);
    let frequency = |place: usize| place as f64 * f64::from(rate) / n_fft as f64;
    let band = |place: usize| {
        let [left, middle, right] = [edge(place), edge(place + 1), edge(place + 2)];
        let weight = |at: usize| {
            let rising = (frequency(at) - left) / (middle - left);
            let falling = (right - frequency(at)) / (right - middle);
            rising.min(falling).max(0.0) * 2.0 / (right - left)
        };
        let all: Vec<f64> = (0..=n_fft / 2).map(weight).collect();
        let first = all.iter().position(|weight| *weight > 0.0).unwrap_or(0);
        let end = all.iter().rposition(|weight| *weight > 0.0).map_or(first, |last| last + 1);
        Band { first, weights: all[first..end].to_vec() }
    };
    (0..mels).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_turns_round_and_has_its_knee() {
        for frequency in [0.0, 440.0, 1_000.0, 3_777.0, 20_000.0] {
            assert!((hertz(mel(frequency)) - frequency).abs() < 1e-9 * (1.0 + frequency));
        }
        assert!((mel(1_000.0) - 15.0).abs() < 1e-12 && (mel(6_400.0) - 42.0).abs() < 1e-12);
    }

    #[test]
    fn bands_finer_than_the_transform_are_empty() {
        let empty = |mels| bands(8_000, 256, mels, 0.0, 4_000.0).iter().filter(|band| band.is_empty()).count();
        assert_eq!(empty(40), 0);
        assert!(empty(256) > 0);
    }
}
