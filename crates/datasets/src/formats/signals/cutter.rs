//! Cuts recordings into windows, all with the same channels at the same rate.

use std::path::Path;

use semiseq_audio::Resampler;
use semiseq_files::signals::{Annotation, Recording, Signal};

use crate::formats::limit::most_bytes;
use crate::formats::table::layout::LayoutKind;
use crate::formats::table::listed;
use crate::formats::{ReadOptions, Rows};
use crate::preparation::missing::fill_missing;
use crate::preparation::segment::{Per, SegmentConfig};
use crate::sequence::Sequence;
use crate::series::Series;

/// What steps are that no annotation covers.
const OTHER: &str = "other";
/// What a group may be.
const GROUPS: &str = "`file`, `patient` or `folder`";

/// Cuts one recording after the other; the first says which channels there are, and at which rate, where nothing else
/// does.
pub(super) struct Cutter<'a> {
    options: &'a ReadOptions,
    pub(super) segment: SegmentConfig,
    pub(super) channels: Option<Vec<String>>,
    pub(super) rate: Option<f64>,
    resampled: usize,
    left_out: Vec<String>,
    /// Seconds of the longest recording.
    pub(super) longest: f64,
    /// Annotations that lie too near to an end for a window around them.
    outside: usize,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        let segment = options.segment.clone().unwrap_or_default();
        let like = options.like.as_ref().filter(|layout| layout.kind() == LayoutKind::Channels);
        let trained = like.map(|layout| layout.input_names().map(str::to_string).collect());
        let asked = (!options.features.is_empty()).then(|| options.features.clone());
        let rate = like.and_then(|layout| layout.rate).or(segment.rate);
        Self {
            options,
            segment,
            channels: trained.or(asked),
            rate,
            resampled: 0,
            left_out: Vec::new(),
            longest: 0.0,
            outside: 0,
        }
    }

    /// Adds the windows of a recording.
    pub(super) fn cut(&mut self, path: &Path, recording: Recording, rows: &mut Rows) -> Result<(), String> {
        let Recording { patient, signals, mut annotations } = recording;
        let names: Vec<String> = signals.iter().map(|signal| signal.name.clone()).collect();
        let wanted = self.channels.get_or_insert_with(|| names.clone()).clone();
        let place = |name: &String| {
            names
                .iter()
                .position(|own| own == name)
                .ok_or_else(|| format!("no channel `{name}`; there are {}", listed(&names)))
        };
        let places = wanted.iter().map(place).collect::<Result<Vec<usize>, String>>()?;
        for name in
            names.iter().filter(|name| !wanted.contains(name) && !self.left_out.contains(name)).collect::<Vec<_>>()
        {
            self.left_out.push(name.clone());
        }
        let highest = places.iter().map(|place| signals[*place].rate).fold(0.0, f64::max);
        let rate = *self.rate.get_or_insert(highest);
        let mut columns = Vec::with_capacity(places.len());
        for place in places {
            columns.push(self.at_rate(&signals[place], rate)?);
        }
        let (steps, channels) = (columns.iter().map(Vec::len).min().unwrap_or(0), columns.len());
        self.longest = self.longest.max(steps as f64 / rate);
        let length = ((self.segment.window * rate).round() as usize).max(1);
        let wanted = &self.segment.labels;
        annotations.retain(|note| wanted.is_empty() || wanted.contains(&note.text));
        let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
        let group = self.group(path, &stem, &patient)?;
        let windows = self.windows(steps, length, rate, &annotations);
        let bytes = (windows.len() as u64).saturating_mul((length * channels * size_of::<f32>()) as u64);
        if bytes > most_bytes() {
            return Err(format!(
                "{} windows of {length} steps take {bytes} bytes, more than `data.max_bytes`: raise `data.segment.step`",
                windows.len()
            ));
        }
        for (from, label) in windows {
            let values =
                (from..from + length).flat_map(|step| columns.iter().map(move |column| column[step])).collect();
            rows.sequences.push(Sequence::Series(Series { values, channels }));
            let seconds = |step: usize| step as f64 / rate;
            if self.segment.per == Per::Step {
                let label = |step: usize| at(&annotations, seconds(step)).unwrap_or(OTHER).to_string();
                rows.steps.push((from..from + length).map(label).collect());
            }
            let own = || covering(&annotations, seconds(from), seconds(from + length)).unwrap_or_default().to_string();
            rows.labels.push(label.unwrap_or_else(own));
            rows.keys.ids.push(format!("{stem}@{}", (seconds(from) * 1e3).round() / 1e3));
            rows.keys.groups.extend(group.clone());
        }
        Ok(())
    }

    /// Where windows of `length` steps begin, and the label of those that are cut around an annotation.
    fn windows(
        &mut self,
        steps: usize,
        length: usize,
        rate: f64,
        annotations: &[Annotation],
    ) -> Vec<(usize, Option<String>)> {
        let Some(last) = steps.checked_sub(length) else { return Vec::new() };
        let Some(before) = self.segment.before else {
            let step = (self.segment.step.unwrap_or(self.segment.window) * rate).max(1.0);
            let starts = (0..).map(|place: usize| (place as f64 * step).round() as usize);
            return starts.take_while(|start| *start <= last).map(|from| (from, None)).collect();
        };
        let mut windows = Vec::new();
        for note in annotations {
            let from = ((note.onset - before) * rate).round();
            if from >= 0.0 && from <= last as f64 {
                windows.push((from as usize, Some(note.text.clone())));
            } else {
                self.outside += 1;
            }
        }
        windows
    }

    /// A channel at the common rate. Gaps are filled by straight lines first: a Fourier transform would spread them.
    fn at_rate(&mut self, signal: &Signal, rate: f64) -> Result<Vec<f32>, String> {
        if let Some(value) = signal.values.iter().find(|value| value.is_infinite()) {
            return Err(format!("channel `{}` holds the value {value}", signal.name));
        }
        if (signal.rate - rate).abs() <= 1e-9 * rate {
            return Ok(signal.values.clone());
        }
        let whole = |factor: &f64| {
            [signal.rate, rate].iter().all(|rate| (rate * factor - (rate * factor).round()).abs() < 1e-6)
        };
        let factor = [1.0, 10.0, 100.0, 1_000.0, 3.0, 60.0, 600.0].into_iter().find(whole);
        let scaled = factor.map(|factor| [signal.rate, rate].map(|rate| (rate * factor).round()));
        let Some([from, to]) = scaled.filter(|rates| rates.iter().all(|rate| (1.0..=1e7).contains(rate))) else {
            let (name, own) = (&signal.name, signal.rate);
            return Err(format!(
                "channel `{name}` of {own} Hz cannot be brought to {rate} Hz; write another `data.segment.rate`"
            ));
        };
        let (from, to) = (from as u32, to as u32);
        let bytes = Resampler::length(signal.values.len(), from, to) as u64 * size_of::<f32>() as u64;
        if bytes > most_bytes() {
            return Err(format!(
                "channel `{}` at {rate} Hz takes {bytes} bytes, more than `data.max_bytes`",
                signal.name
            ));
        }
        self.resampled += 1;
        let mut series = Series { values: signal.values.clone(), channels: 1 };
        fill_missing(&mut series);
        // Around its mean, so that the ends, beyond which there is silence, do not ring.
        let mean = series.values.iter().map(|value| f64::from(*value)).sum::<f64>() / series.values.len().max(1) as f64;
        series.values.iter_mut().for_each(|value| *value -= mean as f32);
        let mut values = Resampler::new(from, to)?.run(&series.values)?;
        values.iter_mut().for_each(|value| *value += mean as f32);
        Ok(values)
    }

    /// The group of a recording's windows.
    fn group(&self, path: &Path, stem: &str, patient: &str) -> Result<Option<String>, String> {
        let folder = || {
            path.parent().and_then(Path::file_name).map_or(String::new(), |name| name.to_string_lossy().into_owned())
        };
        match self.options.group.as_deref() {
            None => Ok(None),
            Some("file") => Ok(Some(stem.to_string())),
            Some("folder") => Ok(Some(folder())),
            Some("patient") if patient.trim_matches([' ', 'X']).is_empty() => Ok(Some(stem.to_string())),
            Some("patient") => Ok(Some(patient.to_string())),
            Some(_) if self.options.like.is_some() => Ok(None),
            Some(other) => Err(format!("`data.labels.group` is `{other}`, and windows belong together by {GROUPS}")),
        }
    }

    /// What was changed on the way, a line each.
    pub(super) fn told(&self, name: &str) -> Vec<String> {
        let rate = self.rate.unwrap_or(0.0);
        let lines = [
            (!self.left_out.is_empty() && self.options.features.is_empty())
                .then(|| format!("channels that the first recording lacks are left out: {}", listed(&self.left_out))),
            (self.resampled > 0).then(|| format!("{} channels are brought to {rate} Hz", self.resampled)),
            (self.outside > 0).then(|| format!("{} annotations are too near to an end for a window", self.outside)),
        ];
        lines.into_iter().flatten().map(|line| format!("{name}: {line}")).collect()
    }
}

