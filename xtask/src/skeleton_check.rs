//! The skeletons of `cargo xtask new`, all in one copy of the workspace, through clippy: what a newcomer starts from
//! compiles, its tests too, and its lines stand where the lists want them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, skeleton};

/// Checks them; cargo's status, or 1 where the copy cannot be made.
pub fn check() -> u8 {
    let root = cargo::root();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let copy = target.join("skeletons");
    if let Err(message) = make(&root, &copy) {
        cargo::tell(&format!("error: no copy for the skeletons: {message}"));
        return 1;
    }
    // The same features as of the lint, so that what is below our crates is checked already.
    let features = cargo::features(Some("flex,ndarray"));
    let arguments = ["clippy", "--release", "--workspace", "--all-targets", "--features", &features];
    cargo::tell(&format!("+ cargo {}, with a skeleton of each kind", arguments.join(" ")));
    let mut clippy = Command::new(env!("CARGO"));
    clippy.args(arguments).args(["--", "-D", "warnings"]).current_dir(&copy).env("CARGO_TARGET_DIR", &target);
    cargo::run(&mut clippy)
}

/// A copy of what git knows, with a skeleton of each kind.
fn make(root: &Path, copy: &Path) -> Result<(), String> {
    let listed = Command::new("git").args(["ls-files", "-z", "--cached"]).current_dir(root).output();
    let listed = listed.map_err(|error| format!("git: {error}"))?.stdout;
    if copy.exists() {
        fs::remove_dir_all(copy).map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    for name in String::from_utf8_lossy(&listed).split_terminator('\0') {
        let (from, to) = (root.join(name), copy.join(name));
        let copied = fs::create_dir_all(to.parent().unwrap_or(copy)).and_then(|()| fs::copy(&from, &to));
        copied.map_err(|error| format!("{name}: {error}"))?;
    }
    // Under another version, since cargo would take what it builds here for the workspace's own.
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let version = text.lines().find(|line| line.starts_with("version = ")).ok_or("Cargo.toml names no version")?;
    let other = text.replacen(version, "version = \"0.1.999\"", 1);
    fs::write(&manifest, other).map_err(|error| format!("{}: {error}", manifest.display()))?;
    skeleton::kinds().into_iter().try_for_each(|kind| skeleton::write(copy, kind, "found-nowhere"))
}
