//! House rules: who may use whom, and that every config is in the README.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// A crate and what it must never depend on.
const NEVER: [(&str, &[&str]); 5] = [
    (
        "semiseq-kernels",
        &["semiseq-models", "semiseq-datasets", "semiseq-training", "semiseq", "serde", "clap", "toml"],
    ),
    ("semiseq-models", &["semiseq-datasets", "semiseq-training", "semiseq", "toml", "clap"]),
    ("semiseq-datasets", &["burn", "semiseq-models", "semiseq-kernels", "semiseq-training", "semiseq", "clap"]),
    ("semiseq-training", &["semiseq-kernels", "semiseq", "clap"]),
    ("xtask", &["burn", "semiseq-models", "semiseq-datasets", "semiseq-kernels", "semiseq-training", "semiseq"]),
];

#[test]
fn no_crate_uses_what_it_must_not() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    for (name, never) in NEVER {
        let package =
            packages.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("{name} is gone"));
        let used: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .collect();
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
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README");
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("configs")).expect("configs").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        semiseq::training::config::read(&entry.path(), &[]).unwrap_or_else(|error| panic!("{error}"));
        assert!(readme.contains(&format!("configs/{name}")), "{name} is not in the README");
        count += 1;
    }
    assert_eq!(count, 6, "a config was added or lost: update this number and the README's table");
}
