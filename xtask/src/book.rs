//! The book in `docs/`: its pages of methods, each made from its source and from `docs/config.md`, and its build.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{self, install, root, run, tell};

/// The version of mdBook that builds the book.
const MDBOOK: &str = "0.5.4";

/// The crates' documentation and the book.
pub fn doc() -> u8 {
    match cargo::api_doc() {
        0 => make(),
        failed => failed,
    }
}

/// The book, after its pages of methods have been brought up to date.
pub fn make() -> u8 {
    match write(&root()) {
        0 => build(&root()),
        failed => failed,
    }
}

/// Writes the pages of methods anew where they are old.
pub fn write(root: &Path) -> u8 {
    let old: Vec<(PathBuf, String)> = pages(root).into_iter().filter(|(path, page)| read(path) != *page).collect();
    for (path, page) in &old {
        if let Err(error) = fs::write(path, page) {
            tell(&format!("error: {}: {error}", path.display()));
            return 1;
        }
        tell(&format!("wrote {}", path.display()));
    }
    0
}

/// What is wrong with the pages of methods: old ones, ones of no method, and ones that the table of contents lacks.
pub fn check(root: &Path) -> Vec<String> {
    let contents = read(&root.join("docs/src/SUMMARY.md"));
    let expected = pages(root);
    let mut problems = Vec::new();
    for (path, page) in &expected {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if read(path) != *page {
            problems.push(format!("docs/src/methods/{name} is old: `cargo xtask book` makes it anew"));
        }
        if !contents.contains(&format!("(methods/{name})")) {
            problems.push(format!("docs/src/SUMMARY.md: methods/{name} is missing"));
        }
    }
    for entry in fs::read_dir(root.join("docs/src/methods")).into_iter().flatten().flatten() {
        if !expected.iter().any(|(path, _)| *path == entry.path()) {
            problems.push(format!("{}: the page of no objective in the registry", entry.path().display()));
        }
    }
    problems
}

/// Builds the book below `target/book`, with an mdBook of its own where none is installed.
pub fn build(root: &Path) -> u8 {
    let installed = Command::new("mdbook").arg("--version").output().is_ok_and(|output| output.status.success());
    let program = if installed {
        PathBuf::from("mdbook")
    } else {
        match install(root, "mdbook", MDBOOK, &["--no-default-features", "--features", "search"]) {
            Ok(program) => program,
            Err(status) => return status,
        }
    };
    let status = run(Command::new(program).arg("build").arg(root.join("docs")));
    let schema = "config.schema.json";
    if status == 0
        && let Err(error) = fs::copy(root.join("docs").join(schema), root.join("target/book").join(schema))
    {
        tell(&format!("error: docs/{schema}: {error}"));
        return 1;
    }
    status
}

/// The page of each objective, by its path.
fn pages(root: &Path) -> Vec<(PathBuf, String)> {
    let crates = root.join("crates/objectives/src");
    let reference = read(&root.join("docs/config.md"));
    let page = |method: Method| {
        let source = read(&crates.join("methods").join(format!("{}.rs", method.file)));
        let path = root.join("docs/src/methods").join(format!("{}.md", method.name));
        (path, page(&method, &source, &reference))
    };
    methods(&read(&crates.join("registry.rs"))).into_iter().map(page).collect()
}

/// A row of the registry of objectives.
struct Method<'a> {
    file: &'a str,
    name: &'a str,
    summary: &'a str,
}

fn methods(registry: &str) -> Vec<Method<'_>> {
    let rows = registry.lines().skip_while(|line| *line != "registry! {").skip(1).take_while(|line| *line != "}");
    let rows = rows.filter_map(|line| {
        let mut parts = line.split('"');
        let (file, name) = (parts.next()?.trim(), parts.next()?);
        let summary = parts.nth(1)?;
        Some(Method { file, name, summary })
    });
    rows.collect()
}

