//! Which backend a command line asks for.

use std::fs;
use std::path::{Path, PathBuf};

/// Backends that are cargo features.
pub const BACKENDS: [&str; 4] = ["flex", "ndarray", "wgpu", "cuda"];

/// The backend that the arguments of `semiseq` ask for: `--backend`, `--set backend=`, the config's or the
/// run's. What is wrong with any of them, `semiseq` itself will say.
pub fn wanted(arguments: &[String]) -> String {
    let named = flag(arguments, "--backend")
        .or_else(|| override_of(arguments))
        .or_else(|| arguments.get(1).and_then(|path| in_file(Path::new(path), 0)));
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

fn override_of(arguments: &[String]) -> Option<String> {
    arguments.iter().find_map(|argument| {
        let text = argument.strip_prefix("--set=").unwrap_or(argument);
        let value = text.strip_prefix("backend=")?;
        Some(value.trim_matches('"').to_string())
    })
}

/// The `backend` of a config, of a run folder's config, or of what the config extends.
fn in_file(path: &Path, depth: usize) -> Option<String> {
    const DEEPEST: usize = 10;
    let path = if path.is_dir() { path.join("config.toml") } else { path.to_path_buf() };
    let table: toml::Table = fs::read_to_string(&path).ok()?.parse().ok()?;
    if let Some(backend) = table.get("backend") {
        return backend.as_str().map(str::to_string);
    }
    let base: PathBuf = path.parent()?.join(table.get("extends")?.as_str()?);
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
        let folder = std::env::temp_dir().join(format!("xtask-backend-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("base.toml"), "backend = \"ndarray\"\n").unwrap();
        fs::write(folder.join("a.toml"), "extends = \"base.toml\"\n").unwrap();
        let config = folder.join("a.toml").display().to_string();
        assert_eq!(wanted(&words(&format!("train {config}"))), "ndarray");
        assert_eq!(wanted(&words(&format!("train {config} --backend wgpu"))), "wgpu");
        assert_eq!(wanted(&words(&format!("train {config} --backend=wgpu"))), "wgpu");
        assert_eq!(wanted(&words(&format!("train {config} --set backend=\"cuda\""))), "cuda");
        assert_eq!(wanted(&words("train nowhere.toml")), "flex");
        assert_eq!(wanted(&words("train x --backend remote")), "flex");
    }
}
