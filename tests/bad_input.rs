//! Wrong input gets a message that names file, line or key and says how to mend it, and exit status 2.

mod common;

use common::{errors, folder, semiseq, write_config};

/// A small config that trains in a second.
const SMALL: &str = include_str!("common/small.toml");

/// Trains with a changed small config, expects exit status 2 and all parts in the message.
fn refused(name: &str, change: (&str, &str), parts: &[&str]) {
    let folder = folder(name);
    assert!(SMALL.contains(change.0), "{name}: the config changed");
    let config = write_config(&folder, &SMALL.replacen(change.0, change.1, 1));
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    let message = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{name}: {message}");
    for part in parts {
        assert!(message.contains(part), "{name}: `{part}` is not in: {message}");
    }
    assert!(!folder.join("runs").exists(), "{name}: nothing is written");
}

#[test]
fn mistakes_in_the_config_name_line_and_key() {
    refused(
        "unknown-key",
        ("per_class = 4", "per_clas = 4"),
        &["c.toml:6: `data.labels.per_clas`", "did you mean `per_class`?"],
    );
    refused(
        "wrong-type",
        ("hidden = 6\n[[stage]]", "hidden = \"six\"\n[[stage]]"),
        &["c.toml:14: `model.classifier.encoder.gru.hidden`", "wrong type"],
    );
    refused("negative", ("hidden = 6\n[[stage]]", "hidden = -6\n[[stage]]"), &["c.toml:14", "hidden"]);
    refused("zero-epochs", ("epochs = 4", "epochs = 0"), &["`stage.1.epochs` must be at least 1, got 0"]);
    refused(
        "range",
        ("dropout = 0.2", "dropout = 1.5"),
        &["c.toml:12: `model.classifier.dropout` must be in [0, 1), got 1.5"],
    );
    refused("choice", ("mean-teacher", "mean-teachr"), &["did you mean `mean-teacher`?"]);
    refused(
        "backend",
        ("name = \"small\"", "name = \"small\"\nbackend = \"gpu\""),
        &["c.toml:2: `backend` must be one of flex, ndarray, wgpu, cuda"],
    );
    refused(
        "checkpointing",
        ("name = \"small\"", "name = \"small\"\nbackend = \"wgpu\"\ngradient_checkpointing = true"),
        &["c.toml:3: `gradient_checkpointing` works on flex and ndarray, not on wgpu"],
    );
    refused("syntax", ("epochs = 2", "epochs = = 2"), &["c.toml:16"]);
}

#[test]
fn mistakes_in_the_data_name_file_and_line() {
    refused("missing-file", ("source = \"cbf\"", "source = \"nowhere/a.csv\""), &["nowhere/a.csv: no such file"]);
    refused("unknown-name", ("source = \"cbf\"", "source = \"cbg\""), &["`cbg`", "did you mean `cbf`?"]);
    refused(
        "too-many-labels",
        ("per_class = 4", "per_class = 400"),
        &["asks for 400 labels of each class", "cylinder 24"],
    );
}

#[test]
fn bad_files_are_refused_whole() {
    let cases: [(&str, &[u8], &[&str]); 6] = [
        ("empty.csv", b"", &["empty.csv: the file is empty"]),
        ("single.csv", b"a,b,label\n1,2,x\n2,3,x\n3,4,x\n4,5,x\n", &["a single class, `x`"]),
        ("ragged.csv", b"a,b,label\n1,2,x\n1,y\n", &["ragged.csv:3: 2 columns"]),
        ("nan.csv", b"a,b,label\n1,NaN,x\n1,2,y\n", &["nan.csv:2: column `b` holds no number"]),
        ("infinite.csv", b"a,b,label\n1,2,x\n1,inf,y\n", &["infinite.csv:3: column `b`: `inf` is not a finite number"]),
        (
            "cut.csv.gz",
            &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b],
            &["cut.csv.gz: the packed file is cut short or damaged"],
        ),
    ];
    for (name, bytes, parts) in cases {
        let folder = folder(name);
        std::fs::write(folder.join(name), bytes).expect("data");
        let config = write_config(
            &folder,
            &SMALL.replace("source = \"cbf\"", &format!("source = \"{name}\"")).replace("size = 90\n", ""),
        );
        let output = semiseq(&folder, &["train", config, "--no-tui"]);
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{name}: {message}");
    }
}

