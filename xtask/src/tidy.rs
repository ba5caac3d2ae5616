//! House rules that no other tool checks.

use std::fs;
use std::path::{Path, PathBuf};

/// Marks that must not stand in the code. Spelled in two parts, so that this file passes its own check.
const FORBIDDEN: [(&str, &str); 5] =
    [("#[ign", "ore"), ("to", "do!("), ("unimple", "mented!("), ("db", "g!("), ("FIX", "ME")];

/// What must not stand in the sources of crates and program, tests and examples excepted.
const PRINTING: [(&str, &str); 2] = [("print", "ln!("), ("print", "!(")];

/// Columns of a line, as in `rustfmt.toml`.
const COLUMNS: usize = 120;

/// All breaches below `root`.
pub fn check(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for folder in ["src", "crates", "xtask", "tests", "examples", "benches"] {
        rust_files(&root.join(folder), &mut files);
    }
    for path in &files {
        let text = fs::read_to_string(path).unwrap_or_default();
        for (first, second) in FORBIDDEN {
            let mark = format!("{first}{second}");
            if text.contains(&mark) {
                problems.push(format!("{}: `{mark}` is not allowed", path.display()));
            }
        }
        // They panic where the reader has gone: `| head`, a closed terminal.
        let is_source = path
            .strip_prefix(root)
            .is_ok_and(|path| !path.starts_with("examples") && path.components().any(|part| part.as_os_str() == "src"));
        let mut printing = PRINTING.iter().map(|(first, second)| format!("{first}{second}"));
        if is_source && let Some(mark) = printing.find(|mark| text.contains(mark)) {
            problems.push(format!(
                "{}: `{mark}` panics where nobody reads: use `semiseq_training::terminal`, in xtask `cargo::print`",
                path.display()
            ));
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| is_too_long(line)) {
            problems.push(format!("{}:{}: {} columns, of {COLUMNS}", path.display(), number + 1, line.chars().count()));
        }
        if !text.starts_with("//!") && !text.starts_with("#![doc") {
            problems.push(format!("{}: must open with `//!`, what the file is", path.display()));
        }
    }
    let readme = fs::read_to_string(root.join("README.md")).unwrap_or_default();
    let configs = fs::read_dir(root.join("configs")).into_iter().flatten().flatten();
    for entry in configs.filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !readme.contains(&name) {
            problems.push(format!("README.md: configs/{name} is missing from the table of configs"));
        }
    }
    let translated = fs::read_to_string(root.join("README.zh-CN.md")).unwrap_or_default();
    let (own, theirs) = (commands(&readme), commands(&translated));
    if let Some(lacking) = own.iter().find(|command| !theirs.contains(command)) {
        problems.push(format!("README.zh-CN.md: lacks README.md's command `{lacking}`"));
    }
    if let Some(more) = theirs.iter().find(|command| !own.contains(command)) {
        problems.push(format!("README.zh-CN.md: `{more}` is no command of README.md"));
    }
    problems
}

/// rustfmt breaks no comment and no literal: comments are for us to break, and a row of a registry or a JSON text may
/// stand on one line.
fn is_too_long(line: &str) -> bool {
    line.chars().count() > COLUMNS && (line.trim_start().starts_with("//") || !line.contains('"'))
}

/// The commands of a page's `sh` blocks, without their comments.
fn commands(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            found.push(line.split(" #").next().unwrap_or(line).trim_end().to_string());
        }
    }
    found
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_and_a_config_without_a_row_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("examples/own/src")).unwrap();
        fs::create_dir_all(root.join("configs/bases")).unwrap();
        fs::write(root.join("src/a.rs"), "fn a() {}\n").unwrap();
        let (comment, literal) = ("a".repeat(118), "a".repeat(130));
        fs::write(root.join("src/c.rs"), format!("//! A file.\n// {comment}\nconst A: &str = \"{literal}\";\n"))
            .unwrap();
        let printing = ["//! A file.\nfn a() { eprint", "ln!() }\n"].concat();
        fs::write(root.join("src/b.rs"), &printing).unwrap();
        fs::write(root.join("examples/own/src/main.rs"), &printing).unwrap();
        fs::write(root.join("configs/x.toml"), "").unwrap();
        fs::write(root.join("README.md"), "```sh\na b  # the same\nc\n```\n```rust\nd\n```\n").unwrap();
        fs::write(root.join("README.zh-CN.md"), "```sh\na b # 一样\ne\n```\n").unwrap();
        let problems = check(root).join("\n");
        assert!(
            problems.contains(&["b.rs: `print", "ln!(` panics where nobody reads"].concat())
                && problems.contains("a.rs: must open with")
                && problems.contains("c.rs:2: 121 columns")
                && !problems.contains("c.rs:3")
                && problems.contains("configs/x.toml is missing")
                && problems.contains("README.zh-CN.md: lacks README.md's command `c`")
                && problems.contains("README.zh-CN.md: `e` is no command of README.md")
                && !problems.contains("main.rs")
                && !problems.contains("configs/bases"),
            "{problems}"
        );
    }
}
