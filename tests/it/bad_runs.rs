//! Training that comes to nothing is noticed, named with its likely cause and a remedy, and leaves the last good
//! checkpoint.

use std::path::Path;
use std::process::Output;

use crate::common::{errors, folder, semiseq, write_config};

/// A small config that trains in a second.
const SMALL: &str = include_str!("common/small.toml");

fn train(folder: &Path, model: &str, stage: &str) -> Output {
    let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
    let config = write_config(folder, &format!("{data}{model}\n[[stage]]\n{stage}\n[baseline]\nenabled = false\n"));
    semiseq(folder, &["train", config, "--no-tui", "--out", "run"])
}

#[test]
fn one_output_for_every_sequence_stops_the_run() {
    let folder = folder("dead");
    let model = "[model.classifier.encoder.rnn]\nhidden = 6\nactivation = \"relu\"";
    // A step of 300 along the first gradient leaves no rectifier alive.
    let stage = "epochs = 8\nbatch_size = 6\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = \
                 300.0\ngrad_clip_norm = 1.0";
    let output = train(&folder, model, stage);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let told = errors(&output);
    assert!(told.contains("one and the same output") && told.contains("hint: its units have died"), "{told}");
    assert!(folder.join("run/checkpoint").exists() && !folder.join("run/summary.json").exists());
}

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let folder = folder("nan");
    let model = "[model.classifier.encoder.rnn]\nhidden = 6\nactivation = \"relu\"";
    let stage = "epochs = 8\nbatch_size = 6\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = 1e30";
    let output = train(&folder, model, stage);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let told = errors(&output);
    assert!(told.contains("not a finite number any more") && told.contains("hint: lower the learning rate"), "{told}");
    assert!(told.contains("the last checkpoint is kept, where one was written"), "{told}");
}

#[test]
fn a_posterior_that_says_nothing_is_named_and_the_run_goes_on() {
    let folder = folder("collapse");
    let stage = "epochs = 6\n[stage.objective.vae]\nlatent = 2\nhidden = 6\nword_drop = 0.0\nbeta = 100.0\nwarm_up = \
                 0.2\n\
                 [stage.optimizer.adam]\nlr = 1e-2";
    let output = train(&folder, "[model.classifier.encoder.gru]\nhidden = 6", stage);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output).matches("the posterior has collapsed").count(), 1, "{}", errors(&output));
    let log = std::fs::read_to_string(folder.join("run/experiment.log")).expect("a log");
    assert!(log.contains("the posterior has collapsed") && log.contains("raise `word_drop`"), "{log}");
}

/// Values in the hundreds are out of a generator's reach: for any noise it makes about the same.
#[test]
fn a_generator_that_makes_one_sample_is_named_and_the_run_goes_on() {
    let folder = folder("one-sample");
    let rows: String = (0..60)
        .map(|row| {
            let value = |step: usize| 400.0 * (row as f64 + step as f64 * (1.0 + row as f64 / 30.0)).sin();
            (0..12).map(|step| format!("{:.1}", value(step))).collect::<Vec<_>>().join(",") + ",a\n"
        })
        .collect();
    std::fs::write(folder.join("large.csv"), rows).expect("data");
    let config = "[data]\nsource = \"large.csv\"\n[data.transform]\nnormalize \
                  = \"none\"\n[model.gan.encoder.gru]\nhidden = 6\n\
                  [[stage]]\nepochs = 8\n[stage.objective.gan]\nhidden = 6\n[stage.optimizer.adam]\nlr = 1e-3\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output).matches("the generator has collapsed").count(), 1, "{}", errors(&output));
    assert!(folder.join("run/summary.json").exists(), "the run goes on");
}

/// The loss of the only step is a number, and what it leaves is none: with and without a part to validate on.
#[test]
fn a_last_step_that_throws_the_weights_out_of_range_stops_the_run() {
    for (name, lr, valid) in [
        ("validated", "1e30", "0.2"),
        ("not-validated", "1e30", "\"none\""),
        ("far-out", "1e22", "\"none\""),
        ("infinite-rate", "1e39", "\"none\""),
    ] {
        let folder = folder(name);
        let stage =
            format!("epochs = 1\nbatch_size = 60\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = {lr}");
        let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
        let data = data.replace("validation = 0.2", &format!("validation = {valid}"));
        let model = "[model.classifier.encoder.rnn]\nhidden = 4\nactivation = \"relu\"";
        let config = write_config(&folder, &format!("{data}{model}\n[[stage]]\n{stage}\n"));
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains("not finite") && told.contains("hint: lower the learning rate"), "{name}: {told}");
        assert!(!folder.join("run/summary.json").exists());
    }
}