#[test]
fn a_test_label_never_seen_in_training_is_named() {
    let folder = folder("strange-label");
    let rows = |label: &str| (0..10).map(|row| format!("{row},{},{label}\n", row * 2)).collect::<String>();
    std::fs::write(folder.join("train.csv"), format!("a,b,label\n{}{}", rows("x"), rows("y"))).expect("data");
    std::fs::write(folder.join("test.csv"), "a,b,label\n1,2,x\n1,2,z\n").expect("data");
    let data = "[data]\ntrain = \"train.csv\"\ntest = \"test.csv\"\n";
    let config = write_config(&folder, &SMALL.replace("[data]\nsource = \"cbf\"\nsize = 90\n", data));
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("test.csv: row 2: the label `z` was never seen in training"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_backend_that_is_not_compiled_in_names_the_feature() {
    if cfg!(feature = "cuda") {
        return;
    }
    let folder = folder("backend");
    let config = write_config(&folder, SMALL);
    let output = semiseq(&folder, &["train", config, "--no-tui", "--backend", "cuda"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("`cuda` is not in this build") && errors(&output).contains("--features cuda"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_folder_without_a_run_says_so() {
    let folder = folder("no-run");
    for arguments in [vec!["eval", "nowhere"], vec!["predict", "nowhere", "x.csv"]] {
        let output = semiseq(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains("nowhere: no run folder"), "{}", errors(&output));
    }
    let config = write_config(&folder, SMALL);
    let output = semiseq(&folder, &["train", config, "--no-tui", "--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no run to resume"), "{}", errors(&output));
}

/// `/dev/full` is a disk that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_that_names_the_file() {
    let folder = folder("full");
    let config = write_config(&folder, SMALL);
    assert!(semiseq(&folder, &["train", config, "--no-tui"]).status.success());
    std::fs::create_dir_all(folder.join("run")).expect("a folder");
    std::os::unix::fs::symlink("/dev/full", folder.join("run/config.toml.part")).expect("a link");
    let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(
        errors(&output).contains("run/config.toml: cannot be written") && errors(&output).contains("No space left"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let folder = folder("checkpoint");
    let config = write_config(&folder, SMALL);
    assert!(semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]).status.success());
    std::fs::remove_file(folder.join("run/summary.json")).expect("the run looks unfinished");
    let newest = std::fs::read_dir(folder.join("run/checkpoint"))
        .expect("checkpoints")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok())
        .max()
        .expect("a checkpoint");
    let file = folder.join(format!("run/checkpoint/{newest}/learned.burnpack"));
    let bytes = std::fs::read(&file).expect("a file");
    std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("cut short");
    let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run", "--resume"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(
        errors(&output).contains("learned.burnpack is cut short")
            && errors(&output).contains("using the checkpoint before it"),
        "{}",
        errors(&output)
    );
}

#[test]
fn views_that_move_steps_are_refused_for_a_tagger() {
    let folder = folder("moving");
    let config = "name = \"t\"\n[data]\nsource = \"copy-memory\"\nsize = 40\n[data.labels]\ntotal = 8\n[data.augment]\n\
                  strong = [{ token-drop = {} }]\n[model.tagger.encoder.gru]\nhidden = 4\n[[stage]]\nepochs = 1\n\
                  [stage.objective.fixmatch]\n";
    let name = write_config(&folder, config);
    let output = semiseq(&folder, &["train", name, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("`data.augment.strong.0.token-drop` moves steps"), "{}", errors(&output));
    // Without a list the views leave each step in its place.
    let name = write_config(&folder, &config.replace("[data.augment]\nstrong = [{ token-drop = {} }]\n", ""));
    let output = semiseq(&folder, &["train", name, "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
}
