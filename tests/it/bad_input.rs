//! Wrong input gets a message that names file, line or key and says how to mend it, and exit status 2.

use crate::common::{errors, folder, semiseq, write_config};

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
        &["c.toml:7: `data.labels.per_clas`", "did you mean `per_class`?"],
    );
    refused(
        "wrong-type",
        ("hidden = 6\n[[stage]]", "hidden = \"six\"\n[[stage]]"),
        &["c.toml:15: `model.classifier.encoder.gru.hidden`", "wrong type"],
    );
    refused("negative", ("hidden = 6\n[[stage]]", "hidden = -6\n[[stage]]"), &["c.toml:15", "hidden"]);
    refused("zero-epochs", ("epochs = 4", "epochs = 0"), &["`stage.1.epochs` must be at least 1, got 0"]);
    refused(
        "range",
        ("dropout = 0.2", "dropout = 1.5"),
        &["c.toml:13: `model.classifier.dropout` must be in [0, 1), got 1.5"],
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
    for (name, weights) in [("zero", "[0.0, 0.0, 0.0]"), ("infinite", "[inf, 1.0, 1.0]"), ("below", "[-1.0, 1.0, 1.0]")]
    {
        refused(
            &format!("{name}-weights"),
            (
                "[stage.objective.mean-teacher]",
                &format!("[stage.objective.mean-teacher.supervised]\nclass_weights = {weights}"),
            ),
            &["`stage.1.objective.mean-teacher.supervised.class_weights` must be finite numbers of at least 0"],
        );
    }
    refused("syntax", ("epochs = 2", "epochs = = 2"), &["c.toml:17"]);
}

/// The mistakes that a config has, each from `error:` on.
fn mistakes(name: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(name);
    let text = changes.iter().fold(SMALL.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "{name}: the config changed");
        text.replacen(from, to, 1)
    });
    let output = semiseq(&folder, &["train", write_config(&folder, &text), "--no-tui"]);
    assert_eq!(output.status.code(), Some(2), "{name}: {}", errors(&output));
    errors(&output).split("error: ").skip(1).map(str::to_string).collect()
}

#[test]
fn a_wrong_choice_is_one_mistake_and_hides_no_other() {
    for (name, from, to, line, hint) in [
        (
            "objective",
            "objective.mean-teacher",
            "objective.banana",
            "c.toml:23: `stage.1.objective.banana`",
            "known here: ",
        ),
        ("alias", "objective.mean-teacher", "objective.vat", "c.toml:23", "did you mean `virtual-adversarial`?"),
        ("marks", "objective.mean-teacher", "objective.Mean_Teacher", "c.toml:23", "did you mean `mean-teacher`?"),
        (
            "encoder",
            "encoder.gru",
            "encoder.transformer",
            "c.toml:14: `model.classifier.encoder.transformer`",
            "known here: rnn",
        ),
        ("optimiser", "optimizer.adam", "optimizer.lion", "c.toml:24: `stage.1.optimizer.lion`", "known here: sgd"),
        (
            "model",
            "[model.classifier]",
            "[model.banana]",
            "c.toml:11: `model` must hold exactly one table",
            "remove all but one",
        ),
        (
            "word",
            "pooling = \"mean\"",
            "pooling = \"avarage\"",
            "`model.classifier.pooling` cannot be `avarage`",
            "known here: ",
        ),
    ] {
        // The second mistake stands behind the first.
        let found = mistakes(name, &[(from, to), ("warmup = 0.1", "warmup = 7.0")]);
        assert_eq!(found.len(), 2, "{name}: {found:?}");
        assert!(found[0].contains(line) && found[0].contains(hint), "{name}: {found:?}");
        assert!(found[1].contains("c.toml:28: `stage.1.schedule.cosine.warmup`"), "{name}: {found:?}");
    }
}