/// One value of the validation part is so large that its squared error is infinite in single precision.
#[test]
fn an_infinite_validation_loss_stops_the_run_and_names_values_out_of_range() {
    let folder = folder("infinite");
    let row = |row: usize, first: f64| {
        format!("{{\"values\": [{first}, {}, {}], \"label\": \"{}\"}}\n", row % 5, row % 3, row % 2)
    };
    let rows: String = (0..40).map(|number| row(number, number as f64 / 7.0)).collect();
    let wrong: String = (0..20).map(|number| row(number, if number == 3 { 3e20 } else { 1.0 })).collect();
    std::fs::write(folder.join("train.jsonl"), rows).expect("data");
    std::fs::write(folder.join("valid.jsonl"), wrong).expect("data");
    let config = "[data]\ntrain = \"train.jsonl\"\nvalid = \"valid.jsonl\"\n[model.classifier.encoder.gru]\nhidden = \
                  4\n\
                  [[stage]]\nepochs = 3\n[stage.objective.autoencoder]\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("on the validation part `loss` is not finite") && told.contains("`data check`"), "{told}");
}

/// What can never happen is said before anything is trained or written.
#[test]
fn early_stopping_by_what_is_never_measured_is_refused() {
    for (name, metric, keys, objective, needles) in [
        (
            "other-task",
            "mse",
            "validation = 0.2",
            "supervised",
            ["`valid.mse`, which this stage never measures", "`valid.accuracy`"],
        ),
        (
            "no-labels",
            "accuracy",
            "valid_fraction = 0.2",
            "autoencoder",
            ["`valid.accuracy`, which this stage never measures", "`valid.loss`"],
        ),
        (
            "no-validation",
            "accuracy",
            "validation = \"none\"",
            "supervised",
            ["needs validation data", "data.validation"],
        ),
    ] {
        let folder = folder(&format!("never-{name}"));
        let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
        let data = data.replace("validation = 0.2", keys);
        let stage =
            format!("early_stopping = {{ metric = \"valid.{metric}\", patience = 1 }}\n[stage.objective.{objective}]");
        let model = "[model.classifier.encoder.gru]\nhidden = 4";
        // The second stage is at fault, and the first is not trained for nothing.
        let first = "[[stage]]\nepochs = 1\n[stage.objective.autoencoder]";
        let config = write_config(&folder, &format!("{data}{model}\n{first}\n[[stage]]\nepochs = 4\n{stage}\n"));
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(needles.iter().all(|needle| told.contains(needle)), "{name}: {told}");
        assert!(!folder.join("run").exists(), "{name}: nothing is begun");
    }
}

