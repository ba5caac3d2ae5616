//! Another sampling rate: `rubato`'s resampler by Fourier transforms, which keeps what both rates can hold and lets
//! nothing above fold back.

use rubato::{FftFixedIn, Resampler as _};

/// Samples that are taken at once, at least.
const CHUNK: usize = 1_024;

/// Brings recordings from one rate to another, in Hz.
pub struct Resampler {
    inner: FftFixedIn<f64>,
    from: u32,
    to: u32,
    chunk: usize,
}

impl Resampler {
    /// From one rate to another, both above 0.
    ///
    /// # Errors
    ///
    /// What the library says against them.
    pub fn new(from: u32, to: u32) -> Result<Self, String> {
        let step = (from / greatest_divisor(from, to).max(1)).max(1) as usize;
        // An even number of steps: the filter's delay is half a transform, and half a sample would be lost.
        let chunk = 2 * step * CHUNK.div_ceil(2 * step);
        let inner = FftFixedIn::new(from as usize, to as usize, chunk, 1, 1).map_err(|error| error.to_string())?;
        Ok(Self { inner, from, to, chunk })
    }

    /// Samples that `count` become, rounded up.
    pub fn length(count: usize, from: u32, to: u32) -> usize {
        (count as u128 * u128::from(to)).div_ceil(u128::from(from).max(1)) as usize
    }

    /// A recording at the new rate: the first sample stays the first.
    ///
    /// # Errors
    ///
    /// What the library says.
    pub fn run(&mut self, samples: &[f32]) -> Result<Vec<f32>, String> {
        self.inner.reset();
        let skipped = self.inner.output_delay();
        let wanted = Self::length(samples.len(), self.from, self.to);
        let mut found: Vec<f32> = Vec::with_capacity(wanted);
        let (mut skip, mut chunks) = (skipped, samples.chunks(self.chunk));
        while found.len() < wanted {
            let mut chunk: Vec<f64> = chunks.next().unwrap_or_default().iter().map(|value| f64::from(*value)).collect();
            // Silence behind the end brings out what the filter still holds.
            chunk.resize(self.chunk, 0.0);
            let made = self.inner.process(&[chunk], None).map_err(|error| error.to_string())?;
            let made = made.first().map_or(&[][..], Vec::as_slice);
            let begin = skip.min(made.len());
            skip -= begin;
            let room = wanted - found.len();
            found.extend(made[begin..].iter().take(room).map(|value| *value as f32));
        }
        Ok(found)
    }
}

fn greatest_divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { greatest_divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn tone(hertz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        let count = (seconds * f64::from(rate)) as usize;
        (0..count).map(|at| (TAU * hertz * at as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_where_it_is_at_another_rate() {
        for (from, to) in [(16_000, 8_000), (8_000, 16_000), (44_100, 16_000), (11_025, 8_000), (8_000, 8_001)] {
            let mut resampler = Resampler::new(from, to).unwrap();
            for _ in 0..2 {
                let found = resampler.run(&tone(440.0, from, 0.5)).unwrap();
                let expected = tone(440.0, to, 0.5);
                assert!(found.len().abs_diff(expected.len()) <= 1, "{from} {to}");
                // Where the tone begins and ends at once there are other frequencies.
                let inner = expected.len() / 10..expected.len() * 9 / 10;
                let far = inner.map(|at| (found[at] - expected[at]).abs()).fold(0.0, f32::max);
                assert!(far < 1e-3, "{from} {to}: {far}");
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        let found = Resampler::new(16_000, 8_000).unwrap().run(&tone(5_500.0, 16_000, 0.5)).unwrap();
        let loud = found[400..3_600].iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        assert!(loud < 1e-3, "{loud}");
    }

    #[test]
    fn short_recordings_have_their_length() {
        let mut resampler = Resampler::new(44_100, 16_000).unwrap();
        for (count, expected) in [(1, 1), (3, 2), (441, 160), (1_024, 372)] {
            assert_eq!(resampler.run(&vec![0.5; count]).unwrap().len(), expected);
        }
    }
}
