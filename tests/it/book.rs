//! The book in `docs/`: its contents, its links, its configs, and the commands of its first page.

use std::path::{Path, PathBuf};

use semiseq::prelude::RunConfig;
use toml::{Table, Value};

use crate::common::{errors, folder, semiseq};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\r\n", "\n")
}

/// All pages below a folder of the repository, in order.
fn pages(folder: &str, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() && deep {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The fenced blocks of a page: the word behind the fence, the number of its line, and the text.
fn blocks(page: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(word)) => open = Some((word.trim().to_string(), number + 1, indent, String::new())),
            (Some(_), Some(_)) => found.extend(open.take().map(|(word, number, _, text)| (word, number, text))),
            (Some((_, _, indent, text)), None) => {
                *text += line.get(*indent..).unwrap_or_default();
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    found
}

/// Where a page's links lead, those to the network and within the page left out.
fn links(page: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut inside = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose += line;
            prose.push('\n');
        }
    }
    // What stands between backquotes is no link.
    let prose: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    targets.map(|target| target.split('#').next().unwrap_or(target).to_string()).collect()
}

#[test]
fn the_table_of_contents_names_every_page_once() {
    let source = root().join("docs/src");
    let contents = text(&source.join("SUMMARY.md"));
    let mut named: Vec<PathBuf> = links(&contents).iter().map(|target| source.join(target)).collect();
    named.sort();
    let there: Vec<PathBuf> =
        pages("docs/src", true).into_iter().filter(|path| !path.ends_with("SUMMARY.md")).collect();
    assert!(there.len() > 50, "{}", there.len());
    assert_eq!(named, there);
}