#[test]
fn a_stage_with_nothing_to_learn_from_is_refused() {
    let folder = folder("nothing");
    let rows: String =
        (0..30).map(|row| format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", row % 7, row % 2)).collect();
    std::fs::write(folder.join("one.jsonl"), rows).expect("data");
    // Of a sequence of one step nothing can be predicted.
    let config = "[data]\nsource = \"one.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nepochs = 2\n\
                  [stage.objective.next-step]\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("no batch of the first epoch has anything to learn from") && told.contains("hint:"),
        "{told}"
    );
    assert!(!folder.join("run").exists(), "nothing is begun");

    // The second stage is at fault, and the first is not trained for nothing.
    let second = config.replace("[[stage]]", "[[stage]]\nepochs = 1\n[stage.objective.supervised]\n[[stage]]");
    let output = semiseq(&folder, &["train", write_config(&folder, &second), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("stage 2/2 next-step: no batch of the first epoch"), "{told}");
    assert!(!folder.join("run").exists(), "nothing is begun");
}

/// Without labels in the test part the validation part tells that a model says one class nearly always.
#[test]
fn a_single_answer_is_told_by_the_validation_part_where_the_test_part_has_no_labels() {
    let folder = folder("single");
    let row = |row: usize| format!("{{\"values\": [1.0, {}], \"label\": \"{}\"}}\n", row % 3, row % 2);
    let rows = |from: usize, to: usize| (from..to).map(row).collect::<String>();
    std::fs::write(folder.join("train.jsonl"), rows(0, 30)).expect("data");
    std::fs::write(folder.join("valid.jsonl"), rows(30, 54)).expect("data");
    std::fs::write(folder.join("test.jsonl"), "{\"values\": [1.0, 2.0]}\n").expect("data without labels");
    // The second class weighs nothing, and so the first is all that is learnt.
    let config = "[data]\ntrain = \"train.jsonl\"\nvalid = \"valid.jsonl\"\ntest \
                  = \"test.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 4\n\
                  [[stage]]\nepochs = 30\nbatch_size = 10\nvalidate_every = \
                  90\n[stage.objective.supervised]\nclass_weights = [1.0, 0.0]\n\
                  [stage.optimizer.adam]\nlr = 5e-2\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("the model says `0` for 100.0 % of the validation part"), "{told}");
}

/// Series of two classes, a row each, no two of them the same.
fn series(rows: usize) -> String {
    let row = |row: usize| {
        let value =
            |step: usize| if row.is_multiple_of(2) { step as f64 } else { 8.0 - step as f64 } + row as f64 / 40.0;
        let values: Vec<String> = (0..8).map(|step| format!("{:.3}", value(step))).collect();
        format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", values.join(", "), ["up", "down"][row % 2])
    };
    (0..rows).map(row).collect()
}

/// A config of one stage on `mine.jsonl`.
fn on_series(encoder: &str, stage: &str) -> String {
    format!(
        "name = \"mine\"\n[data]\nsource = \"mine.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 6\n{encoder}\n\
         [[stage]]\nepochs = 2\nbatch_size = 8\n{stage}\n"
    )
}

fn mine(name: &str, encoder: &str, stage: &str) -> std::path::PathBuf {
    let folder = folder(name);
    std::fs::write(folder.join("mine.jsonl"), series(40)).expect("data");
    let config = write_config(&folder, &on_series(encoder, stage));
    let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    folder
}

/// Runs a command that has to refuse its input, and gives what it said.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = semiseq(folder, arguments);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains("hint: ") && !told.contains("panicked"), "{arguments:?}: {told}");
    told
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect(name)
}

#[test]
fn a_file_that_changed_after_the_run_is_refused_and_a_folder_without_sums_is_read() {
    let folder = mine("changed", "", "[stage.objective.supervised]");
    let predict = ["predict", "run", "mine.jsonl"];
    let before = semiseq(&folder, &predict);
    assert!(before.status.success(), "{}", errors(&before));
    let model = text(&folder, "run/model.json");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");

    // Two classes that change places: nothing but the sum can tell.
    write(
        "run/model.json",
        &model.replace("\"down\"", "\"?\"").replace("\"up\"", "\"down\"").replace("\"?\"", "\"up\""),
    );
    for command in ["predict", "embed", "eval", "report"] {
        let arguments = match command {
            "predict" => predict.to_vec(),
            "embed" => vec!["embed", "run", "mine.jsonl", "--output", "v.csv"],
            _ => vec![command, "run"],
        };
        let told = refused(&folder, &arguments);
        assert!(told.contains("model.json: has changed since the run ended"), "{told}");
    }
    std::fs::remove_file(folder.join("run/checksums.json")).expect("sums");
    write("run/model.json", &model);
    assert_eq!(semiseq(&folder, &predict).stdout, before.stdout, "as a folder of an earlier version");

    // Without sums each setting is held to the rules of a config, and to the tensors.
    let refuse = |change: (&str, &str), part: &str| {
        assert!(model.contains(change.0), "{change:?}: the file changed");
        write("run/model.json", &model.replacen(change.0, change.1, 1));
        let told = refused(&folder, &predict);
        assert!(told.contains("model.json: damaged") && told.contains(part), "{change:?}: {told}");
    };
    refuse(("\"dropout\": 0.0", "\"dropout\": -1.0"), "`model.classifier.dropout` must be in [0, 1), got -1");
    refuse(
        ("\"hidden\": 6", "\"hidden\": 9007199254740992"),
        "`model.classifier.encoder.gru.hidden` must be at most 16384",
    );
    refuse(("\"hidden\": 6", "\"hidden\": 5"), "tensor of [");
    refuse(("\"layers\": 1", "\"layers\": 10000000"), "`model.classifier.encoder.gru.layers` must be at most 256");
    refuse(("\"outputs\": 2", "\"outputs\": 3"), "`outputs` is 3, and the data ask for 2");
    refuse(("\"down\"", "\"up\""), "`processor.classes` holds a name twice");
    refuse(("\"normalize\"", "\"pad\": 1000000000000000000, \"normalize\""), "`processor.config.pad` must be at most");
    write("run/model.json", &model);

    let weights = std::fs::read(folder.join("run/model.safetensors")).expect("weights");
    let mut nan = weights.clone();
    let last = nan.len() - 4;
    nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(folder.join("run/model.safetensors"), nan).expect("weights");
    assert!(refused(&folder, &predict).contains("holds a number that is not finite"));
    std::fs::write(folder.join("run/model.safetensors"), weights).expect("weights");

    let metrics = text(&folder, "run/metrics.jsonl");
    write("run/metrics.jsonl", &metrics.replacen("\"stage\":0", "\"stage\":1000000000000000", 1));
    assert!(refused(&folder, &["report", "run"]).contains("metrics.jsonl:1: damaged: it is of stage 1000000000000000"));
}