fn page(method: &Method<'_>, source: &str, reference: &str) -> String {
    let Method { file, name, summary } = method;
    let mut page = format!(
        "# {name}\n\n<!-- Made by `cargo xtask book` from crates/objectives/src/methods/{file}.rs and docs/config.md. \
         -->\n\n*{summary}.*\n\n"
    );
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        // A heading of the source stands one level below the page's own.
        let deeper = if line.starts_with("# ") { "#" } else { "" };
        let _ = writeln!(page, "{deeper}{line}");
    }
    page += "\n## Settings\n\n";
    let settings = section(reference, &format!("[stage.objective.{name}]"));
    page += &settings;
    if *name == "joint" {
        let part = section(reference, "[stage.objective.joint.part]");
        let _ = write!(page, "\n### A part\n\n{part}");
    }
    if settings.contains("| `supervised` |") {
        page += "\nThe keys of `supervised = { … }` are those of [supervised](supervised.md).\n";
    }
    if let Some(example) = example(name, &settings) {
        let _ = write!(page, "\nWith all defaults written out:\n\n```toml\n{example}```\n");
    }
    page
}

/// The text of a table in the reference of keys, without its heading and what repeats the method's summary.
fn section(reference: &str, table: &str) -> String {
    let heading = format!("## `{table}`");
    let lines =
        reference.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    let rest = if text.starts_with('|') { text } else { text.split_once("\n\n").map_or(text, |(_, rest)| rest) };
    format!("{rest}\n")
}

/// The method's table of a config with each key that has a default; none where a key has to be given.
fn example(name: &str, settings: &str) -> Option<String> {
    let mut example = format!("[stage.objective.{name}]\n");
    for row in settings.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let (key, default) = (cells.first()?.trim_start_matches("| "), cells.get(2)?.trim());
        if default == "required" {
            return None;
        }
        if !default.is_empty() {
            let _ = writeln!(example, "{} = {}", key.trim_matches('`'), default.trim_matches('`'));
        }
    }
    Some(example)
}

/// A file's text with the line ends of Unix, empty where there is none.
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "macro_rules! registry {}\n\nregistry! {\n    \
                            my_match \"my-match\" MyMatch MyMatchConfig MyMatch<M>, \"It matches (A 2020)\",\n        \
                            |_| whole();\n}\n";
    const SOURCE: &str = "//! MyMatch (A 2020).\n//!\n//! `L = 0`.\n//!\n//! # Cost\n//!\n//! None.\n\nuse a;\n";
    const REFERENCE: &str = "## `[stage.objective.my-match]`\n\nIt matches (A 2020)\n\n\
                             | key | value | default | meaning |\n|---|---|---|---|\n\
                             | `supervised` | table |  | The labelled term. |\n\
                             | `weight` | number | `1.0` | Weight \\| factor. |\n\n\
                             ## `[stage.optimizer]`\n\nOther.\n";

    #[test]
    fn the_pages_in_the_repository_are_those_of_its_sources() {
        assert_eq!(check(&root()), Vec::<String>::new());
    }

    #[test]
    fn a_page_holds_the_modules_text_and_its_settings() {
        let methods = methods(REGISTRY);
        assert_eq!(methods.len(), 1);
        let page = page(&methods[0], SOURCE, REFERENCE);
        assert!(page.starts_with("# my-match\n") && page.contains("*It matches (A 2020).*"), "{page}");
        assert!(page.contains("`L = 0`.\n\n## Cost\n\nNone.\n") && !page.contains("use a"), "{page}");
        assert!(page.contains("## Settings\n\n| key | value"), "{page}");
        assert!(page.contains("```toml\n[stage.objective.my-match]\nweight = 1.0\n```"), "{page}");
        assert!(page.contains("(supervised.md)") && !page.contains("Other."), "{page}");
    }

    #[test]
    fn pages_that_are_old_missing_or_of_no_method_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            ("crates/objectives/src/registry.rs", REGISTRY),
            ("crates/objectives/src/methods/my_match.rs", SOURCE),
            ("docs/config.md", REFERENCE),
            ("docs/src/SUMMARY.md", "- [a](a.md)\n"),
            ("docs/src/methods/gone.md", "# gone\n"),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let problems = check(root).join("\n");
        assert!(
            problems.contains("methods/my-match.md is old")
                && problems.contains("SUMMARY.md: methods/my-match.md is missing")
                && problems.contains("gone.md: the page of no objective"),
            "{problems}"
        );
        fs::remove_file(root.join("docs/src/methods/gone.md")).unwrap();
        fs::write(root.join("docs/src/SUMMARY.md"), "- [my-match](methods/my-match.md)\n").unwrap();
        assert_eq!(write(root), 0);
        assert_eq!(check(root), Vec::<String>::new());
    }
}
