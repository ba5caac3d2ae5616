//! Which backend a command line asks for.

use std::fs;
use std::path::{Path, PathBuf};

/// Backends that are cargo features.
pub const BACKENDS: [&str; 4] = ["flex", "ndarray", "wgpu", "cuda"];

/// Flags whose value may be a path that is neither the config nor the run.
const PATH_FLAGS: [&str; 6] = ["--data", "--gather", "--out", "--output", "--space", "--set"];

/// The backends that the arguments of `semiseq` ask for, as cargo lists features: `--backend`, `--set backend=`, the
/// config's or the run's, and those that its `devices` name. What is wrong with any of them, `semiseq` itself will say.
pub fn wanted(arguments: &[String]) -> String {
    let in_files = |key: &str| positional(arguments).find_map(|path| in_file(Path::new(path), key, 0));
    let backend = flag(arguments, "--backend")
        .or_else(|| override_of(arguments, "backend").map(|value| value.trim_matches(['"', '\'']).to_string()))
        .or_else(|| in_files("backend").and_then(|value| value.as_str().map(str::to_string)));
    let devices = override_of(arguments, "devices")
        .and_then(|value| Some(format!("devices = {value}").parse::<toml::Table>().ok()?["devices"].clone()))
        .or_else(|| in_files("devices"));
    let devices = devices.as_ref().and_then(|devices| devices.as_array()).map_or(&[][..], Vec::as_slice);
    let named = devices.iter().filter_map(|device| device.as_str()?.split(':').next().map(str::to_string));
    // A device that is a number is one of `backend`.
    let own = backend.filter(|_| devices.is_empty() || devices.iter().any(|device| !device.is_str()));
    let mut wanted: Vec<String> =
        own.into_iter().chain(named).filter(|name| BACKENDS.contains(&name.as_str())).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.len() > 1 {
        // It is in every build.
        wanted.retain(|name| name != "flex");
    }
    if wanted.is_empty() { "flex".into() } else { wanted.join(",") }
}

fn flag(arguments: &[String], name: &str) -> Option<String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == name {
            return arguments.next().cloned();
        }
        if let Some(value) = argument.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_string());
        }
    }
    None
}

/// The last `--set KEY=`, as `semiseq` applies overrides in their order.
fn override_of(arguments: &[String], key: &str) -> Option<String> {
    arguments.iter().rev().find_map(|argument| {
        let text = argument.strip_prefix("--set=").unwrap_or(argument);
        let (known, value) = text.split_once('=')?;
        (known.trim() == key).then(|| value.trim().to_string())
    })
}

/// Everything that is neither a flag nor a flag's path: the command's words, then its config or run folder.
fn positional(arguments: &[String]) -> impl Iterator<Item = &String> {
    let before = std::iter::once(None).chain(arguments.iter().map(Some));
    before.zip(arguments).filter_map(|(before, argument)| {
        let is_value = before.is_some_and(|flag| PATH_FLAGS.contains(&flag.as_str()));
        (!is_value && !argument.starts_with('-')).then_some(argument)
    })
}

/// A key of a config, of a run folder's config, of what the config extends, or of a grid's base.
fn in_file(path: &Path, key: &str, depth: usize) -> Option<toml::Value> {
    const DEEPEST: usize = 10;
    let path = if path.is_dir() { path.join("config.toml") } else { path.to_path_buf() };
    let table: toml::Table = fs::read_to_string(&path).ok()?.parse().ok()?;
    if let Some(value) = table.get(key) {
        return Some(value.clone());
    }
    let base: PathBuf = path.parent()?.join(table.get("extends").or_else(|| table.get("base"))?.as_str()?);
    if depth < DEEPEST { in_file(&base, key, depth + 1) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn the_command_line_wins_over_the_config() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("base.toml"), "backend = \"ndarray\"\n").unwrap();
        fs::write(folder.join("a.toml"), "extends = \"base.toml\"\n").unwrap();
        let config = folder.join("a.toml").display().to_string();
        assert_eq!(wanted(&words(&format!("train {config}"))), "ndarray");
        assert_eq!(wanted(&words(&format!("train {config} --backend wgpu"))), "wgpu");
        assert_eq!(wanted(&words(&format!("train {config} --backend=wgpu"))), "wgpu");
        assert_eq!(wanted(&words(&format!("train {config} --set backend=\"cuda\""))), "cuda");
        assert_eq!(wanted(&words(&format!("train {config} --set backend=cuda --set backend='wgpu'"))), "wgpu");
        assert_eq!(wanted(&words("train nowhere.toml")), "flex");
        assert_eq!(wanted(&words(&format!("train {config} --set devices=[\"cuda:0\",\"cuda:1\"]"))), "cuda");
        assert_eq!(wanted(&words(&format!("train {config} --set devices=[0,\"cuda:1\"]"))), "cuda,ndarray");
        fs::write(folder.join("a.toml"), "devices = [\"flex\", \"wgpu\"]\nextends = \"base.toml\"\n").unwrap();
        assert_eq!(wanted(&words(&format!("train {config}"))), "wgpu");
        assert_eq!(wanted(&words("train x --backend remote")), "flex");
    }

    #[test]
    fn flags_may_stand_before_the_config_and_runs_are_read_too() {
        let folder = tempfile::tempdir().unwrap();
        let (run, other) = (folder.path().join("run"), folder.path().join("other"));
        for (path, backend) in [(&run, "ndarray"), (&other, "wgpu")] {
            fs::create_dir_all(path).unwrap();
            fs::write(path.join("config.toml"), format!("backend = \"{backend}\"\n")).unwrap();
        }
        let (run, other) = (run.display(), other.display());
        assert_eq!(wanted(&words(&format!("train --resume {run}/config.toml"))), "ndarray");
        assert_eq!(wanted(&words(&format!("data split {run}/config.toml"))), "ndarray");
        assert_eq!(wanted(&words(&format!("predict {run} new.csv"))), "ndarray");
        // The folder to write to is an older run on another backend: not the one that is asked for.
        assert_eq!(wanted(&words(&format!("train --out {other} {run}/config.toml --force"))), "ndarray");
    }
}