#[test]
fn keys_of_other_libraries_and_other_tables_get_the_line_that_is_right() {
    for (name, from, to, parts) in [
        ("lr-name", "lr = 1e-2", "learning_rate = 1e-2", vec!["c.toml:25", "did you mean `lr`?"]),
        (
            "lr-place",
            "batch_size = 6",
            "batch_size = 6\nlr = 1e-2",
            vec![
                "c.toml:23: `stage.1.lr`",
                "`lr` stands in `[stage.optimizer.adam]`: write that line below this stage, and `lr = …` after it",
            ],
        ),
        ("epochs", "epochs = 2", "num_epochs = 2", vec!["c.toml:17: `stage.0.num_epochs`", "did you mean `epochs`?"]),
        ("hidden", "hidden = 6\n[[stage]]", "hidden_size = 6\n[[stage]]", vec!["c.toml:15", "did you mean `hidden`?"]),
        ("labels", "size = 90", "size = 90\nper_class = 4", vec!["`data.per_class`", "`[data.labels]`"]),
        (
            "choice",
            "[stage.objective.mean-teacher]",
            "objective = \"mean-teacher\"",
            vec![
                "`stage.1.objective` names `mean-teacher`",
                "a choice is a table of its own: `[stage.objective.mean-teacher]`",
            ],
        ),
        ("type", "epochs = 2", "epochs = \"two\"", vec!["c.toml:17: `stage.0.epochs` has the wrong type"]),
    ] {
        let found = mistakes(name, &[(from, to)]);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(parts.iter().all(|part| found[0].contains(part)), "{name}: {found:?}");
    }
    let one_bracket = "name = \"t\"\n[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\n[stage]\nepochs = \
                       1\n[stage.objective.supervised]\n";
    let folder = folder("one-bracket");
    let output = semiseq(&folder, &["train", write_config(&folder, one_bracket)]);
    let message = errors(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains("c.toml:5: `stage` is one table") && message.contains("write `[[stage]]`"), "{message}");
    assert_eq!(message.matches("error:").count(), 1, "{message}");
}

