//! What the program says of itself: `config`, `objectives`, `models`, `augmentations`.

use serde_json::Value;

use crate::common::{errors, folder, semiseq};

fn said(arguments: &[&str]) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = semiseq(root, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_reference_in_docs_is_what_the_program_says() {
    for (file, arguments) in [
        ("docs/config.md", &["config", "keys", "--markdown"][..]),
        ("docs/config.schema.json", &["config", "schema"][..]),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let kept = std::fs::read_to_string(path).expect("the page").replace("\r\n", "\n");
        let command = arguments.join(" ");
        assert!(kept == said(arguments), "{file} is old: `cargo xtask semiseq {command} > {file}` makes it anew");
    }
}

#[test]
fn every_name_has_a_page_of_its_own() {
    for (command, title) in [("objectives", "objectives"), ("models", "encoders"), ("augmentations", "augmentations")] {
        let list: Value = serde_json::from_str(&said(&[command, "--json"])).expect("JSON");
        let names = list[title].as_array().expect("names");
        assert!(names.len() > 9, "{command}");
        let plain = said(&[command]);
        for name in names.iter().step_by(5) {
            let (name, summary) = (name["name"].as_str().expect("a name"), name["summary"].as_str().expect("a line"));
            assert!(plain.contains(name) && plain.contains(summary), "{command} {name}");
            let page: Value = serde_json::from_str(&said(&[command, name, "--json"])).expect("JSON");
            // Only a method without a setting has none.
            let tables = page["tables"].as_array().expect("tables");
            assert!(!tables.is_empty() || name == "language-model", "{command} {name}");
        }
    }
    let page = said(&["objectives", "fixmatch"]);
    assert!(page.contains("(eq. 4)") && page.contains("threshold = 0.95"), "{page}");
}

#[test]
fn a_config_in_full_trains_to_the_same_config() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let full = said(&["config", "show", "configs/quickstart.toml", "--set", "seed=3"]);
    let read = |text: &str| semiseq::prelude::RunConfig::parse("quickstart.toml", text, &[]).expect("a config");
    assert_eq!(read(&full).seed, 3);
    let original = semiseq::prelude::RunConfig::read_with(root.join("configs/quickstart.toml"), &["seed=3".into()])
        .expect("a config");
    assert_eq!(read(&full), original);
}

#[test]
fn a_name_that_is_none_is_answered_with_the_nearest() {
    let folder = folder("reference-names");
    for (arguments, hint) in [
        (&["config", "keys", "stage.batchsize"][..], "did you mean `batch_size`?"),
        (&["config", "keys", "nothing-like-it"], "lists all of them"),
        (&["objectives", "fixmach"], "did you mean `fixmatch`?"),
        (&["objectives", "VAT"], "did you mean `virtual-adversarial`?"),
        (&["models", "CNN"], "did you mean `convolutional`?"),
        (&["models", "transformer"], "known: "),
        (&["augmentations", "jiter"], "did you mean `jitter`?"),
        (&["config", "show", "missing.toml"], "missing.toml: cannot be read"),
    ] {
        let output = semiseq(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(hint), "{arguments:?}: {}", errors(&output));
    }
}

#[test]
fn the_program_says_what_it_is_and_what_it_runs_on() {
    let version = said(&["--version"]);
    assert!(version.starts_with(concat!("semiseq ", env!("CARGO_PKG_VERSION"))), "{version}");
    assert!(version.contains("\nbackends: flex") && version.contains("\nprocessor: "), "{version}");
    assert_eq!(said(&["-V"]).trim(), concat!("semiseq ", env!("CARGO_PKG_VERSION")));

    let devices: Value = serde_json::from_str(&said(&["devices", "--json"])).expect("JSON");
    let backends = devices["backends"].as_array().expect("backends");
    assert_eq!(backends.len(), 4);
    let flex = backends.iter().find(|backend| backend["backend"] == "flex").expect("flex");
    assert_eq!(flex["devices"].as_array().map(Vec::len), Some(1), "{flex}");

    let manual = said(&["man"]);
    for command in ["TRAIN", "DATA INFO", "CONFIG KEYS"] {
        assert!(manual.contains(&format!(".SH \"SEMISEQ {command}\"")), "{command}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(said(&["completions", shell]).contains("augmentations"), "{shell}");
    }
}

#[test]
fn messages_name_the_program_as_it_was_called() {
    let hint = |called: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_semiseq"));
        called.map(|name| command.env("SEMISEQ_CALLED_AS", name));
        errors(&command.args(["config", "keys", "nothing-like-it"]).output().expect("the program"))
    };
    assert!(hint(None).contains("`semiseq config keys` lists"), "{}", hint(None));
    let xtask = hint(Some("cargo xtask"));
    assert!(xtask.contains("`cargo xtask config keys` lists"), "{xtask}");
}
