//! The smaller commands: `new`, `data`, and what `predict` and `embed` read and write; and a run on each backend.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::{errors, folder, semiseq, semiseq_unread, write_config};
use serde_json::Value;

/// A small config that trains in a second.
const SMALL: &str = include_str!("common/small.toml");

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Two classes of short series: one rises, one falls.
fn write_series(folder: &Path) -> &'static str {
    let rows: String = (0..40)
        .map(|row| {
            let slope = if row % 2 == 0 { 1.0 } else { -1.0 };
            let values: Vec<String> =
                (0..8).map(|step| format!("{:.2}", slope * f64::from(step) + f64::from(row) * 0.1)).collect();
            format!("{},{}\n", values.join(","), if row % 2 == 0 { "up" } else { "down" })
        })
        .collect();
    let names: Vec<String> = (0..8).map(|step| format!("t{step}")).collect();
    std::fs::write(folder.join("mine.csv"), format!("{},label\n{rows}", names.join(","))).expect("data");
    "mine.csv"
}

#[test]
fn a_new_config_trains_as_it_is() {
    let folder = folder("new");
    let data = write_series(&folder);
    let made = semiseq(&folder, &["new", data, "--output", "mine.toml"]);
    assert!(made.status.success(), "{}", errors(&made));
    let trained = semiseq(&folder, &["train", "mine.toml", "--no-tui", "--set", "stage.0.steps=2"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    assert!(folder.join("runs/mine/summary.json").exists());
    // Without --output the config goes to standard output, and nothing else does.
    assert_eq!(
        text(&semiseq(&folder, &["new", data])),
        std::fs::read_to_string(folder.join("mine.toml")).expect("text")
    );
}

/// A labelled file, a pool and a test file, as a user has them: the config reads all three and is the recipe for few
/// labels.
#[test]
fn a_new_config_for_few_labels_reads_the_pool_and_the_test_part() {
    let folder = folder("new-few");
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    let series = |rows: std::ops::Range<usize>, labels: bool| -> String {
        let row = |row: usize| {
            let values: Vec<String> = (0..24)
                .map(|step| {
                    let shape =
                        if row.is_multiple_of(2) { (step as f64 / 3.0).sin() } else { (step as f64 / 6.0).cos() };
                    format!("{:.3}", shape + ((row * 31 + step * 17) % 13) as f64 / 13.0)
                })
                .collect();
            format!(
                "{}{}\n",
                values.join(","),
                if labels { format!(",{}", ["a", "b"][row % 2]) } else { String::new() }
            )
        };
        let names: Vec<String> = (0..24).map(|step| format!("t{step}")).collect();
        format!("{}{}\n{}", names.join(","), if labels { ",label" } else { "" }, rows.map(row).collect::<String>())
    };
    for (name, text) in
        [("labeled.csv", series(0..8, true)), ("pool.csv", series(8..120, false)), ("test.csv", series(120..180, true))]
    {
        std::fs::write(folder.join("data").join(name), text).expect("data");
    }
    let parts = ["new", "data/labeled.csv", "--unlabeled", "data/pool.csv", "--test", "data/test.csv"];
    std::fs::create_dir_all(folder.join("configs")).expect("a folder");
    let made = semiseq(&folder, &[&parts[..], &["--output", "configs/few.toml"]].concat());
    assert!(made.status.success(), "{}", errors(&made));
    let config = std::fs::read_to_string(folder.join("configs/few.toml")).expect("a config");
    for line in [
        "source = \"../data/labeled.csv\"",
        "unlabeled = \"../data/pool.csv\"",
        "test = \"../data/test.csv\"",
        "validation = \"none\"",
        "8 with a label and 112 without",
        "On two CPU cores this takes about",
    ] {
        assert!(config.contains(line), "{line} is not in:\n{config}");
    }
    let set = ["train", "configs/few.toml", "--no-tui", "--set", "stage.0.steps=150"];
    let trained = semiseq(&folder, &set);
    assert!(trained.status.success(), "{}", errors(&trained));
    let summary = std::fs::read_to_string(folder.join("runs/few/summary.json")).expect("a summary");
    let found: Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(
        ["n_labeled", "n_unlabeled", "n_valid", "n_test", "n_labels_used"].map(|key| found[key].as_u64()),
        [8, 112, 0, 60, 8].map(Some)
    );
    assert!(found["test"]["accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.9), "{summary}");
    assert_eq!(found["references"].as_array().map(Vec::len), Some(8), "{summary}");

    let lost = semiseq(&folder, &["new", "data/labeled.csv", "--unlabeled", "data/pol.csv"]);
    assert_eq!(lost.status.code(), Some(2));
    assert!(errors(&lost).contains("data/pol.csv: no such file"), "{}", errors(&lost));
    let vectors = semiseq(&folder, &["new", "data/labeled.csv", "--vectors", "data/pool.csv"]);
    assert_eq!(vectors.status.code(), Some(2), "{}", errors(&vectors));
}

/// Word vectors are looked up for the vocabulary, told, used by model and references, and not needed afterwards.
#[test]
fn word_vectors_begin_a_model_of_texts() {
    let folder = folder("vectors");
    let topic =
        |row: usize| if row.is_multiple_of(2) { ["rain", "cloud", "storm"] } else { ["goal", "match", "score"] };
    let written = |row: usize| {
        format!("{} the {} and {}", topic(row)[row % 3], topic(row)[(row / 2) % 3], topic(row)[(row / 3) % 3])
    };
    let rows = |rows: std::ops::Range<usize>| -> String {
        rows.map(|row| format!("{},{}\n", written(row), ["weather", "sport"][row % 2])).collect()
    };
    std::fs::write(folder.join("train.csv"), format!("text,label\n{}", rows(0..40))).expect("data");
    std::fs::write(folder.join("test.csv"), format!("text,label\n{}", rows(40..70))).expect("data");
    let words: Vec<String> = (0..6)
        .map(|place| format!("{} {}.5 -0.25 {}\n", topic(place / 3)[place % 3], place / 3, 1 - place / 3))
        .collect();
    std::fs::write(folder.join("words.txt"), format!("{}unseen 1 1 1\n", words.concat())).expect("data");
    let made =
        semiseq(&folder, &["new", "train.csv", "--test", "test.csv", "--vectors", "words.txt", "--output", "c.toml"]);
    assert!(made.status.success(), "{}", errors(&made));
    let config = std::fs::read_to_string(folder.join("c.toml")).expect("a config");
    assert!(config.contains("embedding = { size = 3, dropout = 0.2, vectors = \"words.txt\" }"), "{config}");
    let run = |config: &str, out: &str| {
        std::fs::write(folder.join("c.toml"), config).expect("a config");
        semiseq(&folder, &["train", "c.toml", "--no-tui", "--set", "stage.0.steps=60", "--out", out])
    };
    let trained = run(&config, "run");
    assert!(trained.status.success(), "{}", errors(&trained));
    // Six words and `the` and `and`.
    assert!(
        errors(&trained).contains("words.txt: vectors for 6 of 8 words of the vocabulary, 60 % of the training tokens"),
        "{}",
        errors(&trained)
    );
    assert!(text(&trained).contains("mean word vector: self-training"), "{}", text(&trained));
    std::fs::rename(folder.join("words.txt"), folder.join("gone.txt")).expect("a file");
    let predicted = semiseq(&folder, &["predict", "run", "test.csv"]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    std::fs::rename(folder.join("gone.txt"), folder.join("words.txt")).expect("a file");
    for (name, changed, needle) in [
        ("width", config.replace("size = 3", "size = 4"), "`size` of the embedding is 4, and the vectors of"),
        ("lost", config.replace("words.txt", "word.txt"), "word.txt: no such file"),
        ("letters", config.replace("\"word\"", "\"character\""), "the data are not cut into words"),
    ] {
        let refused = run(&changed, name);
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", errors(&refused));
        assert!(errors(&refused).contains(needle), "{name}: {}", errors(&refused));
    }
}

#[test]
fn paths_in_a_config_are_relative_to_the_config() {
    let folder = folder("relative");
    std::fs::create_dir_all(folder.join("configs")).expect("a folder");
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    let data = write_series(&folder.join("data"));
    let made = semiseq(&folder, &["new", &format!("data/{data}"), "--output", "configs/mine.toml"]);
    assert!(made.status.success(), "{}", errors(&made));
    let text = std::fs::read_to_string(folder.join("configs/mine.toml")).expect("a config");
    assert!(text.contains("source = \"../data/mine.csv\""), "{text}");
    // From another folder than that of the config, through a file that extends it, and again from the run folder.
    std::fs::write(folder.join("data/more.toml"), "extends = \"../configs/mine.toml\"\n").expect("a config");
    let once = ["--no-tui", "--set", "stage.0.steps=1"];
    for (config, run) in [("../configs/mine.toml", "one"), ("more.toml", "two")] {
        let output = semiseq(&folder.join("data"), &[&["train", config, "--out", run][..], &once].concat());
        assert!(output.status.success(), "{}", errors(&output));
        let resolved = std::fs::read_to_string(folder.join("data").join(run).join("config.toml")).expect("a config");
        let table: toml::Table = resolved.parse().expect("TOML");
        let source = table["data"]["source"].as_str().expect("a source");
        assert!(Path::new(source).is_absolute() && source.ends_with("data/mine.csv"), "{source}");
        let scored = semiseq(&folder, &["eval", &format!("data/{run}"), "--json"]);
        assert!(scored.status.success(), "{}", errors(&scored));
    }
    // What only stands where the command is given is told apart; `--set` names it from there.
    std::fs::write(folder.join("configs/lost.toml"), text.replace("../data/mine.csv", "data/mine.csv"))
        .expect("a config");
    let output = semiseq(&folder, &["train", "configs/lost.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("`data.source` names `data/mine.csv`, which is not there from the config's folder")
            && errors(&output).contains("from there the file is `../data/mine.csv`"),
        "{}",
        errors(&output)
    );
    let set = [&["train", "configs/lost.toml", "--set", "data.source=data/mine.csv"][..], &once].concat();
    let output = semiseq(&folder, &set);
    assert!(output.status.success(), "{}", errors(&output));
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let folder = folder("unread");
    let config = write_config(&folder, SMALL);
    let data = write_series(&folder);
    let quiet = |arguments: &[&str], output: bool, errors: bool| {
        let done = semiseq_unread(&folder, arguments, output, errors);
        let said = format!("{}{}", text(&done), self::errors(&done));
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {said}");
    };
    // Nobody reads the progress of a run, and it is the run that it would have been.
    quiet(&["train", config, "--no-tui", "--out", "unread"], true, true);
    let read = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert!(read.status.success(), "{}", errors(&read));
    let weights = |run: &str| std::fs::read(folder.join(run).join("model.safetensors")).expect("weights");
    assert!(weights("unread") == weights("run"));
    std::fs::write(folder.join("grid.toml"), "base = \"c.toml\"\nseeds = [0]\n[[method]]\nname = \"m\"\nset = { \"stage\" = [{ epochs = 1, objective = { supervised = {} } }] }\n").expect("a grid");
    for arguments in [
        vec!["data", "list"],
        vec!["data", "info", data],
        vec!["data", "info", data, "--json"],
        vec!["data", "info", data, "--views"],
        vec!["data", "check", data],
        vec!["data", "split", config],
        vec!["devices"],
        vec!["devices", "--json"],
        vec!["new", data],
        vec!["eval", "run"],
        vec!["eval", "run", "--json"],
        vec!["predict", "run", "cbf"],
        vec!["embed", "run", "cbf", "--output", "v.npy"],
        vec!["cluster", "run", "cbf"],
        vec!["report", "run"],
        vec!["compare", "grid.toml", "--list"],
        vec!["compare", "grid.toml", "--out", "grid"],
        vec!["--help"],
    ] {
        quiet(&arguments, true, false);
        quiet(&arguments, false, true);
    }
    // A mistake keeps its status though nobody hears of it.
    assert_eq!(semiseq_unread(&folder, &["data", "info", "nowhere.csv"], true, true).status.code(), Some(2));
    assert_eq!(semiseq_unread(&folder, &["train", "c.toml", "--epochs", "5"], true, true).status.code(), Some(2));
}

/// `/dev/full` is a disk that is always full: unlike a reader that has gone, it is a failure.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let folder = folder("full-output");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let output = Command::new(env!("CARGO_BIN_EXE_semiseq"))
        .current_dir(&folder)
        .args(["data", "list"])
        .stdout(full)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("standard output: cannot be written"), "{}", errors(&output));
}

#[test]
fn names_are_data_and_never_commands() {
    let folder = folder("names");
    let (first, second) = ("ok\rgo\u{1b}[2J", "=HYPERLINK(\"http://x\",\"y\")");
    let row = |row: usize| {
        let (level, label) = if row.is_multiple_of(2) { (0.0, first) } else { (3.0, second) };
        let values: Vec<f64> = (0..5).map(|step| level + 0.1 * ((row + step) as f64).sin()).collect();
        format!("{}\n", serde_json::json!({ "values": values, "label": label }))
    };
    std::fs::write(folder.join("r.jsonl"), (0..40).map(row).collect::<String>()).expect("data");
    let config = "name = \"r\"\n[data]\nsource = \"r.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 6\n[[stage]]\nepochs = 12\n\
                  [stage.objective.supervised]\n[stage.optimizer.adam]\nlr = 0.05\n";
    let trained = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let info = semiseq(&folder, &["data", "info", "r.jsonl"]);
    assert!(text(&info).contains("ok\\rgo\\u{1b}[2J: 20") && !text(&info).contains('\u{1b}'), "{}", text(&info));
    // A table quotes what would end its line, and a spreadsheet has nothing to compute.
    let predicted = semiseq(&folder, &["predict", "run", "r.jsonl", "--output", "p.csv"]);
    assert!(errors(&predicted).contains("behind an apostrophe"), "{}", errors(&predicted));
    let table = std::fs::read_to_string(folder.join("p.csv")).expect("predictions");
    assert!(
        table.contains("0,\"ok\rgo\u{1b}[2J\",") && table.contains("1,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\","),
        "{table}"
    );
    let confusion = std::fs::read_to_string(folder.join("run/confusion.csv")).expect("a matrix");
    assert!(confusion.contains("\"'=HYPERLINK(") && confusion.contains("\"ok\rgo"), "{confusion}");
    // What was written is read again, here and as JSON lines with the names as they are.
    let again = semiseq(&folder, &["data", "info", "p.csv", "--target", "prediction", "--json"]);
    let found: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    let classes: Vec<&str> =
        found["train"]["classes"].as_array().expect("classes").iter().filter_map(|class| class[0].as_str()).collect();
    assert!(classes.contains(&first) && classes.len() == 2, "{found}");
    assert!(semiseq(&folder, &["predict", "run", "r.jsonl", "--output", "p.jsonl"]).status.success());
    let lines = std::fs::read_to_string(folder.join("p.jsonl")).expect("predictions");
    let names: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["prediction"].clone()).collect();
    assert!(names[0] == first && names[1] == second, "{names:?}");
    // A name in a message.
    std::fs::write(folder.join("bad.csv"), "a,b,label\n1,\u{1b}[31mx,y\n2,3,z\n4,5,y\n").expect("data");
    let bad = semiseq(&folder, &["data", "check", "bad.csv"]);
    assert!(errors(&bad).contains("\\u{1b}[31mx") && !errors(&bad).contains('\u{1b}'), "{}", errors(&bad));
}

#[test]
fn a_written_split_is_the_split_of_the_run() {
    let folder = folder("split");
    let config = write_config(&folder, SMALL);
    assert!(semiseq(&folder, &["data", "split", config, "--output", "split.json"]).status.success());
    let from_file = SMALL.replace("per_class = 4", "file = \"split.json\"");
    std::fs::write(folder.join("file.toml"), from_file).expect("a config");
    for (config, run) in [("c.toml", "drawn"), ("file.toml", "read")] {
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", run]);
        assert!(output.status.success(), "{}", errors(&output));
    }
    let labeled = |run: &str| -> Value {
        let split = std::fs::read_to_string(folder.join(run).join("split.json")).expect("a split");
        serde_json::from_str::<Value>(&split).expect("JSON")["labeled"].clone()
    };
    assert_eq!(labeled("drawn"), labeled("read"));
}

#[test]
fn the_data_commands_tell_what_is_there() {
    let folder = folder("data");
    let data = write_series(&folder);
    let list = text(&semiseq(&folder, &["data", "list"]));
    assert!(["two-patterns", "ag-news-small", "jsonl"].iter().all(|name| list.contains(name)), "{list}");
    let info: Value =
        serde_json::from_slice(&semiseq(&folder, &["data", "info", data, "--json"]).stdout).expect("JSON");
    assert!(info.to_string().contains("down"), "{info}");
    assert!(text(&semiseq(&folder, &["data", "check", data])).contains("40 rows, all good"));

    std::fs::write(folder.join("bad.csv"), "a,b,label\n1,2,x\n1,inf,y\n3,four,x\n").expect("data");
    let bad = semiseq(&folder, &["data", "check", "bad.csv"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(errors(&bad).contains("bad.csv:3") && errors(&bad).contains("bad.csv:4"), "{}", errors(&bad));
}

#[test]
fn a_set_that_is_not_fetched_says_how() {
    let folder = folder("fetch");
    let config = write_config(&folder, &SMALL.replace("\"cbf\"\nsize = 90", "\"mnist-10k\""));
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("semiseq data fetch mnist-10k"), "{}", errors(&output));
    let output = semiseq(&folder, &["data", "fetch", "mnist"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no data set `mnist` to fetch"), "{}", errors(&output));
}

#[test]
fn a_bag_of_words_needs_words() {
    let folder = folder("words");
    let config =
        write_config(&folder, &SMALL.replace("autoencoder]\nhidden = 6", "autoencoder]\ndecoder = \"bag-of-words\""));
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("`bag-of-words`, which needs text"), "{}", errors(&output));
}

#[test]
fn text_is_read_from_standard_input_and_vectors_are_written_as_csv() {
    let folder = folder("text");
    let rows: String = (0..40)
        .map(|row| if row % 2 == 0 { format!("good\tfine day {row}\n") } else { format!("bad\tawful night {row}\n") })
        .collect();
    std::fs::write(folder.join("mood.tsv"), rows).expect("data");
    let config = SMALL
        .replace("source = \"cbf\"\nsize = 90", "source = \"mood.tsv\"")
        .replace("resample = 16\nnormalize = \"series\"\n", "")
        .replace("autoencoder]\nhidden = 6", "autoencoder]\ndecoder = \"bag-of-words\"")
        .replace("dropout = 0.2", "dropout = 0.2\nembedding = { size = 8 }");
    let config = write_config(&folder, &config);
    let trained = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));

    let mut child = Command::new(env!("CARGO_BIN_EXE_semiseq"))
        .current_dir(&folder)
        .args(["predict", "run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines = "{\"text\": \"fine day\"}\n{\"text\": \"awful night\"}\n";
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("input");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(text(&output).lines().count(), 3, "{}", text(&output));

    let embedded = semiseq(&folder, &["embed", "run", "mood.tsv", "--output", "v.csv"]);
    assert!(embedded.status.success(), "{}", errors(&embedded));
    let vectors = std::fs::read_to_string(folder.join("v.csv")).expect("vectors");
    assert!(vectors.lines().all(|line| line.split(',').count() == 6) && vectors.lines().count() >= 40, "{vectors}");
}

/// The same run on every backend of the build: the scores lie near each other. Software Vulkan stands in for a GPU.
#[test]
fn every_backend_runs_a_config_from_end_to_end() {
    let folder = folder("backends");
    let config = write_config(&folder, &SMALL.replace("epochs = 4", "epochs = 1"));
    let listed = text(&semiseq(&folder, &["devices"]));
    for backend in
        ["flex", "ndarray", "wgpu"].into_iter().filter(|backend| cfg!(feature = "wgpu") || *backend != "wgpu")
    {
        if backend == "ndarray" && !cfg!(feature = "ndarray") {
            continue;
        }
        assert!(listed.contains(backend), "{listed}");
        let output = semiseq(&folder, &["train", config, "--no-tui", "--backend", backend, "--out", backend]);
        assert!(output.status.success(), "{backend}: {}", errors(&output));
        let summary = std::fs::read_to_string(folder.join(backend).join("summary.json")).expect("a summary");
        let summary: Value = serde_json::from_str(&summary).expect("JSON");
        assert_eq!(summary["backend"], backend);
        assert!(summary["test"]["loss"].as_f64().is_some_and(f64::is_finite), "{summary}");
        let scored = semiseq(&folder, &["eval", backend, "--json"]);
        let scores: Value = serde_json::from_slice(&scored.stdout).expect("JSON and nothing else");
        let difference = scores["accuracy"].as_f64().zip(summary["test"]["accuracy"].as_f64());
        assert!(difference.is_some_and(|(again, first)| (again - first).abs() < 1e-6), "{scores}");
    }
}

#[test]
fn runs_are_reported_and_clustered() {
    let folder = folder("report");
    let config = write_config(&folder, SMALL);
    for seed in ["1", "2"] {
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", seed, "--set", &format!("seed={seed}")]);
        assert!(output.status.success(), "{}", errors(&output));
    }
    let written = std::fs::read_to_string(folder.join("1/report.html")).expect("the run's own report");
    for part in ["labels alone", "Each class", "t-SNE by prediction", "least sure", "teacher agreement", "Config"] {
        assert!(written.contains(part), "{part}");
    }
    assert!(!written.contains("src=") && !written.contains("http"), "the page needs no network");
    assert!(semiseq(&folder, &["report", "1"]).status.success());
    let again = std::fs::read_to_string(folder.join("1/report.html")).expect("the report made anew");
    assert!(again == written, "a report can be made again from the run folder");
    let both = semiseq(&folder, &["report", "1", "2", "--output", "both.html"]);
    assert_eq!(text(&both).trim(), "both.html", "{}", errors(&both));
    assert!(std::fs::read_to_string(folder.join("both.html")).expect("a page").contains("2 runs"));

    for method in ["kmeans", "gmm", "dbscan"] {
        let output = semiseq(&folder, &["cluster", "1", "cbf", "--k", "3", "--method", method, "--json"]);
        assert!(output.status.success(), "{}", errors(&output));
        let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let sizes: u64 = found["sizes"].as_array().expect("sizes").iter().filter_map(Value::as_u64).sum();
        assert_eq!(sizes + found["noise"].as_u64().expect("noise"), 900, "{found}");
        assert!(found["nmi"].is_f64() && found["ari"].is_f64(), "{found}");
    }
    let table = std::fs::read_to_string(folder.join("1/clusters/clusters.csv")).expect("a table");
    assert_eq!(table.lines().count(), 901);
    assert!(table.lines().nth(1).is_some_and(|line| line.starts_with("0,")), "{table}");
    assert!(["pca.svg", "tsne.svg"].iter().all(|name| folder.join("1/clusters").join(name).exists()));
    let states = semiseq(&folder, &["embed", "1", "cbf", "--states", "states"]);
    assert!(states.status.success(), "{}", errors(&states));
    let read = |name: &str| std::fs::read_to_string(folder.join("states").join(name)).expect(name);
    let (states, changes) = (read("states.csv"), read("changes.csv"));
    let width = states.lines().next().expect("a header").split(',').count();
    assert!(states.starts_with("index,step,pc1,pc2") && (4..=10).contains(&width), "{width}");
    let per_series = states.lines().filter(|line| line.starts_with("0,")).count();
    assert_eq!(states.lines().count(), 900 * per_series + 1, "a row per step");
    assert!(changes.lines().count() > 1 && changes.lines().count() < states.lines().count() / 4, "few steps change");
    let picture = read("trajectories.svg");
    // Sixty sequences, a mean and a curve of each class.
    assert_eq!(picture.matches("<polyline").count(), 66, "{picture}");
    for (arguments, said) in [
        (vec!["embed", "1", "cbf"], "--output"),
        (vec!["embed", "1", "cbf", "--states", "s", "--penalty", "0"], "`--penalty` must be a number above 0, got 0"),
    ] {
        let output = semiseq(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(said), "{arguments:?}: {}", errors(&output));
    }
    let many = semiseq(&folder, &["cluster", "1", "cbf", "--k", "5000"]);
    assert_eq!(many.status.code(), Some(2));
    assert!(errors(&many).contains("from 1 to 900, got 5000"), "{}", errors(&many));
}

#[test]
fn a_run_of_deep_clustering_says_clusters() {
    let folder = folder("deep-clustering");
    let text = std::fs::read_to_string("configs/series-clusters.toml").expect("the config");
    let config = write_config(&folder, &text);
    let small = ["--set", "stage.0.epochs=2", "--set", "data.size=120", "--set", "data.transform.resample=16"];
    let train = semiseq(&folder, &[&["train", config, "--no-tui", "--out", "run"], &small[..]].concat());
    assert!(train.status.success(), "{}", errors(&train));
    let said = text_of_predictions(&folder);
    assert!(said.starts_with("index,prediction,p_0,p_1,p_2\n0,"), "{said}");
    for line in said.lines().skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        assert!((cells[2..].iter().sum::<f64>() - 1.0).abs() < 1e-4, "{line}");
        assert!(cells[2..].iter().all(|value| *value <= cells[2 + cells[1] as usize]), "{line}");
    }
    let output = semiseq(&folder, &["cluster", "run", "cbf", "--json"]);
    assert!(output.status.success(), "{}", errors(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert!(found["clusters"].as_u64().is_some_and(|count| count <= 3) && found["ari"].is_f64(), "{found}");
    let clusters: Vec<&str> = said.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    let table = std::fs::read_to_string(folder.join("run/clusters/clusters.csv")).expect("a table");
    let own: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(own, clusters, "the run's own clusters");
    let strange = semiseq(&folder, &["predict", "run", "cbf", "--out-of-class"]);
    assert!(errors(&strange).contains("the run learned no classes of whole"), "{}", errors(&strange));
    let export = semiseq(&folder, &["export", "run", "--format", "onnx"]);
    assert!(errors(&export).contains("the last stage's objective answers"), "{}", errors(&export));
    assert!(
        semiseq(&folder, &["eval", "run"]).status.success() && semiseq(&folder, &["report", "run"]).status.success()
    );
}

fn text_of_predictions(folder: &Path) -> String {
    let output = semiseq(folder, &["predict", "run", "cbf"]);
    assert!(output.status.success(), "{}", errors(&output));
    text(&output)
}

#[test]
fn series_are_clustered_without_a_run() {
    let folder = folder("warped");
    for (method, gamma) in [("dtw", &[][..]), ("soft-dtw", &["--gamma", "0.5"])] {
        let output = semiseq(
            &folder,
            &[&["cluster", "cbf", "--method", method, "--resample", "16", "--out", method, "--json"], gamma].concat(),
        );
        assert!(output.status.success(), "{}", errors(&output));
        let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!([found["sequences"].as_u64(), found["clusters"].as_u64()], [Some(900), Some(3)], "{found}");
        // Cylinder, bell and funnel differ in shape, and their flanks stand anywhere.
        let agreement = found["ari"].as_f64().expect("agreement");
        assert!(agreement > 0.5 && found["silhouette"].is_f64(), "{method}: {found}");
        for (file, lines) in [("clusters.csv", 901), ("centres.csv", 3 * 16 + 1)] {
            let table = std::fs::read_to_string(folder.join(method).join(file)).expect("a table");
            assert_eq!(table.lines().count(), lines, "{file}");
        }
        assert!(folder.join(method).join("centres.svg").exists());
    }
    std::fs::write(folder.join("texts.jsonl"), "{\"text\": \"rain\"}\n{\"text\": \"sun\"}\n").expect("written");
    for (arguments, said) in [
        (vec!["cluster", "cbf", "--method", "kmeans"], "no run folder is given"),
        (vec!["cluster", "run", "cbf", "--method", "dtw"], "ask no run"),
        (vec!["cluster", "run", "cbf", "--target", "label"], "says how its data are read"),
        (vec!["cluster", "run", "cbf", "--normalize", "series"], "says how its data are read"),
        (vec!["cluster", "cbf", "--method", "soft-dtw", "--gamma", "0"], "`--gamma` must be a number above 0, got 0"),
        (vec!["cluster", "cbf", "--method", "dtw", "--gamma", "2"], "`--gamma` is for `soft-dtw`"),
        (vec!["cluster", "cbf", "--k", "901", "--resample", "4"], "from 1 to 900, got 901"),
        (vec!["cluster", "cbf", "--k", "300", "--method", "soft-dtw"], "too many to be warped"),
        (vec!["cluster", "texts.jsonl", "--k", "2"], "holds texts or tokens"),
    ] {
        let output = semiseq(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(said), "{arguments:?}: {}", errors(&output));
    }
}

const GRID: &str = r#"
base = "c.toml"
seeds = [0, 1]
baseline = "plain"
[labels]
per_class = [4, 3]
[[method]]
name = "teacher"
[[method]]
name = "plain"
set = { "stage.1.objective" = { supervised = {} }, "stage.1.validate_every" = 1 }
"#;

#[test]
fn a_grid_becomes_a_table_and_finished_cells_are_not_run_twice() {
    let folder = folder("compare");
    write_config(&folder, SMALL);
    std::fs::write(folder.join("grid.toml"), GRID).expect("a grid");
    let first = semiseq(&folder, &["compare", "grid.toml", "--jobs", "2"]);
    assert!(first.status.success(), "{}", errors(&first));
    assert!(errors(&first).contains("8 cells, 8 to run"), "{}", errors(&first));
    assert!(errors(&first).contains("[8/8]"), "{}", errors(&first));
    let told = errors(&first);
    assert_eq!(told.matches("`plain` is validated every 1 steps and `teacher` every 2, so that").count(), 2, "{told}");
    // Four epochs of two steps on the labels alone, and of three with the unlabelled series beside them.
    let steps = "`plain` learns for 8 steps in its last stage and `teacher` for 12, so that";
    assert_eq!(told.matches(steps).count(), 2, "{told}");
    let table = text(&first);
    assert!(table.contains("| teacher |") && table.contains("4 a class") && table.contains("±"), "{table}");
    let out = folder.join("runs/compare-grid");
    for name in ["table.md", "table.csv", "table.tex", "table.json", "compare.html", "compare.svg"] {
        assert!(out.join(name).exists(), "{name}");
    }
    let second = semiseq(&folder, &["compare", "grid.toml", "--json"]);
    assert!(errors(&second).contains("8 cells, 0 to run"), "{}", errors(&second));
    let found: Value = serde_json::from_slice(&second.stdout).expect("one JSON object");
    // The methods, then what plain methods give on the same labels.
    let (methods, references) = found["rows"].as_array().expect("rows").split_at(2);
    let names: Vec<&str> = references.iter().filter_map(|row| row["method"].as_str()).collect();
    assert!(names.contains(&"MiniRocket: ridge") && names.contains(&"raw values: nearest neighbour"), "{names:?}");
    for row in references {
        assert_eq!((row["reference"].as_bool(), row["cells"][1]["seeds"].as_u64()), (Some(true), Some(2)), "{row}");
    }
    let ranks: f64 = found["rows"].as_array().expect("rows").iter().filter_map(|row| row["rank"].as_f64()).sum();
    assert!((ranks - 3.0).abs() < 1e-9, "the ranks of two methods add up to three: {found}");
    assert!(found["rows"][0]["p"].is_f64() && found["rows"][1]["p"].is_null(), "{found}");

    // The numbers are those of the runs themselves, and of the references that one method's runs computed.
    let summaries: Vec<Value> = std::fs::read_dir(out.join("cells"))
        .expect("cells")
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("summary.json")).ok())
        .map(|text| serde_json::from_str(&text).expect("JSON"))
        .collect();
    assert_eq!(summaries.len(), 8);
    assert_eq!(summaries.iter().filter(|summary| summary["references"].is_array()).count(), 4);
    let accuracy = |of: &Value| of["test"]["accuracy"].as_f64().expect("a score");
    let cells: Vec<f64> = summaries.iter().map(accuracy).collect();
    let ridge: Vec<f64> = summaries
        .iter()
        .filter_map(|summary| summary["references"].as_array())
        .flatten()
        .filter(|one| one["name"] == "MiniRocket: ridge")
        .map(accuracy)
        .collect();
    let row = references.iter().find(|row| row["method"] == "MiniRocket: ridge").expect("a row");
    let of_table = [0, 1].map(|task| row["cells"][task]["mean"].as_f64().expect("a mean"));
    assert!((ridge.iter().sum::<f64>() / 4.0 - of_table.iter().sum::<f64>() / 2.0).abs() < 1e-9, "{ridge:?}");
    let rows = methods.iter();
    let means: Vec<f64> = rows
        .flat_map(|row| row["cells"].as_array().expect("cells"))
        .map(|cell| cell["mean"].as_f64().expect("a mean"))
        .collect();
    let (of_runs, of_table) = (cells.iter().sum::<f64>() / 8.0, means.iter().sum::<f64>() / 4.0);
    assert!((of_runs - of_table).abs() < 1e-9, "{of_runs} and {of_table}");
}

#[test]
fn a_wrong_grid_is_told_before_anything_runs() {
    let folder = folder("wrong-grid");
    write_config(&folder, SMALL);
    for (change, to, told) in [
        ("baseline = \"plain\"", "baseline = \"plane\"", "`plane`, which is no method"),
        ("seeds = [0, 1]", "seed = [0, 1]", "unknown field `seed`"),
        ("supervised = {}", "superwised = {}", "superwised"),
        ("base = \"c.toml\"", "base = \"d.toml\"", "d.toml"),
    ] {
        std::fs::write(folder.join("grid.toml"), GRID.replace(change, to)).expect("a grid");
        let output = semiseq(&folder, &["compare", "grid.toml"]);
        assert_eq!(output.status.code(), Some(2), "{change}: {}", errors(&output));
        assert!(errors(&output).contains(told), "{told}: {}", errors(&output));
        assert!(!folder.join("runs").exists(), "{change}");
    }
}

#[test]
fn every_grid_of_the_repository_is_sound() {
    let grids = std::env::current_dir().expect("the package").join("configs/grids");
    let mut count = 0;
    for entry in std::fs::read_dir(grids).expect("grids").flatten() {
        let path = entry.path();
        let output = semiseq(&folder("grids"), &["compare", path.to_str().expect("a name"), "--list"]);
        assert!(output.status.success(), "{}", errors(&output));
        assert!(text(&output).lines().all(|line| line.contains(" to run ")), "{}", text(&output));
        count += 1;
    }
    assert_eq!(count, 24, "a grid was added or lost: update this number");
}

/// A VAE, a GAN by class and a language model make samples; a run of another kind says that it makes none.
#[test]
fn generators_make_samples_that_predict_can_read() {
    let folder = folder("generate");
    let base = SMALL.split("[[stage]]").next().expect("what stands before the stages");
    let stage = |objective: &str| format!("{base}[[stage]]\nepochs = 2\n{objective}\n[baseline]\nenabled = false\n");
    let train = |name: &str, text: String| {
        let config = write_config(&folder, &text);
        let trained = semiseq(&folder, &["train", config, "--no-tui", "--out", name]);
        assert!(trained.status.success(), "{}", errors(&trained));
    };
    let generate = |run: &str, more: &[&str]| semiseq(&folder, &[&["generate", run, "--n", "3"], more].concat());
    train("vae", stage("[stage.objective.vae]\nlatent = 2\nhidden = 4"));
    let made = generate("vae", &["--output", "v.csv"]);
    assert!(made.status.success(), "{}", errors(&made));
    let rows = std::fs::read_to_string(folder.join("v.csv")).expect("samples");
    assert!(rows.lines().count() == 4 && rows.lines().all(|row| row.split(',').count() == 16), "{rows}");
    assert!(generate("vae", &["--output", "again.csv"]).status.success());
    assert_eq!(rows, std::fs::read_to_string(folder.join("again.csv")).expect("samples"), "the seed decides");
    let page = std::fs::read_to_string(folder.join("vae/report.html")).expect("a report");
    assert!(page.contains("Samples from noise") && page.contains("rebuilt from their vectors"));

    train("gan", stage("[stage.objective.gan]\nconditional = true\nhidden = 4"));
    let metrics = std::fs::read_to_string(folder.join("gan/metrics.jsonl")).expect("metrics");
    assert!(metrics.contains("\"critic\"") && metrics.contains("\"generator\""), "both players moved: {metrics}");
    let made = generate("gan", &["--class", "bell", "--length", "5", "--output", "g.jsonl"]);
    assert!(made.status.success(), "{}", errors(&made));
    let text = std::fs::read_to_string(folder.join("g.jsonl")).expect("samples");
    let first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert!(first["label"] == "bell" && first["values"].as_array().is_some_and(|values| values.len() == 5), "{first}");
    let wrong = generate("gan", &["--class", "ball", "--output", "g.jsonl"]);
    assert!(errors(&wrong).contains("there is no class `ball`"), "{}", errors(&wrong));
    assert_eq!(wrong.status.code(), Some(2));

    // Beside an objective that remembers something of each training sequence.
    let part = |name: &str| format!("[[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.{name}]\n");
    train("joint", stage(&format!("[stage.objective.joint]\n{}{}", part("flexmatch"), part("vae"))));
    let made = generate("joint", &["--output", "j.csv"]);
    assert!(made.status.success(), "{}", errors(&made));

    train("plain", stage("[stage.objective.next-step]"));
    let none = generate("plain", &["--output", "p.csv"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(errors(&none).contains("neither makes samples nor rebuilds"), "{}", errors(&none));

    let texts: String = (0..30).map(|row| format!("{{\"text\": \"a fine day number {row}\"}}\n")).collect();
    std::fs::write(folder.join("texts.jsonl"), texts).expect("data");
    let language = stage("[stage.objective.language-model]")
        .replace("source = \"cbf\"\nsize = 90", "source = \"texts.jsonl\"")
        .replace("resample = 16\nnormalize = \"series\"\n", "")
        .replace("[data.labels]\nper_class = 4\n", "");
    train("words", language);
    assert!(generate("words", &["--output", "w.txt"]).status.success());
    let words = std::fs::read_to_string(folder.join("w.txt")).expect("samples");
    assert!(words.lines().count() == 3 && words.lines().all(|line| line.starts_with('a')), "{words}");
}

/// The rows of a table by their numbers.
fn table_of(names: &str, rows: std::ops::Range<usize>, cells: impl Fn(&[String], usize) -> String) -> String {
    let row = |row: usize| {
        let slope = if row.is_multiple_of(2) { 1.0 } else { -1.0 };
        let values: Vec<String> =
            (0..4).map(|step| format!("{:.2}", slope * f64::from(step) + row as f64 * 0.01)).collect();
        cells(&values, row) + "\n"
    };
    format!("{names}\n{}", rows.map(row).collect::<String>())
}

/// New rows have no label, their columns stand in another order, or there are more of them.
#[test]
fn new_tables_are_read_by_the_columns_of_training() {
    let folder = folder("columns");
    let class = |row: usize| if row.is_multiple_of(2) { "up" } else { "down" };
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("data");
    // As pandas saves a frame: row numbers in front, under no name.
    write(
        "train.csv",
        table_of(",t0,t1,t2,t3,label", 0..40, |values, row| format!("{row},{},{}", values.join(","), class(row))),
    );
    let labelled = |values: &[String], row| format!("{row},{},{}", values.join(","), class(row));
    write("labelled.csv", table_of(",t0,t1,t2,t3,label", 40..46, labelled));
    write("bare.csv", table_of("t0,t1,t2,t3", 40..46, |values, _| values.join(",")));
    write(
        "turned.csv",
        table_of("t3,more,t1,t0,t2", 40..46, |values, _| {
            format!("{},9,{},{},{}", values[3], values[1], values[0], values[2])
        }),
    );
    write("renamed.csv", table_of("u0,u1,u2,u3", 40..46, |values, _| values.join(",")));
    write("short.csv", table_of("t0,t1,t2", 40..46, |values, _| values[..3].join(",")));
    let lines = table_of("", 40..46, |values, _| {
        format!("{{\"t0\": {}, \"t1\": {}, \"t2\": {}, \"t3\": {}}}", values[0], values[1], values[2], values[3])
    });
    write("rows.jsonl", lines.trim_start().to_string());
    let config = SMALL.replace("source = \"cbf\"\nsize = 90", "source = \"train.csv\"").replace("resample = 16\n", "");
    let trained = semiseq(&folder, &["train", write_config(&folder, &config), "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    assert!(errors(&trained).contains("left out: column 1 (no name: row numbers)"), "{}", errors(&trained));

    let predicted = |name: &str| {
        let output = semiseq(&folder, &["predict", "run", name]);
        assert!(output.status.success(), "{name}: {}", errors(&output));
        text(&output)
    };
    let expected = predicted("labelled.csv");
    assert_eq!(expected.lines().count(), 7);
    for name in ["bare.csv", "turned.csv", "rows.jsonl"] {
        assert_eq!(predicted(name), expected, "{name}");
    }
    let turned = semiseq(&folder, &["embed", "run", "turned.csv", "--output", "v.csv"]);
    assert!(errors(&turned).contains("training had no such column: `more`"), "{}", errors(&turned));
    for (name, part) in [("renamed.csv", "lacks: `t0`, `t1`, `t2`, `t3`"), ("short.csv", "lacks: `t3`")] {
        let output = semiseq(&folder, &["predict", "run", name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(part), "{name}: {}", errors(&output));
    }
    let scored = semiseq(&folder, &["eval", "run", "--data", "bare.csv"]);
    assert_eq!(scored.status.code(), Some(2));
    assert!(errors(&scored).contains("the labels stood in the column `label`"), "{}", errors(&scored));
    let scored = semiseq(&folder, &["eval", "run", "--data", "labelled.csv"]);
    assert!(text(&scored).contains("6 sequences"), "{}", errors(&scored));
}

/// A text per line, a folder of documents, and a folder with a training and a test part are read by every command.
#[test]
fn texts_and_folders_are_read_everywhere() {
    let folder = folder("everywhere");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("data");
    };
    for row in 0..40 {
        let (class, word) = if row % 2 == 0 { ("pos", "fine") } else { ("neg", "awful") };
        let part = if row < 30 { "train" } else { "test" };
        write(&format!("films/{part}/{class}/{row}.txt"), &format!("a {word} day {row}"));
    }
    write("lines.txt", "a fine day\n\nan awful day\n");
    write("new/1.txt", "a fine day");
    write("new/2.txt", "an awful day");
    let config = SMALL
        .replace("source = \"cbf\"\nsize = 90", "source = \"films\"")
        .replace("resample = 16\nnormalize = \"series\"\n", "")
        .replace("autoencoder]\nhidden = 6", "autoencoder]\ndecoder = \"bag-of-words\"")
        .replace("dropout = 0.2", "dropout = 0.2\nembedding = { size = 8 }");
    let trained = semiseq(&folder, &["train", write_config(&folder, &config), "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    for (input, rows) in [("lines.txt", 3), ("new", 2), ("films", 10), ("films/train", 30)] {
        let output = semiseq(&folder, &["predict", "run", input]);
        assert!(output.status.success(), "{input}: {}", errors(&output));
        assert_eq!(text(&output).lines().count(), rows + 1, "{input}");
    }
    let scored = semiseq(&folder, &["eval", "run", "--data", "films"]);
    assert!(text(&scored).contains("10 sequences"), "{}", errors(&scored));
    assert!(errors(&scored).contains("the test part is read"), "{}", errors(&scored));
}

/// A pool without labels gets a config without a target, and a table of row numbers and dates one for its series.
#[test]
fn a_new_config_has_no_target_where_the_data_has_none() {
    let folder = folder("new-pool");
    std::fs::write(folder.join("pool.csv"), table_of("t0,t1,t2,t3", 0..20, |values, _| values.join(",")))
        .expect("data");
    let made = semiseq(&folder, &["new", "pool.csv"]);
    assert!(made.status.success(), "{}", errors(&made));
    assert!(!text(&made).contains("target") && !text(&made).contains("regressor"), "{}", text(&made));
    assert!(text(&made).contains("length 4 to 4"), "{}", text(&made));
}

/// Sequences of another kind are rebuilt worse, and near ones have the class of the labelled ones.
#[test]
fn an_autoencoder_tells_what_is_strange_and_what_is_near() {
    let folder = folder("anomaly");
    let data = write_series(&folder);
    let base = SMALL.split("[[stage]]").next().expect("what stands before the stages");
    let config =
        base.replace("source = \"cbf\"\nsize = 90", &format!("source = \"{data}\"")).replace("resample = 16\n", "");
    let stage = "[[stage]]\nepochs = 3\n[stage.objective.autoencoder]\nhidden = 4\ndenoising = true\n[[stage]]\nepochs = 2\n\
                 [stage.objective.joint]\n[[stage.objective.joint.part]]\n\
                 [stage.objective.joint.part.objective.supervised]\n\
                 [[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.autoencoder]\nhidden = 4\n";
    let config = write_config(&folder, &format!("{config}{stage}[baseline]\nenabled = false\n"));
    let trained = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let scored = semiseq(&folder, &["anomaly", "run", data, "--normal", "up", "--output", "a.csv", "--json"]);
    assert!(scored.status.success(), "{}", errors(&scored));
    let found: Value = serde_json::from_slice(&scored.stdout).expect("JSON");
    assert!(found["auroc"].as_f64().is_some_and(|area| (0.0..=1.0).contains(&area)), "{found}");
    let table = std::fs::read_to_string(folder.join("a.csv")).expect("scores");
    assert_eq!(table.lines().count(), 41, "a row per sequence: {table}");
    let wrong = semiseq(&folder, &["anomaly", "run", data, "--normal", "sideways"]);
    assert!(wrong.status.code() == Some(2) && errors(&wrong).contains("up"), "{}", errors(&wrong));
    let near = semiseq(&folder, &["eval", "run", "--nearest", "1", "--json"]);
    let near: Value = serde_json::from_slice(&near.stdout).expect("JSON");
    assert_eq!(near["nearest_accuracy"], 1.0, "rising and falling series lie apart");
}

/// Parts of a joint objective learn together, and a layer that stands still keeps its weights.
#[test]
fn a_joint_stage_with_a_frozen_layer_runs() {
    let folder = folder("joint");
    let joint = "[stage.objective.joint]\n[[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.fixmatch]\n\
                 [[stage.objective.joint.part]]\nweight = 0.5\nfinal_weight = 0.0\n\
                 [stage.objective.joint.part.objective.autoencoder]\nhidden = 4\n";
    let config = SMALL.replace("[stage.objective.mean-teacher]\n", joint).replace(
        "epochs = 4\nbatch_size = 6",
        "epochs = 2\nbatch_size = 6\nlayers = { encoder = { frozen_epochs = 1, lr_factor = 0.1 } }",
    );
    let config = write_config(&folder, &config);
    let trained = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let metrics = std::fs::read_to_string(folder.join("run/metrics.jsonl")).expect("metrics");
    assert!(metrics.contains("\"mask_rate\"") && metrics.contains("\"reconstruction\""), "{metrics}");
}

#[test]
fn views_are_shown_as_text_or_as_a_page() {
    let folder = folder("views");
    let data = write_series(&folder);
    assert!(semiseq(&folder, &["data", "info", data, "--views"]).status.success());
    let page = std::fs::read_to_string(folder.join("views.html")).expect("a page");
    assert!(page.contains("<small>strong</small>") && page.contains("as it is"));
    std::fs::write(folder.join("texts.jsonl"), "{\"text\": \"one fine day\"}\n{\"text\": \"two\"}\n").expect("data");
    let shown = text(&semiseq(&folder, &["data", "info", "texts.jsonl", "--views"]));
    assert!(shown.contains("as it is  one fine day") && shown.matches("strong").count() == 4, "{shown}");
}

#[test]
fn a_report_shows_what_mattered_unless_it_is_to_hold_no_sequence() {
    let folder = folder("mattered");
    let config = write_config(&folder, SMALL);
    let output = semiseq(&folder, &["train", config, "--no-tui", "--no-examples"]);
    assert!(output.status.success(), "{}", errors(&output));
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a page");
    let (mattered, example) = ("What mattered in some test sequences", "<div class=\"example");
    assert!(!page("runs/small/report.html").contains(example));
    for (arguments, shown) in
        [(&["report", "runs/small"][..], true), (&["report", "runs/small", "--no-examples"], false)]
    {
        let output = semiseq(&folder, arguments);
        assert!(output.status.success(), "{}", errors(&output));
        let page = page("runs/small/report.html");
        assert_eq!((page.contains(mattered), page.contains(example)), (shown, shown), "{arguments:?}");
    }
}
