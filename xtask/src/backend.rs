//! Which backend a command line asks for.

use std::fs;
use std::path::{Path, PathBuf};

/// Backends that are cargo features.
pub const BACKENDS: [&str; 4] = ["flex", "ndarray", "wgpu", "cuda"];

/// Flags whose value may be a path that is neither the config nor the run.
const PATH_FLAGS: [&str; 6] = ["--data", "--gather", "--out", "--output", "--space", "--set"];

/// The backend that the arguments of `semiseq` ask for: `--backend`, `--set backend=`, the config's or the
/// run's. What is wrong with any of them, `semiseq` itself will say.
pub fn wanted(arguments: &[String]) -> String {
    let named = flag(arguments, "--backend")
        .or_else(|| override_of(arguments))
        .or_else(|| positional(arguments).find_map(|path| in_file(Path::new(path), 0)));
    named.filter(|name| BACKENDS.contains(&name.as_str())).unwrap_or_else(|| "flex".into())
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

/// The last `--set backend=`, as `semiseq` applies overrides in their order.
fn override_of(arguments: &[String]) -> Option<String> {
    arguments.iter().rev().find_map(|argument| {
        let text = argument.strip_prefix("--set=").unwrap_or(argument);
        let (key, value) = text.split_once('=')?;
        (key.trim() == "backend").then(|| value.trim().trim_matches(['"', '\'']).to_string())
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

/// The `backend` of a config, of a run folder's config, of what the config extends, or of a grid's base.
fn in_file(path: &Path, depth: usize) -> Option<String> {
    const DEEPEST: usize = 10;
    let path = if path.is_dir() { path.join("config.toml") } else { path.to_path_buf() };
    let table: toml::Table = fs::read_to_string(&path).ok()?.parse().ok()?;
    if let Some(backend) = table.get("backend") {
        return backend.as_str().map(str::to_string);
    }
    let base: PathBuf = path.parent()?.join(table.get("extends").or_else(|| table.get("base"))?.as_str()?);
    if depth < DEEPEST { in_file(&base, depth + 1) } else { None }
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