/// The annotation that covers most of the seconds `from..to`; of moments the text that is noted most.
fn covering(notes: &[Annotation], from: f64, to: f64) -> Option<&str> {
    // Seconds covered, moments noted.
    let mut found: Vec<(&str, f64, usize)> = Vec::new();
    for note in notes.iter().filter(|note| note.onset < to) {
        let end = note.onset + note.duration.unwrap_or(0.0);
        let seconds = (end.min(to) - note.onset.max(from)).max(0.0);
        let moments = usize::from(note.duration.is_none() && note.onset >= from);
        if seconds > 0.0 || moments > 0 {
            match found.iter_mut().find(|(text, _, _)| *text == note.text) {
                Some(known) => (known.1, known.2) = (known.1 + seconds, known.2 + moments),
                None => found.push((&note.text, seconds, moments)),
            }
        }
    }
    // The first of those that are equal.
    let most = found.iter().rev().max_by(|left, right| left.1.total_cmp(&right.1).then(left.2.cmp(&right.2)));
    most.map(|(text, _, _)| *text)
}

/// The annotation that lasts at a moment, the latest of several.
fn at(notes: &[Annotation], second: f64) -> Option<&str> {
    let lasts = |note: &&Annotation| note.onset <= second && second < note.onset + note.duration.unwrap_or(0.0);
    notes.iter().rev().find(lasts).map(|note| note.text.as_str())
}