#[test]
fn a_command_line_of_other_tools_gets_the_line_that_is_right() {
    let folder = folder("usage");
    std::fs::write(folder.join("mine.csv"), "a,b,label\n1,2,x\n3,4,y\n").expect("data");
    std::fs::write(folder.join("mine.csv.gz"), [0x1f, 0x8b, 8, 0, 0xff, 0]).expect("data");
    let config = write_config(&folder, SMALL);
    for (arguments, part) in [
        (vec!["train", "mine.csv"], "`semiseq new mine.csv --output mine.toml` writes a config for this data"),
        (vec!["train", "mine.csv.gz"], "`semiseq new mine.csv.gz --output mine.toml` writes a config for this data"),
        (vec!["train", "cbf"], "`semiseq new cbf --output mine.toml` writes a config for this data"),
        (vec!["train", "."], "`semiseq new . --output mine.toml` writes a config for this data"),
        (vec!["train", config, "--epochs", "5"], "`--set stage.0.epochs=5`"),
        (vec!["train", config, "--learning_rate=1e-3"], "`--set stage.0.optimizer.adam.lr=1e-3`"),
        (vec!["train", config, "--seed", "7"], "`--set seed=7`"),
        (vec!["train", config, "--gpu"], "here this is `--backend cuda`"),
        (
            vec!["predict", "run", "mine.csv", "--output", "x.parquet"],
            "x.parquet: the name must end in `.csv` or `.jsonl`",
        ),
        (vec!["anomaly", "run", "mine.csv", "--output", "x.npy"], "x.npy: the name must end in `.csv`"),
    ] {
        let output = semiseq(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(part), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn a_key_without_effect_is_refused() {
    for (name, from, to, part) in [
        (
            "tokenize",
            "resample = 16",
            "resample = 16\ntokenize = \"character\"",
            "`data.transform.tokenize` is for text, and",
        ),
        ("vocabulary", "resample = 16", "resample = 16\nvocabulary = 50", "`data.transform.vocabulary` is for text"),
        ("column", "size = 90", "size = 90\ntext = \"words\"", "`data.text` is for files, and has no effect on `cbf`"),
        ("id", "size = 90", "size = 90\nid = \"who\"", "`data.id` is for files, and has no effect on `cbf`"),
        ("bytes", "size = 90", "size = 90\nmax_bytes = 900", "`data.max_bytes` is for files, and has no effect on"),
        (
            "embedding",
            "dropout = 0.2",
            "dropout = 0.2\nembedding = { size = 8 }",
            "`model.classifier.embedding` is for text",
        ),
    ] {
        refused(name, (from, to), &[part]);
    }
    let folder = folder("no-effect");
    std::fs::write(folder.join("t.csv"), "text,label\ngood,a\nbad,b\n".repeat(9)).expect("data");
    let text = SMALL.replace("source = \"cbf\"", "source = \"t.csv\"");
    let output = semiseq(&folder, &["train", write_config(&folder, &text)]);
    assert!(errors(&output).contains("`data.size` is for sets made by formula"), "{}", errors(&output));
    let output = semiseq(&folder, &["train", write_config(&folder, &text.replace("size = 90\n", ""))]);
    assert!(errors(&output).contains("`data.transform.normalize` is for series, and"), "{}", errors(&output));
}

#[test]
fn huge_numbers_deep_values_and_circles_are_clear_errors() {
    for (name, from, to, part) in [
        (
            "hidden",
            "hidden = 6\n[[stage]]",
            "hidden = 9223372036854775807\n[[stage]]",
            "encoder.gru.hidden` must be at most 16384",
        ),
        (
            "weights",
            "hidden = 6\n[[stage]]",
            "hidden = 16000\nlayers = 4\n[[stage]]",
            "`model.classifier.encoder.gru` asks for",
        ),
        (
            "layers",
            "hidden = 6\n[[stage]]",
            "layers = 1000000000000\n[[stage]]",
            "encoder.gru.layers` must be at most 256",
        ),
        ("epochs", "epochs = 2", "epochs = 9223372036854775807", "`stage.0.epochs` must be at most 1000000000"),
        ("batch", "batch_size = 6", "batch_size = 9223372036854775807", "`stage.1.batch_size` must be at most 1000000"),
        ("size", "size = 90", "size = 9223372036854775807", "`data.size` must be at most 1000000"),
        ("resample", "resample = 16", "resample = 1000000000", "`data.transform.resample` must be at most 1000000"),
        (
            "decoder",
            "autoencoder]\nhidden = 6",
            "autoencoder]\nhidden = 10000000000",
            "objective.autoencoder.hidden` must be at most",
        ),
        ("infinite", "lr = 1e-2", "lr = inf", "adam.lr` must be above 0, got inf"),
        (
            "device",
            "name = \"small\"",
            "name = \"small\"\ndevices = [9223372036854775807]",
            "`devices.0` must be at most 1024",
        ),
    ] {
        refused(name, (from, to), &[part]);
    }
    let folder = folder("deep");
    let deep = format!("x = {}{}\n", "[".repeat(60_000), "]".repeat(60_000));
    let dotted = format!("{}x = 1\n", "a.".repeat(60_000));
    let table = format!("[{}x]\n", "a.".repeat(60_000));
    for (name, text) in [("deep.toml", deep), ("dotted.toml", dotted), ("table.toml", table)] {
        std::fs::write(folder.join(name), text).expect("a config");
        let output = semiseq(&folder, &["train", name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", errors(&output));
        assert!(errors(&output).starts_with(&format!("error: {name}:1")), "{name}: {}", errors(&output));
    }
    let config = write_config(&folder, SMALL);
    let output = semiseq(&folder, &["train", config, "--set", &format!("{}x=1", "a.".repeat(30_000))]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("tables deep") && errors(&output).len() < 3_000, "{}", errors(&output));

    std::fs::create_dir_all(folder.join("in")).expect("a folder");
    std::fs::write(folder.join("circle.toml"), "extends = \"in/../circle.toml\"\n").expect("a config");
    let output = semiseq(&folder, &["train", "circle.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("`extends` leads back to this file"), "{}", errors(&output));
}

/// A key that the data show to be wrong is told with its line, too.
#[test]
fn what_only_the_data_tell_has_its_line() {
    let folder = folder("located");
    let line = SMALL.lines().find(|line| line.starts_with("valid")).expect("a line");
    let text = SMALL.replacen(line, "validation = 0.99", 1);
    let config = write_config(&folder, &text);
    let line = 1 + text.lines().position(|line| line == "validation = 0.99").expect("the line");
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    let message = errors(&output);
    let begin = format!("error: {config}:{line}: `data.validation` is 0.99 and keeps ");
    assert!(message.starts_with(&begin) && message.contains("such as `validation = 0.2`"), "{message}");
    let layers = text.replace("validation = 0.99", "").replacen("[[stage]]", "[[stage]]\nlayers.embedding = {}", 1);
    let config = write_config(&folder, &layers);
    let line = 1 + layers.lines().position(|line| line.starts_with("layers.")).expect("the line");
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    let begin = format!("error: {config}:{line}: `stage.0.layers.embedding` has no effect: the model reads values");
    assert!(errors(&output).contains(&begin), "{}", errors(&output));
}

/// A pipe that nobody writes to is waited for no longer than a few seconds.
#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_is_refused_by_name() {
    let folder = folder("pipe");
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().expect("mkfifo").success());
    let config = write_config(&folder, SMALL);
    std::fs::write(folder.join("above.toml"), "seed = 1\nextends = \"pipe\"\n").expect("a config");
    let nobody = "it is a pipe that no program writes to, and no file";
    for (arguments, begin) in [
        (&["train", "pipe"][..], "error: pipe: cannot be read: "),
        (&["train", "above.toml"], "error: above.toml:2: `extends` names `pipe`, which cannot be read: "),
        (&["train", config, "--set", "data.source=./pipe"], "pipe: "),
        (&["compare", "pipe"], "error: pipe: cannot be read: "),
        (&["data", "info", "pipe"], "error: pipe: "),
    ] {
        let output = semiseq(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        let message = errors(&output);
        assert!(message.contains(begin) && message.contains(nobody), "{arguments:?}: {message}");
    }
    let output = semiseq(&folder, &["import", "pipe"]);
    assert!(errors(&output).contains("pipe: a pipe or a device, and no file of weights"), "{}", errors(&output));
}

/// A megabyte that would unpack to a hundred: refused by what it says of itself, before it is unpacked.
#[test]
fn a_packed_file_is_read_as_far_as_is_allowed() {
    let folder = folder("packed");
    let mut file = std::fs::File::create(folder.join("a.csv.gz")).expect("a file");
    // A packed file of stored blocks, made by hand: 1,000 rows, and at its end the number of their bytes.
    let rows = b"0.5,x\n0.7,y\n".repeat(500);
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    bytes.extend((rows.len() as u16).to_le_bytes());
    bytes.extend((!(rows.len() as u16)).to_le_bytes());
    bytes.extend(&rows);
    bytes.extend([0; 4]);
    bytes.extend((rows.len() as u32).to_le_bytes());
    std::io::Write::write_all(&mut file, &bytes).expect("data");
    let output = semiseq(&folder, &["data", "info", "a.csv.gz", "--max-bytes", "5999"]);
    assert_eq!(output.status.code(), Some(2));
    let message = errors(&output);
    assert!(message.contains("a.csv.gz: more than is read of one file: it holds 6000 bytes"), "{message}");
    assert!(message.contains("`--max-bytes`"), "{message}");
    let config = SMALL.replace("source = \"cbf\"\nsize = 90", "source = \"a.csv.gz\"\nmax_bytes = 5999");
    let output = semiseq(&folder, &["train", write_config(&folder, &config)]);
    assert!(errors(&output).contains("it holds 6000 bytes"), "{}", errors(&output));
}

#[test]
fn a_huge_cell_is_named_and_not_printed() {
    let folder = folder("cell");
    let cell = "9x".repeat(1_500_000);
    std::fs::write(folder.join("a.csv"), format!("a,b,label\n1,2,x\n1,{cell},y\n3,4,x\n5,6,y\n")).expect("data");
    let output = semiseq(&folder, &["data", "check", "a.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let message = errors(&output);
    assert!(message.contains("a.csv:3: column `b`: `9x9x") && message.len() < 2_000, "{} bytes", message.len());
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
    refused(
        "two-weights",
        ("[stage.objective.mean-teacher]", "[stage.objective.mean-teacher.supervised]\nclass_weights = [1.0, 2.0]"),
        &[
            "`stage.1.objective.mean-teacher.supervised.class_weights` holds 2 weights; cbf has 3 classes",
            "cylinder, bell, funnel",
        ],
    );
    refused(
        "nothing-to-compare",
        ("[stage.objective.mean-teacher]", "[stage.objective.vae]"),
        &[
            "`baseline` trains the model on the labels alone, and no stage of this run reads any",
            "leave `[baseline]` out",
        ],
    );
}

#[test]
fn bad_files_are_refused_whole() {
    let cases: [(&str, &[u8], &[&str]); 6] = [
        ("empty.csv", b"", &["empty.csv: the file is empty"]),
        ("single.csv", b"a,b,label\n1,2,x\n2,3,x\n3,4,x\n4,5,x\n", &["a single class, `x`"]),
        ("ragged.csv", b"a,b,label\n1,2,x\n1,y\n", &["ragged.csv:3: 2 columns"]),
        ("nan.csv", b"a,b,label\nNA,NaN,x\n1,2,y\n", &["nan.csv:2: no column holds a value"]),
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
    let config = write_config(&folder, &SMALL.replace("[data]\nsource = \"cbf\"\nsize = 90\nvalidation = 0.2\n", data));
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
