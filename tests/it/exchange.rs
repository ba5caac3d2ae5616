//! `export` and `import`: weights for other programs and from them.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/exchange/tests/fixtures").join(name);
    path.display().to_string()
}

/// Trains a moment, and gives the run's folder.
fn train(folder: &Path, name: &str, model: &str) -> String {
    let text = format!(
        "name = \"{name}\"\n[data]\nsource = \"cbf\"\nsize = 60\n[data.labels]\nper_class = 4\n\
         [data.transform]\nresample = 16\n{model}[references]\nenabled = false\n\
         [baseline]\nenabled = false\n[[stage]]\nsteps = 2\n\
         [stage.objective.supervised]\n"
    );
    let output = semiseq(folder, &["train", write_config(folder, &text), "--no-tui", "--out", name]);
    assert!(output.status.success(), "{}", errors(&output));
    name.to_string()
}

#[test]
fn a_model_goes_out_in_every_format() {
    let folder = folder("export");
    let run = train(
        &folder,
        "mine",
        "[model.classifier]\npooling = \"attention\"\n[model.classifier.encoder.lstm]\nhidden = 5\n\
         bidirectional = true\n",
    );
    for (format, file) in
        [("safetensors", "mine.safetensors"), ("pytorch", "mine.pt"), ("onnx", "mine.onnx"), ("burnpack", "mine.bpk")]
    {
        let output = semiseq(&folder, &["export", &run, "--format", format]);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", errors(&output));
        assert!(errors(&output).contains(file), "{}", errors(&output));
        let bytes = std::fs::read(folder.join(file)).expect("a file");
        let holds = |needle: &str| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
        // Labels and preprocessing go with the weights.
        assert!(holds("preprocessing") && holds("cylinder"), "{file}");
    }
    let module = std::fs::read_to_string(folder.join("mine.py")).expect("a module");
    assert!(module.contains("load(path=\"mine.pt\")") && !module.contains("weights.pt"));

    // Both files begin another run with the same weights.
    for file in ["mine.safetensors", "mine.pt"] {
        let text = format!(
            "name = \"again\"\n[data]\nsource = \"cbf\"\nsize = 60\n[data.transform]\nresample = 16\n\
             [model]\nweights = \"{file}\"\nweights_part = \"all\"\n[model.classifier]\npooling = \"attention\"\n\
             [model.classifier.encoder.lstm]\nhidden = 5\nbidirectional = true\n[references]\nenabled = \
             false\n[baseline]\nenabled = false\n[[stage]]\nsteps = 1\n[stage.objective.supervised]\n\
             [stage.optimizer.sgd]\nlr = 1e-12\n"
        );
        let config = write_config(&folder, &text);
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "again", "--force"]);
        assert!(errors(&output).contains("the weights of 13 tensors"), "{file}: {}", errors(&output));
        let vectors = |run: &str| {
            let output = semiseq(&folder, &["embed", run, "cbf", "--output", "v.csv"]);
            assert!(output.status.success(), "{}", errors(&output));
            std::fs::read_to_string(folder.join("v.csv")).expect("vectors")
        };
        assert_eq!(vectors("again"), vectors("mine"), "{file}");
    }
}

#[test]
fn what_cannot_go_out_is_refused_by_name() {
    let folder = folder("export-refused");
    let run = train(&folder, "scan", "[model.classifier.encoder.min-gru]\nhidden = 4\n");
    for format in ["onnx", "pytorch"] {
        let output = semiseq(&folder, &["export", &run, "--format", format]);
        assert_eq!(output.status.code(), Some(2));
        let told = errors(&output);
        assert!(told.contains("`encoder.min-gru`") && told.contains("--format safetensors"), "{told}");
    }
    let output = semiseq(&folder, &["export", &run, "--format", "safetensors"]);
    assert!(output.status.success(), "{}", errors(&output));
    let output = semiseq(&folder, &["export", &run, "--format", "onnx", "--output", "mine.pt"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("must end in `.onnx`"), "{}", errors(&output));
}

#[test]
fn weights_of_pytorch_come_in() {
    let folder = folder("import");
    let output = semiseq(&folder, &["import", &fixture("lstm.pt"), "--output", "lstm.safetensors"]);
    assert!(output.status.success(), "{}", errors(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "[model.classifier.encoder.lstm]",
        "hidden = 4",
        "layers = 2",
        "bidirectional = true",
        "weights_part = \"all\"",
    ] {
        assert!(table.contains(line), "{table}");
    }
    // What is printed is a config's table.
    let rows: String = (0..12).map(|row| format!("{} {},{}\n", row % 6, row % 5, row % 2)).collect();
    std::fs::write(folder.join("few.csv"), format!("text,label\n{rows}")).expect("data");
    let text = format!(
        "name = \"in\"\n[data]\nsource = \"few.csv\"\n{table}\n[references]\nenabled = false\n[baseline]\nenabled = \
         false\n[[stage]]\nsteps = 1\n[stage.objective.supervised]\n"
    );
    let output = semiseq(&folder, &["train", write_config(&folder, &text), "--no-tui", "--out", "in"]);
    assert!(output.status.success() && errors(&output).contains("the weights of"), "{}", errors(&output));

    let output = semiseq(&folder, &["import", &fixture("evil.pt"), "--output", "evil.safetensors"]);
    let told = errors(&output);
    assert!(output.status.code() == Some(2) && told.contains("`posix.system`"), "{told}");
    assert!(!folder.join("evil.safetensors").exists());
    let output = semiseq(&folder, &["import", "lstm.safetensors", "--output", "more.safetensors"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("names already"), "{}", errors(&output));
    std::fs::write(folder.join("none.pt"), "no weights").expect("a file");
    let output = semiseq(&folder, &["import", "none.pt"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("none.pt: "), "{}", errors(&output));
}

#[test]
fn weights_of_keras_come_in() {
    let folder = folder("import-keras");
    std::fs::copy(fixture("gru-before.keras"), folder.join("gru.keras")).expect("a file");
    std::fs::copy(fixture("gru-mean.weights.h5"), folder.join("mean.weights.h5")).expect("a file");
    let output = semiseq(&folder, &["import", "mean.weights.h5"]);
    assert!(output.status.success() && folder.join("mean.safetensors").exists(), "{}", errors(&output));
    let output = semiseq(&folder, &["import", "gru.keras"]);
    assert!(output.status.success(), "{}", errors(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in ["[model.classifier.encoder.gru]", "hidden = 3", "bidirectional = true", "reset = \"before\""] {
        assert!(table.contains(line), "{table}");
    }
    // What is printed is a config's table.
    let rows: String = (0..12).map(|row| format!("{row},0,{row}.5,{}\n", ["a", "b"][row % 2])).collect();
    std::fs::write(folder.join("few.csv"), format!("x,y,z,label\n{rows}")).expect("data");
    let text = format!(
        "name = \"in\"\n[data]\nsource = \"few.csv\"\n{}\n[references]\nenabled = false\n[baseline]\nenabled = \
         false\n[[stage]]\nsteps = 1\n[stage.objective.supervised]\n",
        table.replace("weights_part = \"all\"", "weights_part = \"body\"")
    );
    let output = semiseq(&folder, &["train", write_config(&folder, &text), "--no-tui", "--out", "in"]);
    assert!(output.status.success() && errors(&output).contains("the weights of"), "{}", errors(&output));

    let output = semiseq(&folder, &["import", &fixture("film.weights.h5"), "--output", "film.safetensors"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("`layers/conv_lstm2d`"), "{}", errors(&output));
}
