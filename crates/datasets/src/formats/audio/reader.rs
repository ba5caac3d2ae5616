//! One recording after the other, at one rate, as frames.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use semiseq_audio::{Extractor, Frames, Resampler, Sound};

use crate::digest::SampleSum;
use crate::formats::audio::Clip;
use crate::formats::audio::decode::sound;
use crate::formats::limit::most_bytes;
use crate::sequence::Sequence;
use crate::series::Series;

/// A recording may end this many seconds before the stretch that a manifest names: times are rounded.
const SLACK: f64 = 0.05;
/// Reads one recording after the other.
pub(super) struct Reader {
    frames: Frames,
    pub(super) extractor: Extractor,
    rates: HashMap<PathBuf, Option<u32>>,
    resamplers: HashMap<u32, Resampler>,
    /// The last file: a manifest may cut many clips out of one.
    last: Option<(PathBuf, Sound)>,
    pub(super) sum: SampleSum,
    resampled: usize,
    mixed: usize,
}

impl Reader {
    pub(super) fn new(frames: &Frames, rates: HashMap<PathBuf, Option<u32>>) -> Self {
        Self {
            frames: frames.clone(),
            extractor: Extractor::new(frames),
            rates,
            resamplers: HashMap::new(),
            last: None,
            sum: SampleSum::default(),
            resampled: 0,
            mixed: 0,
        }
    }

    /// The frames of a recording; an error without a reason where its file has no rate.
    pub(super) fn read(&mut self, clip: &Clip) -> Result<Sequence, Option<String>> {
        if self.rates.get(&clip.path).copied().flatten().is_none() {
            return Err(None);
        }
        if self.last.as_ref().is_none_or(|(path, _)| *path != clip.path) {
            self.last = None;
            match sound(&clip.path) {
                Ok(sound) => self.last = Some((clip.path.clone(), sound)),
                Err(reason) => {
                    // Further clips of the same file are not told again.
                    self.rates.insert(clip.path.clone(), None);
                    return Err(Some(reason));
                }
            }
        }
        let Some((_, Sound { samples, rate, channels })) = &self.last else { return Err(None) };
        let samples = stretch(samples, *rate, clip)?;
        self.sum.add(samples, *rate);
        self.mixed += usize::from(*channels > 1);
        let to = self.frames.rate();
        let count = Resampler::length(samples.len(), *rate, to);
        let numbers = (self.frames.steps(count) as u64).saturating_mul(self.frames.channels() as u64).max(count as u64);
        let bytes = numbers.saturating_mul(size_of::<f32>() as u64);
        if bytes > most_bytes() {
            return Err(Some(format!(
                "its frames take {bytes} bytes, more than is read of one file: write a longer `step`, or raise \
                 `data.max_bytes`"
            )));
        }
        let values = if *rate == to {
            self.extractor.frames(samples)
        } else {
            self.resampled += 1;
            let resampler = match self.resamplers.entry(*rate) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(Resampler::new(*rate, to)?),
            };
            self.extractor.frames(&resampler.run(samples)?)
        };
        Ok(Sequence::Series(Series { values, channels: self.frames.channels() }))
    }

    /// What was changed on the way, a line each.
    pub(super) fn told(&self, name: &str, all: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if self.resampled > 0 {
            let mut from: Vec<u32> = self.resamplers.keys().copied().collect();
            from.sort_unstable();
            let from: Vec<String> = from.iter().map(ToString::to_string).collect();
            let (count, to) = (self.resampled, self.frames.rate());
            lines.push(format!("{name}: {count} of {all} recordings are brought from {} to {to} Hz", from.join(", ")));
        }
        if self.mixed > 0 {
            lines.push(format!("{name}: {} of {all} recordings have several channels: their mean is read", self.mixed));
        }
        lines
    }
}

/// The samples between the times of a clip.
fn stretch<'a>(samples: &'a [f32], rate: u32, clip: &Clip) -> Result<&'a [f32], String> {
    let length = samples.len() as f64 / f64::from(rate);
    let start = clip.start.unwrap_or(0.0);
    let end = clip.end.unwrap_or(length);
    if start >= length || end > length + SLACK {
        return Err(format!("from {start} to {end} s, and the recording has {length} s"));
    }
    let at = |seconds: f64| ((seconds * f64::from(rate)).round() as usize).min(samples.len());
    match &samples[at(start)..at(end).max(at(start))] {
        [] => Err(format!("from {start} to {end} s, in which there is no sample")),
        samples => Ok(samples),
    }
}
