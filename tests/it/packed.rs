//! More than memory holds: what is packed trains as what is in memory, to the last bit.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};
use serde_json::Value;

const CONFIG: &str = "name = 'packed'\n[data]\nsource = 'set.csv'\nvalidation = 0.2\npacked = 'cache'\n\
    [data.labels]\nper_class = 5\n\
    [model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nepochs = 2\nbatch_size = 4\nunlabeled_ratio = 2\n\
    [stage.objective.mean-teacher]\n[baseline]\nenabled = false\n";

fn series() -> String {
    let names: Vec<String> = (0..8).map(|step| format!("t{step}")).collect();
    let row = |row: usize| {
        let values: Vec<String> =
            (0..8).map(|step| format!("{:.3}", ((row * 5 + step * 3) % 17) as f32 / 3.0)).collect();
        format!("{},{}\n", values.join(","), ["up", "down"][row % 2])
    };
    format!("{},label\n{}", names.join(","), (0..160).map(row).collect::<String>())
}

/// What a run made: its weights, and its lines without what time does to them.
fn made(run: &Path) -> (Vec<u8>, Vec<Value>) {
    let lines = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        line.as_object_mut().expect("an object").retain(|key, _| !key.contains("second"));
        line
    };
    (std::fs::read(run.join("model.safetensors")).expect("weights"), lines.lines().map(line).collect())
}

#[test]
fn packed_data_train_the_same_weights_and_a_changed_byte_is_refused() {
    let folder = folder("packed");
    std::fs::write(folder.join("set.csv"), series()).expect("the data");
    let config = write_config(&folder, CONFIG);
    let train = |out: &str, more: &[&str]| {
        let output = semiseq(&folder, &[&["train", config, "--no-tui", "--out", out], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
        made(&folder.join(out))
    };
    let memory = train("memory", &["--set", "data.packed=false"]);
    let packed = semiseq(&folder, &["data", "pack", config]);
    let told = String::from_utf8_lossy(&packed.stdout).into_owned();
    assert!(packed.status.success() && told.starts_with("train: 102 sequences, "), "{told}{}", errors(&packed));
    assert_eq!(train("packed", &[]), memory);

    for part in ["train", "valid", "test"] {
        let file = std::fs::read_dir(folder.join("cache")).expect("a cache").flatten().map(|entry| entry.path());
        let file = file.map(|folder| folder.join(part)).find(|path| path.exists()).expect("a packed file");
        let whole = std::fs::read(&file).expect("bytes");
        let mut changed = whole.clone();
        changed[60] ^= 1;
        std::fs::write(&file, &changed).expect("a changed byte");
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "changed"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        assert!(errors(&output).contains(&format!("{part}: row ")), "{}", errors(&output));
        std::fs::write(&file, &whole).expect("as it was");
    }
    // A report, a prediction and a score ask for no more than what a run in memory does.
    for arguments in [&["report", "packed"][..], &["eval", "packed"], &["predict", "packed", "set.csv"]] {
        let output = semiseq(&folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn what_cannot_be_packed_is_told() {
    let folder = folder("unpacked");
    let config = write_config(&folder, &CONFIG.replace("set.csv", "cbf"));
    let output = semiseq(&folder, &["data", "pack", config]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("made by formula"), "{}", errors(&output));
    let wrong = write_config(&folder, &CONFIG.replace("'cache'", "3"));
    let output = semiseq(&folder, &["train", wrong, "--no-tui"]);
    assert!(errors(&output).contains("expected true, false or a folder"), "{}", errors(&output));
}