#[test]
fn a_generator_of_another_run_is_refused() {
    let folder = mine("generator", "", "[stage.objective.vae]\nlatent = 2\nhidden = 4");
    let generate = ["generate", "run", "--n", "2", "--output", "s.csv"];
    let made = semiseq(&folder, &generate);
    assert!(made.status.success(), "{}", errors(&made));
    let file = text(&folder, "run/generator.json");
    let write = |text: &str| std::fs::write(folder.join("run/generator.json"), text).expect("a file");
    write(&file.replace("\"first_word\"", " \"first_word\""));
    assert!(refused(&folder, &generate).contains("generator.json: has changed since the run ended"));
    std::fs::remove_file(folder.join("run/checksums.json")).expect("sums");
    assert!(semiseq(&folder, &generate).status.success(), "a space changes nothing");
    for (from, to, part) in [
        ("\"latent\":2", "\"latent\":9007199254740992", "`objective.vae.latent` must be at most 16384"),
        ("\"latent\":2", "\"latent\":3", "tensor of ["),
        ("\"classes\":2", "\"classes\":18446744073709551615", "`classes` is 18446744073709551615, and the model has 2"),
        ("\"length\":8", "\"length\":1000000000000", "`beginnings.0` is of no sequence"),
        ("\"beta\":1.0", "\"beta\":-1.0", "`objective.vae.beta` must be at least 0"),
    ] {
        assert!(file.contains(from), "{from}: the file changed: {file:.200}");
        write(&file.replacen(from, to, 1));
        let told = refused(&folder, &generate);
        assert!(told.contains("generator.json: damaged") && told.contains(part), "{to}: {told}");
    }
}

#[test]
fn data_that_changed_since_are_refused_and_a_report_is_never_made_poorer() {
    let folder = mine("data-changed", "", "[stage.objective.supervised]");
    let (report, data) = (text(&folder, "run/report.html"), text(&folder, "mine.jsonl"));
    let write = |text: &str| std::fs::write(folder.join("mine.jsonl"), text).expect("data");
    write(&data.replacen("1.000", "1.001", 1));
    for command in ["eval", "report"] {
        let told = refused(&folder, &[command, "run"]);
        assert!(told.contains("mine.jsonl are others now"), "{told}");
    }
    write(&series(41));
    assert!(refused(&folder, &["eval", "run"]).contains("mine.jsonl had 40 sequences then, and has 41 now"));
    // A run under way, as it looks to `--resume`.
    std::fs::rename(folder.join("run/summary.json"), folder.join("summary.json")).expect("a summary");
    let resume = ["train", "c.toml", "--no-tui", "--out", "run", "--resume"];
    assert!(refused(&folder, &resume).contains("the data of the run in run have changed"));
    std::fs::rename(folder.join("summary.json"), folder.join("run/summary.json")).expect("a summary");

    std::fs::remove_file(folder.join("mine.jsonl")).expect("data");
    let kept = semiseq(&folder, &["report", "run"]);
    assert!(kept.status.success() && errors(&kept).contains("run/report.html is kept as it is"), "{}", errors(&kept));
    let poor = semiseq(&folder, &["report", "run", "--output", "poor.html"]);
    assert!(poor.status.success() && errors(&poor).contains("without maps and examples"), "{}", errors(&poor));
    assert!(text(&folder, "poor.html").len() < report.len());
    write(&data);
    assert!(semiseq(&folder, &["report", "run"]).status.success());
    assert!(text(&folder, "run/report.html") == report, "the page as it was");
}

