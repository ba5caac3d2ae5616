//! TensorBoard's event files. Tags are metrics and not objectives, so that runs can be laid over each other:
//! `train/loss`, `valid/accuracy`, `test/accuracy` are of the last stage and of the run, `stage-0/train/loss` of a
//! stage before it, since another stage has another loss, and `baseline/…` of the baseline, over the same steps as the
//! stage that it stands beside. Steps count through all stages. The settings of the config stand under HPARAMS, its
//! text under TEXT.

mod frames;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use toml::Value;

use self::frames::{Setting, frame, scalar_event, settings_event, text_event, version_event};
use crate::error::Error;
use crate::learner::Milestone;
use crate::observer::{Observer, StageName};
use crate::run_folder::metrics_log::Line;
use crate::run_folder::summary::Summary;

/// Appends a run's numbers to an event file.
#[derive(Debug)]
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
    /// Steps that each stage has reached.
    steps: Vec<usize>,
}

impl EventFile {
    /// Starts a new event file in `folder`, which is made where it does not exist, for a run of so many stages.
    /// `config` is its text; `before` holds what was logged before the run was resumed.
    ///
    /// # Errors
    ///
    /// Where folder or file cannot be written.
    pub(crate) fn create(folder: &Path, stages: usize, config: &str, before: &[Line]) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        let path = folder.join(format!("events.out.tfevents.{}.semiseq.{}", now() as u64, std::process::id()));
        let file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(|error| Error::write(&path, error))?;
        let reached = |stage: usize| before.iter().filter(|line| line.stage == stage).map(|line| line.step).max();
        let steps = (0..stages).map(|stage| reached(stage).unwrap_or_default()).collect();
        let mut events = Self { path, file, steps };
        events.record(&version_event(now()))?;
        if before.is_empty() {
            events.record(&text_event(now(), "config", &format!("```toml\n{config}\n```")))?;
            events.record(&settings_event(now(), &settings(config)))?;
        }
        Ok(events)
    }

    /// What a stage's tags begin with, and the steps of the stages before it.
    fn place(&self, stage: usize) -> (String, usize) {
        let last = self.steps.len().saturating_sub(1);
        let before = |stage: usize| self.steps.iter().take(stage).sum();
        match stage {
            // The baseline has the length of the last stage, and stands beside it.
            _ if stage > last => ("baseline/".into(), before(last)),
            _ if stage == last => (String::new(), before(last)),
            _ => (format!("stage-{stage}/"), before(stage)),
        }
    }

    fn scalars<'a>(
        &mut self,
        tags: &str,
        step: usize,
        scores: impl IntoIterator<Item = (&'a String, &'a f64)>,
    ) -> Result<(), Error> {
        let mut scores = scores.into_iter();
        scores.try_for_each(|(name, value)| self.record(&scalar_event(now(), &format!("{tags}/{name}"), step, *value)))
    }

    fn record(&mut self, event: &[u8]) -> Result<(), Error> {
        self.file.write_all(&frame(event)).map_err(|error| Error::write(&self.path, error))
    }
}

impl Observer for EventFile {
    fn milestone(&mut self, stage: StageName<'_>, told: &Milestone<'_>) -> Result<(), Error> {
        let (tags, before) = self.place(stage.index);
        if let Some(steps) = self.steps.get_mut(stage.index) {
            *steps = told.step;
        }
        for (split, scores) in [("train", told.train), ("valid", told.valid)] {
            self.scalars(&format!("{tags}{split}"), before + told.step, scores.into_iter().flatten())?;
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> Result<(), Error> {
        let step = self.steps.iter().sum();
        self.scalars("test", step, &summary.test)?;
        let baseline = summary.baseline.as_ref().map(|baseline| &baseline.test);
        self.scalars("baseline/test", step, baseline.into_iter().flatten())
    }
}

/// The numbers, words and switches of a config by their keys.
fn settings(config: &str) -> Vec<(String, Setting)> {
    fn walk(key: &str, value: &Value, found: &mut Vec<(String, Setting)>) {
        let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match value {
            Value::Table(table) => table.iter().for_each(|(name, value)| walk(&below(name), value, found)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(place, value)| walk(&below(&place.to_string()), value, found));
            }
            Value::Integer(number) => found.push((key.into(), Setting::Number(*number as f64))),
            Value::Float(number) => found.push((key.into(), Setting::Number(*number))),
            Value::Boolean(on) => found.push((key.into(), Setting::Switch(*on))),
            Value::String(text) => found.push((key.into(), Setting::Text(text.clone()))),
            Value::Datetime(time) => found.push((key.into(), Setting::Text(time.to_string()))),
        }
    }
    let mut found = Vec::new();
    // What cannot be read has no settings to show; the run itself was checked.
    walk("", &Value::Table(config.parse().unwrap_or_default()), &mut found);
    found
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;
    use semiseq_schema::Scores;

    #[test]
    fn settings_have_the_config_s_keys() {
        let found = settings("seed = 1\n[[stage]]\nname = \"a\"\n[stage.optimizer.adam]\nlr = 0.5\non = true\n");
        let expected = [
            ("seed", Setting::Number(1.0)),
            ("stage.0.name", Setting::Text("a".into())),
            ("stage.0.optimizer.adam.lr", Setting::Number(0.5)),
            ("stage.0.optimizer.adam.on", Setting::Switch(true)),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn steps_go_on_from_stage_to_stage_and_over_a_resume_and_the_baseline_stands_beside_the_last() {
        let line = Line {
            stage: 0,
            objective: "vae".into(),
            epoch: 2,
            step: 30,
            split: "train".into(),
            scores: Scores::new(),
        };
        let mut events = EventFile::create(&folder("events"), 2, "", &[line]).unwrap();
        assert_eq!(events.place(0), ("stage-0/".to_owned(), 0));
        assert_eq!(events.place(1), (String::new(), 30));
        let scores = Scores::from([("loss".to_owned(), 0.5)]);
        let told = Milestone {
            epoch: 1,
            epochs: 1,
            step: 12,
            train: Some(&scores),
            valid: None,
            warning: None,
            checkpoint: false,
        };
        events.milestone(StageName::new(1, "supervised"), &told).unwrap();
        assert_eq!(events.place(2), ("baseline/".to_owned(), 30));
        let written = std::fs::read(&events.path).unwrap();
        let expected = frame(&scalar_event(0.0, "train/loss", 42, 0.5));
        // But for the wall time and the checksums over it.
        assert_eq!(written[written.len() - expected.len() + 21..written.len() - 4], expected[21..expected.len() - 4]);
    }
}
