//! One comparison by many processes: parts, single cells, claims, and the table of all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::common::{errors, folder, semiseq, write_config};

/// Without references, which take most of its time.
const SMALL: &str = concat!(include_str!("common/small.toml"), "\n[references]\nenabled = false\n");
const GRID: &str = "base = \"c.toml\"\nseeds = [0, 1]\n[labels]\nper_class = [3, 4]\n[[method]]\nname = \"teacher\"\n\
                    [[method]]\nname = \"plain\"\nset = { \"stage.1.objective\" = { supervised = {} } }\n";

fn written(name: &str) -> std::path::PathBuf {
    let folder = folder(name);
    write_config(&folder, SMALL);
    std::fs::write(folder.join("grid.toml"), GRID).expect("a grid");
    folder
}

fn cells(folder: &Path, more: &[&str]) -> Vec<Value> {
    let output = semiseq(folder, &[&["compare", "grid.toml", "--json"], more].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    found["cells"].as_array().expect("cells").clone()
}

fn keys(cells: &[Value]) -> Vec<&str> {
    cells.iter().filter_map(|cell| cell["key"].as_str()).collect()
}

/// A table of a folder, and its JSON without what times say.
fn table(folder: &Path, out: &str) -> (Vec<String>, Value) {
    let text = std::fs::read_to_string(folder.join(out).join("table.md")).expect("a table");
    let lines = text.lines().map(|line| line.split('|').take(6).collect::<Vec<_>>().join("|"));
    let json = std::fs::read_to_string(folder.join(out).join("table.json")).expect("a table");
    let mut json: Value = serde_json::from_str(&json).expect("JSON");
    for row in json["rows"].as_array_mut().expect("rows") {
        ["time", "step"].into_iter().for_each(|key| drop(row.as_object_mut().expect("a row").remove(key)));
    }
    (lines.collect(), json)
}

#[test]
fn shards_are_whole_groups_and_together_they_are_the_comparison() {
    let folder = written("shards");
    let whole = semiseq(&folder, &["compare", "grid.toml", "--out", "whole"]);
    assert!(whole.status.success(), "{}", errors(&whole));
    let all = cells(&folder, &["--list"]);
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|cell| cell["state"] == "to run"), "of the default folder");
    let mut seen = BTreeSet::new();
    for (shard, out) in [("1/2", "one"), ("2/2", "two")] {
        let part = cells(&folder, &["--shard", shard, "--out", out]);
        // Each task and seed with both of its methods.
        let groups: BTreeSet<String> = part.iter().map(|cell| format!("{} {}", cell["task"], cell["seed"])).collect();
        assert_eq!((part.len(), groups.len()), (4, 2), "{part:?}");
        assert!(part.iter().all(|cell| cell["state"] == "finished" && cell["score"].is_f64()), "{part:?}");
        assert!(keys(&part).into_iter().all(|key| seen.insert(key.to_string())));
        assert!(!folder.join(out).join("table.md").exists(), "a part has no table");
    }
    assert_eq!(seen.len(), 8);
    let joined = semiseq(&folder, &["compare", "grid.toml", "--gather", "one", "two", "--out", "joined"]);
    assert!(joined.status.success(), "{}", errors(&joined));
    assert_eq!(table(&folder, "whole"), table(&folder, "joined"));

    // What is missing is named, and told as a failure behind the table of the rest.
    let half = semiseq(&folder, &["compare", "grid.toml", "--gather", "one", "--out", "half"]);
    assert_eq!(half.status.code(), Some(1), "{}", errors(&half));
    assert!(
        errors(&half).contains("4 cells without a result") && errors(&half).contains("--only KEY"),
        "{}",
        errors(&half)
    );
    // One of them by its key alone, or by how it begins.
    let missing = keys(&all).into_iter().find(|key| !folder.join("one/cells").join(key).exists()).expect("a key");
    let only = cells(&folder, &["--only", &missing[..8], "--out", "half"]);
    assert_eq!((keys(&only), &only[0]["state"]), (vec![missing], &"finished".into()));
    let half = semiseq(&folder, &["compare", "grid.toml", "--gather", "one", "--out", "half"]);
    assert!(errors(&half).contains("3 cells without a result"), "{}", errors(&half));

    for (arguments, told) in [
        (vec!["--only", "zzz"], "begins no cell's key"),
        (vec!["--shard", "0/2"], "counts from 0"),
        (vec!["--gather", "nowhere"], "holds no cells"),
        (vec!["--claim", "--shard", "1/2"], "cannot be used with"),
    ] {
        let output = semiseq(&folder, &[vec!["compare", "grid.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{told}: {}", errors(&output));
        assert!(errors(&output).contains(told), "{told}: {}", errors(&output));
    }
}

#[test]
fn cells_of_changed_data_make_no_common_table() {
    let folder = written("mixture");
    let row = |row: usize, shift: f64| {
        let slope = if row.is_multiple_of(2) { 1.0 } else { -1.0 };
        let values: Vec<String> = (0..8).map(|step| format!("{:.2}", slope * f64::from(step) + shift)).collect();
        format!("{},{}\n", values.join(","), ["up", "down"][row % 2])
    };
    let write = |shift: f64| {
        let names: Vec<String> = (0..8).map(|step| format!("t{step}")).collect();
        let rows: String = (0..40).map(|place| row(place, shift + place as f64 * 0.1)).collect();
        std::fs::write(folder.join("mine.csv"), format!("{},label\n{rows}", names.join(","))).expect("data");
    };
    let config =
        SMALL.replace("source = \"cbf\"\nsize = 90\n", "source = \"mine.csv\"\n").replace("resample = 16\n", "");
    write_config(&folder, &config);
    std::fs::write(folder.join("grid.toml"), GRID.replace("[3, 4]", "[3]")).expect("a grid");
    write(0.0);
    cells(&folder, &["--shard", "1/2", "--out", "one"]);
    // The project lies elsewhere for the second host; its cells have the same keys.
    let there = folder.join("there");
    std::fs::create_dir(&there).expect("a folder");
    for name in ["mine.csv", "c.toml", "grid.toml"] {
        std::fs::copy(folder.join(name), there.join(name)).expect("a copy");
    }
    assert_eq!(keys(&cells(&folder, &["--list"])), keys(&cells(&there, &["--list"])));
    cells(&there, &["--shard", "2/2", "--out", "../two"]);
    let joined = semiseq(&folder, &["compare", "grid.toml", "--gather", "one", "two", "--out", "joined"]);
    assert!(joined.status.success(), "{}", errors(&joined));

    write(0.5);
    cells(&folder, &["--shard", "2/2", "--out", "three"]);
    for arguments in [
        vec!["--gather", "one", "three", "--out", "mixed"],
        // The finished cells are of the older data: the first new one ends it.
        vec!["--out", "one"],
    ] {
        let output = semiseq(&folder, &[vec!["compare", "grid.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        assert!(
            errors(&output).contains("were run on different data") && errors(&output).contains("mine.csv"),
            "{}",
            errors(&output)
        );
    }
    assert!(!folder.join("mixed/table.md").exists() && !folder.join("one/table.md").exists());
}

/// Three processes share a folder, and one is killed: its cells go on elsewhere, and no other cell is run twice.
#[test]
fn claimed_cells_are_run_once_though_a_claimer_is_killed() {
    let folder = written("claims");
    write_config(&folder, &SMALL.replace("epochs = 4", "epochs = 60"));
    let claim = ["compare", "grid.toml", "--claim", "--stale", "2", "--jobs", "1", "--verbose", "--out", "shared"];
    let start = || -> Child {
        Command::new(env!("CARGO_BIN_EXE_semiseq"))
            .current_dir(&folder)
            .args(claim)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    };
    let mut killed = start();
    // It has begun a cell, and is gone before it can say anything of it.
    while !folder
        .join("shared/cells")
        .read_dir()
        .is_ok_and(|mut cells| cells.any(|cell| cell.is_ok_and(|cell| cell.path().is_dir())))
    {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let others = [start(), start()];
    killed.kill().expect("a kill");
    let killed = killed.wait_with_output().expect("the end");
    let outputs = others.map(|child| child.wait_with_output().expect("the end"));
    let begun = |output: &std::process::Output| -> Vec<String> {
        errors(output)
            .lines()
            .filter_map(|line| Some(line.strip_prefix("begins ")?.split(':').next()?.to_string()))
            .collect()
    };
    let lost: BTreeSet<String> = begun(&killed).into_iter().collect();
    assert!(!lost.is_empty(), "{}", errors(&killed));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for output in &outputs {
        assert!(output.status.success(), "{}", errors(output));
        begun(output).into_iter().for_each(|key| *times.entry(key).or_default() += 1);
    }
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let all: BTreeSet<String> = times.into_keys().chain(lost.iter().cloned()).collect();
    assert_eq!(all.len(), 8, "{all:?}");
    let text = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text(&outputs[0]), text(&outputs[1]), "both print the table of all");
    assert!(text(&outputs[0]).contains("| teacher | ") && !text(&outputs[0]).contains("| – | – | – |\n| plain"));

    // It is the table of one process, which finds nothing left to run.
    let alone = semiseq(&folder, &["compare", "grid.toml", "--out", "shared"]);
    assert!(errors(&alone).contains("8 cells, 0 to run"), "{}", errors(&alone));
    assert_eq!(text(&alone), text(&outputs[0]));
}

/// The fenced block of `docs/src/many-runs.md` that holds some text.
fn recipe(needle: &str) -> String {
    let text = std::fs::read_to_string("docs/src/many-runs.md").expect("the page");
    let mut blocks = text.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(needle)).unwrap_or_else(|| panic!("no block holds {needle}"));
    block.split_once('\n').expect("a language").1.to_string()
}

/// The recipes of the page with the schedulers' variables, as their tasks are started. Each leaves a table.
#[cfg(unix)]
#[test]
fn the_recipes_for_schedulers_run() {
    let program = Path::new(env!("CARGO_BIN_EXE_semiseq")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let sh = |folder: &Path, script: &str, variables: &[(&str, String)]| {
        let mut command = Command::new("sh");
        command.current_dir(folder).args(["-c", script]).env("PATH", &path);
        let output = command.envs(variables.iter().cloned()).output().expect("a shell");
        assert!(output.status.success(), "{script}: {}", errors(&output));
    };
    let project = |name: &str| {
        let folder = written(name);
        std::fs::write(folder.join("grid.toml"), GRID.replace("[3, 4]", "[3]")).expect("a grid");
        folder
    };
    let through = |folder: &Path| {
        let list = cells(folder, &["--list"]);
        assert!(list.len() == 4 && list.iter().all(|cell| cell["state"] == "finished"), "{list:?}");
        let table = semiseq(folder, &["compare", "grid.toml"]);
        assert!(errors(&table).contains("4 cells, 0 to run"), "{}", errors(&table));
    };
    let folder = project("xargs");
    sh(&folder, &recipe("xargs -n 1"), &[]);
    through(&folder);
    let folder = project("slurm");
    let script = recipe("#SBATCH --array");
    for task in 1..=4 {
        let variables = [
            ("SLURM_ARRAY_TASK_ID", task.to_string()),
            ("SLURM_ARRAY_TASK_COUNT", "4".to_string()),
            ("SLURM_CPUS_PER_TASK", "2".to_string()),
        ];
        sh(&folder, &script, &variables);
    }
    through(&folder);
    let folder = project("kubernetes");
    let block = recipe("completionMode: Indexed");
    let command = block.lines().find_map(|line| line.trim().strip_prefix("command: ")).expect("a command");
    let command: Vec<String> = serde_json::from_str(command).expect("a list");
    for index in 0..4 {
        sh(&folder, &command[2], &[("JOB_COMPLETION_INDEX", index.to_string())]);
    }
    through(&folder);
    let folder = project("hyperqueue");
    let block = recipe("hq submit");
    let keys = block.lines().next().expect("the keys");
    let each = block.split('\'').nth(3).expect("the command of an entry");
    sh(&folder, keys, &[]);
    for key in std::fs::read_to_string(folder.join("keys")).expect("keys").lines() {
        sh(&folder, each, &[("HQ_ENTRY", key.to_string())]);
    }
    through(&folder);
    if Command::new("parallel").arg("--version").output().is_ok_and(|output| output.status.success()) {
        let folder = project("parallel");
        sh(&folder, &recipe("parallel --jobs 2"), &[]);
        through(&folder);
    }
}