#[test]
fn two_processes_never_write_one_folder() {
    let folder = mine("locked", "", "[stage.objective.supervised]");
    let (model, config) = (text(&folder, "run/model.json"), text(&folder, "run/config.toml"));
    let lock = std::fs::File::options().write(true).open(folder.join("run/.lock")).expect("the lock's file");
    lock.try_lock().expect("nobody holds it once the run is through");
    let told = refused(&folder, &["train", "c.toml", "--no-tui", "--out", "run", "--set", "seed=9", "--force"]);
    assert!(told.contains("another process of semiseq is writing to this folder"), "{told}");
    assert_eq!((text(&folder, "run/model.json"), text(&folder, "run/config.toml")), (model, config));
    drop(lock);
    assert!(semiseq(&folder, &["train", "c.toml", "--no-tui", "--out", "run", "--force"]).status.success());

    let grid = "base = \"c.toml\"\nseeds = [0]\n[[method]]\nname = \"a\"\n";
    std::fs::write(folder.join("grid.toml"), grid).expect("a grid");
    std::fs::create_dir(folder.join("grid")).expect("a folder");
    let lock = std::fs::File::create(folder.join("grid/.lock")).expect("a file");
    lock.try_lock().expect("a lock");
    assert!(refused(&folder, &["compare", "grid.toml", "--out", "grid"]).contains("another process"));
    assert!(!folder.join("grid/cells").exists(), "nothing is run");
}

#[test]
fn a_file_where_the_run_folder_should_be_stays() {
    let folder = folder("out-file");
    std::fs::write(folder.join("mine.jsonl"), series(40)).expect("data");
    std::fs::write(folder.join("notes"), "mine").expect("a file");
    std::fs::write(folder.join("grid.toml"), "base = \"c.toml\"\nseeds = [0]\n[[method]]\nname = \"a\"\n")
        .expect("a grid");
    let config = write_config(&folder, &on_series("", "[stage.objective.supervised]"));
    for out in ["notes", "notes/run"] {
        for command in [["train", config], ["compare", "grid.toml"]] {
            let told = refused(&folder, &[command[0], command[1], "--out", out]);
            assert!(told.contains("notes: is a file, and the results need a folder"), "{told}");
        }
    }
    assert_eq!(text(&folder, "notes"), "mine");
}

#[test]
fn what_is_probably_not_meant_is_said_once_and_kept() {
    let folder = folder("warnings");
    // A third class whose only row goes to the validation part.
    let rows = series(40) + "{\"values\": [9, 9, 9, 9, 9, 9, 9, 9], \"label\": \"rare\"}\n";
    std::fs::write(folder.join("mine.jsonl"), &rows).expect("data");
    std::fs::write(folder.join("test.jsonl"), series(10)).expect("data");
    let config = on_series("dropout = 0.5", "[stage.objective.mean-teacher]")
        .replace("source = \"mine.jsonl\"", "train = \"mine.jsonl\"\ntest = \"test.jsonl\"\nvalid_fraction = 0.6");
    let output = semiseq(&folder, &["train", write_config(&folder, &config), "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    let (log, page) = (text(&folder, "run/experiment.log"), text(&folder, "run/report.html"));
    let summary: serde_json::Value = serde_json::from_str(&text(&folder, "run/summary.json")).expect("JSON");
    let kept = summary["warnings"].to_string();
    for part in [
        "encoder.gru.dropout = 0.5` does nothing",
        "no labelled row of the class `rare` is left for training (validation part)",
        "25 validation labels choose the best epoch of 16 training labels",
        "there are no unlabelled sequences",
    ] {
        assert_eq!(errors(&output).matches(part).count(), 1, "{part}: {}", errors(&output));
        assert!(log.contains(part) && page.contains(part) && kept.contains(part), "{part}");
    }
    // Labels of each class cannot be had of a class that has none left.
    let config = config.replace("[model.", "[data.labels]\nper_class = 2\n[model.");
    let told = refused(&folder, &["train", write_config(&folder, &config), "--no-tui", "--out", "other"]);
    assert!(told.contains("no row of `rare` is left for training"), "{told}");
}
