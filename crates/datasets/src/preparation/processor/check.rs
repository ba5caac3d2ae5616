//! What a processor of a run folder cannot be.

use semiseq_schema::{InputSize, Problem};

use crate::formats::table::layout::Layout;
use crate::preparation::processor::Processor;
use crate::preparation::text::{MOST_TOKENS, Tokenizer};
use crate::preparation::windows::WindowsConfig;

/// Steps of a sequence at most that a run folder may ask for: as a config.
const MOST_STEPS: usize = 1_000_000;

impl Processor {
    /// Notes what cannot be: a run folder may come from anywhere. `path` is where the processor stands in its file.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        self.config.check(&format!("{path}.config"), problems);
        for (key, value) in [("resample", self.config.resample), ("pad", self.config.pad)] {
            if let Some(steps) = value.filter(|steps| *steps > MOST_STEPS) {
                let message = format!("must be at most {MOST_STEPS}, got {steps}");
                problems.push(Problem { key: format!("{path}.config.{key}"), message, hint: None });
            }
        }
        let mut note =
            |key: &str, message: String| problems.push(Problem { key: format!("{path}.{key}"), message, hint: None });
        match self.input {
            InputSize::Values(channels) => {
                if channels == 0 || channels != self.channels.len() {
                    note("input", format!("has {channels} channels, and there are means of {}", self.channels.len()));
                }
                let whole =
                    |(mean, deviation): &(f32, f32)| mean.is_finite() && deviation.is_finite() && *deviation >= 0.0;
                if !self.channels.iter().all(whole) {
                    note("channels", "must hold finite means, and deviations of at least 0".into());
                }
                if !(self.levels.is_empty() || self.levels.len() == channels)
                    || !self.levels.iter().all(|level| level.is_finite())
                {
                    note("levels", format!("must hold a finite number for each of {channels} channels, or none"));
                }
                if self.tokenizer.is_some() {
                    note("tokenizer", "stands beside values".into());
                }
            }
            InputSize::Tokens(vocabulary) => {
                if !(1..=MOST_TOKENS + 1).contains(&vocabulary) {
                    note("input", format!("must have 1 to {} tokens, got {vocabulary}", MOST_TOKENS + 1));
                }
                if let Some(size) = self.tokenizer.as_ref().map(Tokenizer::size).filter(|size| *size != vocabulary) {
                    note("input", format!("has {vocabulary} tokens, and the tokenizer {size}"));
                }
            }
        }
        if self.numbers.is_some_and(|numbers| {
            !numbers.mean.is_finite() || !numbers.deviation.is_finite() || numbers.deviation <= 0.0
        }) {
            note("numbers", "must hold a finite mean, and a deviation above 0".into());
        }
        let distinct: std::collections::HashSet<&String> = self.classes.iter().collect();
        if distinct.len() < self.classes.len() {
            note("classes", "holds a name twice".into());
        }
        if let Some(targets) = &self.targets {
            let size = targets.tokenizer.as_ref().map_or(targets.size, Tokenizer::size);
            if targets.size != size || !(1..=MOST_TOKENS + 1).contains(&targets.size) {
                note("targets.size", format!("is {}, and there are {size} tokens", targets.size));
            }
        }
        if let Some(frames) = self.layout.as_ref().and_then(Layout::frames) {
            match frames.clone().checked() {
                Err(reason) => note("layout.frames", format!("cannot be: {reason}")),
                Ok(frames) if self.input != InputSize::Values(frames.channels()) => {
                    note("layout.frames", format!("has {} channels, unlike the input", frames.channels()));
                }
                Ok(_) => {}
            }
        }
        if let Some(forecast) = &self.forecast {
            let channels = if let InputSize::Values(channels) = self.input { channels } else { 0 };
            let errors = &forecast.naive_errors;
            if !(errors.is_empty() || errors.len() == forecast.columns.len())
                || !errors.iter().all(|error| error.is_finite() && *error >= 0.0)
            {
                note("forecast.naive_errors", "must hold a number of at least 0 for each column, or none".into());
            }
            if !(1..=channels).contains(&forecast.columns.len()) {
                note("forecast.columns", format!("names {} of {channels} channels", forecast.columns.len()));
            }
            let WindowsConfig { input, horizon, stride, .. } = forecast.windows;
            for (key, value) in [("input", input), ("horizon", horizon), ("stride", stride)] {
                if !(1..=MOST_STEPS).contains(&value) {
                    note(&format!("forecast.windows.{key}"), format!("must be in 1 to {MOST_STEPS}, got {value}"));
                }
            }
        }
        let of_targets = self.targets.as_ref().and_then(|targets| targets.tokenizer.as_ref());
        for (key, tokenizer) in [("tokenizer", self.tokenizer.as_ref()), ("targets.tokenizer", of_targets)] {
            if let Some(tokenizer) = tokenizer {
                tokenizer.check(&format!("{path}.{key}"), problems);
            }
        }
    }
}
