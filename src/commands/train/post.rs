//! `train --post URL`: each epoch as JSON to a program of the user's, who tracks it where they like.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use semiseq::prelude::*;
use semiseq::schema::Scores;
use semiseq::training::learner::Milestone;
use serde_json::{Value, json};

use super::super::warn;

/// Seconds for one message at most.
const PATIENCE: &str = "10";
/// Messages in a row that do not arrive before no more are sent.
const FAILURES: usize = 3;

/// Posts what a run tells. A run waits for its messages at its end alone, and goes on without them.
pub(super) struct Post {
    run: String,
    /// Gone once the run has ended.
    messages: Option<Sender<String>>,
    worker: Option<JoinHandle<()>>,
}

impl Post {
    /// To `url`, for the run of that name.
    pub(super) fn new(url: &str, run: &str) -> Result<Self, Error> {
        if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(Error::input(
                format!("`--post {url}`: expected an address that begins with `http://` or `https://`"),
                "such as `--post http://127.0.0.1:8000/`",
            ));
        }
        let (messages, waiting) = channel();
        let url = url.to_owned();
        let worker = std::thread::spawn(move || send_all(&url, &waiting));
        Ok(Self { run: run.to_owned(), messages: Some(messages), worker: Some(worker) })
    }

    fn push(&self, event: &str, mut message: Value) {
        message["event"] = event.into();
        message["run"] = self.run.as_str().into();
        if let Some(messages) = &self.messages {
            // The other end leaves where nobody answers.
            let _ = messages.send(message.to_string());
        }
    }

    /// Sends what is left.
    fn finish(&mut self) {
        self.messages = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

impl Observer for Post {
    fn milestone(&mut self, stage: StageName<'_>, told: &Milestone<'_>) -> Result<(), Error> {
        if told.train.is_none() && told.valid.is_none() {
            return Ok(());
        }
        let mut message = json!({
            "stage": stage.index,
            "objective": stage.objective,
            "epoch": told.epoch,
            "step": told.step,
        });
        for (split, scores) in [("train", told.train), ("valid", told.valid)] {
            if let Some(scores) = scores {
                message[split] = finite(scores);
            }
        }
        self.push("epoch", message);
        Ok(())
    }

    fn warning(&mut self, text: &str) -> Result<(), Error> {
        self.push("warning", json!({ "text": text }));
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> Result<(), Error> {
        self.push("end", json!({ "summary": summary }));
        self.finish();
        Ok(())
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.finish();
    }
}

/// JSON has no NaN and no infinity.
fn finite(scores: &Scores) -> Value {
    let finite = scores.iter().filter(|(_, value)| value.is_finite());
    Value::Object(finite.map(|(name, value)| (name.clone(), Value::from(*value))).collect())
}

fn send_all(url: &str, messages: &Receiver<String>) {
    let mut failures = 0;
    for message in messages {
        match send(url, &message) {
            Ok(()) => failures = 0,
            Err(reason) => {
                failures += 1;
                match failures {
                    1 => warn(format!("--post {url}: {reason}; the run goes on")),
                    FAILURES => {
                        warn(format!("--post {url}: nothing more is sent"));
                        return;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// One message, by the system's `curl`, as downloads go.
fn send(url: &str, message: &str) -> Result<(), String> {
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--max-time", PATIENCE, "--output", "-"])
        .args(["--header", "Content-Type: application/json", "--data-binary", "@-", "--url", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the program `curl`, which sends, does not start: {error}"))?;
    if let Some(mut input) = curl.stdin.take() {
        // What curl did not want to read it says itself.
        let _ = input.write_all(message.as_bytes());
    }
    let output = curl.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
