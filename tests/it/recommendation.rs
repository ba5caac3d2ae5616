//! Sessions of items from the table to the recommended items, and answers line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use semiseq::prelude::*;
use serde_json::{Value, json};

use crate::common::{errors, folder, semiseq, write_config};

/// Sessions that go round a ring of twelve items from any of them, five steps a session, an hour apart.
fn events() -> String {
    let event = |session: usize, step: usize| {
        format!("u{},item {},{}\n", session % 20, (session * 5 + step) % 12, session * 3600 + step * 60)
    };
    let rows = (0..200).flat_map(|session| (0..5).map(move |step| event(session, step)));
    format!("user,item,time\n{}", rows.collect::<String>())
}

const CONFIG: &str = r#"
name = "ring"
[data]
source = "events.csv"
validation = 0.1
[data.sessions]
gap = 600
[model.language-model]
embedding = { size = 16 }
[model.language-model.encoder.gru]
hidden = 24
[[stage]]
steps = 150
batch_size = 16
[stage.objective.next-item]
top = 3
[stage.optimizer.adam]
lr = 2e-2
"#;

fn trained(folder: &Path, config: &str) -> Value {
    std::fs::write(folder.join("events.csv"), events()).expect("a table");
    let config = write_config(folder, config);
    let output = semiseq(folder, &["train", config, "--no-tui", "--out", "run", "--force"]);
    assert!(output.status.success(), "{}", errors(&output));
    serde_json::from_slice(&std::fs::read(folder.join("run/summary.json")).expect("a summary")).expect("JSON")
}

#[test]
fn what_follows_in_a_session_is_learned_and_recommended() {
    let folder = folder("recommendation");
    let summary = trained(&folder, CONFIG);
    assert_eq!((&summary["n_test"], &summary["n_valid"]), (&json!(40), &json!(16)));
    let score = |scores: &Value, name: &str| scores[name].as_f64().expect("a score");
    assert!(score(&summary["test"], "mrr@20") > 0.95, "{summary}");
    assert_eq!(score(&summary["test"], "recall@20"), 1.0, "there are twelve items");
    let references = summary["references"].as_array().expect("references");
    assert_eq!(references.len(), 2);
    for reference in references {
        // Both neighbours on the ring share as many sessions, and popularity knows nothing of it.
        assert!(score(&reference["test"], "mrr@20") < 0.9, "{reference}");
    }
    let lines = "{\"item\": [\"item 3\", \"item 4\"]}\n{\"item\": [\"item 11\", \"strange\"]}\n";
    std::fs::write(folder.join("new.jsonl"), lines).expect("lines");
    let output = semiseq(&folder, &["predict", "run", "new.jsonl"]);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let rows: Vec<&str> = said.lines().collect();
    assert_eq!((rows[0], rows[1], rows[4], rows.len()), ("index,rank,item", "0,1,item 5", "1,1,item 0", 7), "{said}");
    let output = semiseq(&folder, &["eval", "run", "--data", "events.csv", "--json"]);
    let scores: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(score(&scores, "ndcg@10") > 0.9, "{scores}");

    let sampled = CONFIG.replace("top = 3", "top = 3\nloss = \"bpr-max\"\nnegatives = 16\nregularisation = 0.1");
    let summary = trained(&folder, &sampled);
    assert!(score(&summary["test"], "mrr@20") > 0.9, "{summary}");
}

