//! House rules: who may use whom, and that every config is in the README.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// A crate and those of our own that it may use; every other edge of the workspace is a mistake.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("semiseq-schema", &[]),
    ("semiseq-kernels", &[]),
    ("semiseq-models", &["semiseq-schema", "semiseq-kernels"]),
    ("semiseq-audio", &["semiseq-schema"]),
    ("semiseq-files", &[]),
    ("semiseq-datasets", &["semiseq-schema", "semiseq-audio", "semiseq-files"]),
    ("semiseq-analysis", &[]),
    ("semiseq-exchange", &["semiseq-kernels", "semiseq-models"]),
    ("semiseq-objectives", &["semiseq-schema", "semiseq-models", "semiseq-datasets"]),
    (
        "semiseq-training",
        &[
            "semiseq-schema",
            "semiseq-models",
            "semiseq-exchange",
            "semiseq-datasets",
            "semiseq-objectives",
            "semiseq-analysis",
        ],
    ),
    ("semiseq-report", &["semiseq-schema", "semiseq-datasets", "semiseq-analysis", "semiseq-training"]),
    (
        "semiseq",
        &[
            "semiseq-schema",
            "semiseq-kernels",
            "semiseq-models",
            "semiseq-exchange",
            "semiseq-datasets",
            "semiseq-objectives",
            "semiseq-analysis",
            "semiseq-training",
            "semiseq-report",
        ],
    ),
    ("own-encoder-and-objective", &["semiseq"]),
    ("xtask", &[]),
];

/// A crate and what else it must never depend on.
const NEVER: [(&str, &[&str]); 12] = [
    ("semiseq-schema", &["burn", "clap", "toml"]),
    ("semiseq-kernels", &["serde", "clap", "toml"]),
    ("semiseq-models", &["toml", "clap"]),
    ("semiseq-audio", &["burn", "clap", "toml"]),
    ("semiseq-files", &["burn", "clap", "toml"]),
    ("semiseq-datasets", &["burn", "clap"]),
    ("semiseq-analysis", &["burn", "serde", "clap"]),
    ("semiseq-exchange", &["burn", "toml", "clap"]),
    ("semiseq-objectives", &["clap"]),
    ("semiseq-training", &["clap"]),
    ("semiseq-report", &["burn", "clap"]),
    ("xtask", &["burn"]),
];

/// The packages of the workspace, as cargo sees them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

fn package<'a>(packages: &'a [Value], name: &str) -> &'a Value {
    packages.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("{name} is gone"))
}

/// What a package uses; tests and benchmarks may use more, edges of our own crates excepted.
fn used(package: &Value, also_in_tests: bool) -> BTreeSet<&str> {
    let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
    dependencies
        .filter(|dependency| also_in_tests || dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str())
        .collect()
}

#[test]
fn every_edge_of_the_workspace_is_in_the_table() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    assert_eq!(ours, MAY_USE.iter().map(|(name, _)| *name).collect(), "a crate came or went: update the table");
    for (name, may) in MAY_USE {
        for edge in used(package(&packages, name), true).intersection(&ours) {
            assert!(may.contains(edge) || *edge == name, "{name} must not use {edge}");
        }
    }
}

#[test]
fn no_crate_uses_what_it_must_not() {
    let packages = packages();
    for (name, never) in NEVER {
        let package = package(&packages, name);
        let used = used(package, false);
        for forbidden in never {
            assert!(!used.contains(forbidden), "{name} must not use {forbidden}");
        }
        // Backend features stand in the root and in kernels only.
        let backends = package["features"]
            .as_object()
            .expect("features")
            .keys()
            .any(|feature| ["wgpu", "cuda", "ndarray"].contains(&feature.as_str()));
        assert_eq!(backends, name == "semiseq-kernels", "{name}");
    }
}

#[test]
fn every_config_reads_and_is_in_the_readme() {
    let root = std::path::Path::new(".");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README");
    let mut count = 0;
    let entries = std::fs::read_dir(root.join("configs")).expect("configs").flatten();
    for entry in entries.filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        semiseq::prelude::RunConfig::read(entry.path()).unwrap_or_else(|error| panic!("{error}"));
        assert!(readme.contains(&format!("configs/{name}")), "{name} is not in the README");
        count += 1;
    }
    assert_eq!(count, 21, "a config was added or lost: update this number and the README's table");
}

/// Public types by name, and the files of the library crates that have one.
fn public_types(folder: &std::path::Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            public_types(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            // A type of the tests of a file, or one that an item holds, is nobody's beyond it.
            for line in text.lines().filter_map(|line| line.strip_prefix("pub ")) {
                let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                if ["struct", "enum", "trait", "type"].contains(&words.next().unwrap_or_default()) {
                    let name = words.next().unwrap_or_default().to_owned();
                    found.entry(name).or_default().insert(path.display().to_string());
                }
            }
        }
    }
}

#[test]
fn no_public_type_has_the_name_of_another() {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("crates").expect("crates").flatten() {
        public_types(&entry.path().join("src"), &mut found);
    }
    assert!(found.len() > 300, "{} types: the sources are elsewhere", found.len());
    let twice: Vec<_> = found.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "one of them needs another name: {twice:#?}");
}