#[test]
fn every_link_leads_to_a_file() {
    let mut count = 0;
    let mut broken = Vec::new();
    let book = root().join("docs/src");
    for page in [pages("", false), pages("docs", true)].concat() {
        let folder = page.parent().expect("a folder");
        for target in links(&text(&page)) {
            count += 1;
            // A page of the book is read without the repository around it, and so are those that it includes.
            let in_book = !page.starts_with(&book)
                || (folder.join(&target).canonicalize().is_ok_and(|path| path.starts_with(&book)));
            let included = page.parent() == Some(&root().join("docs"));
            let from_book = !included || target.ends_with(".json") || book.join(&target).exists();
            if !folder.join(&target).exists() || !in_book || !from_book {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(count > 100, "{count}");
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn what_a_page_includes_is_there() {
    let mut count = 0;
    for page in pages("docs/src", true) {
        for rest in text(&page).split("{{#include ").skip(1) {
            let target = rest.split_once("}}").expect("an end").0;
            assert!(page.parent().expect("a folder").join(target).exists(), "{}: {target}", page.display());
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

/// A part of a config with what a whole one needs put beside it.
fn completed(mut config: Table) -> Table {
    let parse = |text: &str| text.parse::<Table>().expect("a table");
    let name = |stage: &Table| stage["objective"].as_table().and_then(|table| table.keys().next().cloned());
    let mut stages = match config.remove("stage") {
        Some(Value::Array(stages)) => stages,
        Some(stage) => vec![stage],
        None => vec![Value::Table(Table::new())],
    };
    let mut objectives = Vec::new();
    for stage in stages.iter_mut().filter_map(Value::as_table_mut) {
        if !stage.contains_key("steps") && !stage.contains_key("epochs") {
            stage.insert("steps".into(), 1.into());
        }
        stage.entry("objective").or_insert_with(|| parse("supervised = {}").into());
        objectives.extend(name(stage));
    }
    config.insert("stage".into(), stages.into());
    let data = config.entry("data").or_insert_with(|| Table::new().into()).as_table_mut().expect("a table");
    if !data.contains_key("source") && !data.contains_key("train") {
        data.insert("source".into(), "cbf".into());
    }
    let forecasts = objectives.iter().any(|name| name == "truncated-backpropagation");
    if forecasts {
        data.insert("windows".into(), parse("input = 8\nhorizon = 2\nstride = 8").into());
    }
    let head = match objectives.first().map(String::as_str) {
        Some("truncated-backpropagation") => "forecaster = { every_step = true, encoder = { gru = {} } }",
        Some("sequence-to-sequence") => "encoder-decoder.encoder.gru = {}",
        Some("ctc") => "transcriber.encoder.gru = {}",
        _ => "classifier.encoder.gru = {}",
    };
    let model = config.entry("model").or_insert_with(|| Table::new().into()).as_table_mut().expect("a table");
    if !model.values().any(Value::is_table) {
        model.extend(parse(head));
    }
    config
}

#[test]
fn every_config_is_read_by_the_program() {
    let mut count = 0;
    for page in [pages("docs", true), vec![root().join("README.md")]].concat() {
        for (_, line, block) in blocks(&text(&page)).into_iter().filter(|(word, ..)| word == "toml") {
            let at = format!("{}:{line}", page.display());
            let config = block.parse::<Table>().unwrap_or_else(|error| panic!("{at}: {error}"));
            let whole = config.contains_key("stage") && config.contains_key("model") && config.contains_key("data");
            let text = if whole { block } else { toml::to_string(&completed(config)).expect("TOML") };
            if let Err(error) = RunConfig::parse("block.toml", &text, &[]) {
                panic!("{at}: {}\n{text}", error.in_full());
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

#[cfg(unix)]
#[test]
fn the_first_page_goes_from_a_table_to_predictions() {
    let page = text(&root().join("docs/src/getting-started.md"));
    let commands: Vec<String> =
        blocks(&page).into_iter().filter(|(word, ..)| word == "sh").map(|(.., text)| text).collect();
    assert!(commands.len() > 6, "{}", commands.len());
    // As it stands, but for the length of the stages.
    let short = "semiseq() {\n  if [ \"$1\" = train ]; then command semiseq \"$@\" --set stage.0.steps=10; else command \
                 semiseq \"$@\"; fi\n}\n";
    let script = format!("{short}{}", commands.concat());
    let folder = folder("getting-started");
    let program = Path::new(env!("CARGO_BIN_EXE_semiseq")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = std::process::Command::new("sh")
        .current_dir(&folder)
        .env("PATH", path)
        .args(["-euc", &script])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["pool.csv: 300 rows, all good", "MiniRocket: ridge", "index,prediction,p_fall,p_rise,p_wave"] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    let rows = |name: &str| text(&folder.join(name)).lines().count();
    assert_eq!((rows("said.csv"), rows("vectors.csv")), (91, 91));
    assert!(folder.join("both.html").exists() && folder.join("runs/seed-1/summary.json").exists());
}

#[test]
fn the_messages_of_troubleshooting_are_the_programs() {
    let page = text(&root().join("docs/src/troubleshooting.md"));
    let folder = folder("troubleshooting");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("c.toml", "[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\n[[stage]]\nsteps = 1\n");
    write("bad.csv", "label,t0,t1\nup,1,2\ndown,1\n");
    write("good.csv", "label,t0,t1\nup,1,2\ndown,1,2\nup,3,2\ndown,2,2\n");
    write("book.xlsx", "PK\u{3}\u{4}");
    let supervised = "stage.0.objective.supervised={}";
    for (arguments, message) in [
        (&["train", "c.toml", "--set", supervised, "--set", "stage.0.stepz=1"][..], "is not a key that semiseq knows"),
        (&["train", "c.toml", "--set", "stage.0.objective.fixmatch.threshold=1.7"], ", got 1.7"),
        (&["train", "c.toml", "--set", supervised, "--set", "data.source=missing.csv"], "no such file or folder"),
        (&["train", "c.toml", "--set", supervised, "--set", "data.labels.per_class=5000"], "labels of each class"),
        (
            &["train", "c.toml", "--set", supervised, "--set", "data.source=good.csv", "--set", "data.target=klass"],
            "there is no column klass, which data.target names",
        ),
        (&["data", "info", "bad.csv"], "bad.csv:3: 2 columns, but the first row has 3"),
        (&["data", "info", "book.xlsx"], "the name does not tell the format"),
        (&["train", "c.toml", "--set", supervised, "--resume"], "holds no run to resume"),
    ] {
        let output = semiseq(&folder, arguments);
        let said = errors(&output).replace('`', "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert!(page.contains(message), "docs/src/troubleshooting.md: {message}");
    }
}

#[test]
fn the_readme_in_chinese_holds_the_same_blocks() {
    // Comments are translated, and stand behind two spaces or a column of them.
    let code = |page: &str| -> Vec<(String, Vec<String>)> {
        let lines = |text: String| text.lines().map(|line| uncommented(line).to_string()).collect();
        blocks(&text(&root().join(page))).into_iter().map(|(word, _, text)| (word, lines(text))).collect()
    };
    let own = code("README.md");
    assert!(own.len() > 3, "{}", own.len());
    assert_eq!(own, code("README.zh-CN.md"));
}

#[test]
fn the_citation_names_this_version() {
    let citation = text(&root().join("CITATION.cff"));
    assert!(citation.contains(concat!("\nversion: ", env!("CARGO_PKG_VERSION"), "\n")), "{citation}");
}

fn uncommented(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim_end()
}