#[test]
fn a_table_of_events_is_described_and_gets_a_config() {
    let folder = folder("recommendation-new");
    std::fs::write(folder.join("events.csv"), events()).expect("a table");
    let output = semiseq(&folder, &["data", "info", "events.csv", "--format", "sessions", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let train = &found["train"];
    assert_eq!((&train["kind"], &train["items"], &train["sequences"]), (&json!("sessions"), &json!(12), &json!(20)));
    assert_eq!(train["lengths"], json!([50, 50, 50]));
    assert!(errors(&semiseq(&folder, &["data", "info", "events.csv"])).contains("--format sessions"));
    let output = semiseq(&folder, &["new", "events.csv", "--output", "new.toml"]);
    assert!(output.status.success(), "{}", errors(&output));
    let output = semiseq(&folder, &["train", "new.toml", "--dry-run"]);
    assert!(output.status.success(), "{}", errors(&output));
    let wrong =
        CONFIG.replace("gap = 600", "gap = 600\nitem = \"itm\"").replace("validation", "target = \"x\"\nvalidation");
    let output = semiseq(&folder, &["train", write_config(&folder, &wrong), "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("does nothing beside `data.sessions`"), "{}", errors(&output));
}

/// A program that answers line by line.
struct Watching {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Watching {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_semiseq"))
            .current_dir(folder)
            .args(["predict", "run", "-", "--watch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, input, output: BufReader::new(output) }
    }

    /// The answer to a line, before another is written.
    fn ask(&mut self, line: &str) -> Value {
        writeln!(self.input, "{line}").expect("input");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer).expect("a line of JSON")
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("an end").success());
    }
}

#[test]
fn each_line_is_answered_at_once_and_sessions_go_on() {
    let folder = folder("recommendation-watch");
    trained(&folder, CONFIG);
    let mut watch = Watching::start(&folder);
    let whole = watch.ask("{\"item\": [\"item 3\", \"item 4\"]}");
    assert_eq!(whole["items"][0], "item 5");
    watch.ask("{\"session\": 7, \"item\": \"item 3\"}");
    let wrong = watch.ask("{\"session\": 7, \"item\":");
    assert!(wrong["line"] == 3 && wrong["error"].as_str().is_some_and(|error| error.contains("EOF")), "{wrong}");
    let carried = watch.ask("{\"session\": 7, \"item\": \"item 4\"}");
    assert_eq!((&carried["items"], &carried["session"]), (&whole["items"], &json!("7")));
    watch.end();
}

#[test]
fn a_forecaster_carries_its_window() {
    let folder = folder("watch-forecaster");
    let wave: String = (0..120).map(|step| format!("{:.4}\n", (f64::from(step) * 0.3).sin())).collect();
    std::fs::write(folder.join("wave.csv"), format!("value\n{wave}")).expect("a table");
    let config = r#"
name = "wave"
[data]
source = "wave.csv"
[data.windows]
input = 8
horizon = 2
[model.forecaster.encoder.gru]
hidden = 4
[[stage]]
steps = 5
batch_size = 8
[stage.objective.supervised]
"#;
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    let values: Vec<f64> = (0..10).map(|step| (f64::from(step) * 0.3).sin()).collect();
    let mut watch = Watching::start(&folder);
    let whole = watch.ask(&json!({ "values": values }).to_string());
    let short = watch.ask(&json!({ "session": "a", "values": values[..6] }).to_string());
    assert!(short["error"].as_str().is_some_and(|error| error.contains("6 steps, and a window 8")), "{short}");
    let carried = watch.ask(&json!({ "session": "a", "values": values[6..] }).to_string());
    assert_eq!((&carried["forecast"], carried["forecast"].as_array().map(Vec::len)), (&whole["forecast"], Some(2)));
    watch.end();
}

#[test]
fn a_tagger_goes_on_from_its_state() {
    let folder = folder("watch-tagger");
    let config = |more: &str| {
        format!(
            "name = \"copy\"\n[data]\nsource = \"copy-memory\"\nsize = 20\n[model.tagger.encoder.gru]\nhidden = \
             6\n{more}[[stage]]\nsteps = 3\nbatch_size = 4\n[stage.objective.supervised]\n"
        )
    };
    let saved = |more: &str| {
        let config = write_config(&folder, &config(more)).to_string();
        let output = semiseq(&folder, &["train", &config, "--no-tui", "--out", "run", "--force"]);
        assert!(output.status.success(), "{}", errors(&output));
        SavedRun::open(&folder.join("run"), &Device::flex()).expect("the run")
    };
    let run = saved("");
    let tokens: Vec<u32> = (0..12).map(|step| 1 + step * 3 % 8).collect();
    let steps = |prediction: Prediction| if let Prediction::Steps(steps) = prediction { steps } else { Vec::new() };
    let whole = steps(run.predict_one(Sequence::Tokens(tokens.clone())).expect("labels"));
    let (first, states) = run.predict_on(Sequence::Tokens(tokens[..5].to_vec()), None).expect("labels");
    let (second, _) = run.predict_on(Sequence::Tokens(tokens[5..].to_vec()), Some(states)).expect("labels");
    let parts = [steps(first), steps(second)].concat();
    assert_eq!(parts.len(), 12);
    for (part, whole) in parts.iter().zip(&whole) {
        for ((_, part), (_, whole)) in part.probabilities.iter().zip(&whole.probabilities) {
            assert!((part - whole).abs() < 1e-5, "{part} and {whole}");
        }
    }
    let told = saved("bidirectional = true\n").predict_on(Sequence::Tokens(tokens), None).unwrap_err().to_string();
    assert!(told.contains("carries no state"), "{told}");
}
