//! `label`: the rows of a pool that are worth a label most, as a table that `train` takes back.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};

const METHODS: [&str; 7] = ["margin", "entropy", "bald", "badge", "coreset", "typiclust", "random"];

fn stage(folder: &Path, name: &str, data: &str, model: &str) {
    let text = format!(
        "name = \"{name}\"\n[data]\n{data}\n{model}[references]\nenabled = false\n[baseline]\nenabled = \
         false\n[[stage]]\nsteps = 20\n[stage.objective.supervised]\n"
    );
    let output = semiseq(folder, &["train", write_config(folder, &text), "--no-tui", "--out", name, "--force"]);
    assert!(output.status.success(), "{}", errors(&output));
}

fn texts(folder: &Path) {
    let row = |row: usize| match row % 2 {
        0 => format!("sun and light {}", row % 7),
        _ => format!("\"rain, and night {}\"", row % 5),
    };
    let few: String = (0..12).map(|place| format!("{},{}\n", row(place), ["good", "bad"][place % 2])).collect();
    std::fs::write(folder.join("few.csv"), format!("review,mood\n{few}")).expect("data");
    // One row of the pool has a label already.
    let pool: String =
        (0..30).map(|place| format!("{},{}\n", row(place), if place == 3 { "bad" } else { "" })).collect();
    std::fs::write(folder.join("pool.csv"), format!("review,mood\n{pool}")).expect("data");
}

const WORDS: &str = "[model.classifier]\npooling = \"mean\"\ndropout = 0.5\nembedding = { size = 4 \
                     }\n[model.classifier.encoder.gru]\nhidden = 4\n";

#[test]
fn texts_are_chosen_and_train_takes_them_back() {
    let folder = folder("label-texts");
    texts(&folder);
    stage(&folder, "run", "source = \"few.csv\"\ntext = \"review\"\ntarget = \"mood\"", WORDS);
    for method in METHODS {
        let ask = ["label", "run", "pool.csv", "--n", "5", "--by", method, "--seed", "2"];
        let output = semiseq(&folder, &ask);
        assert!(output.status.success(), "{method}: {}", errors(&output));
        assert!(errors(&output).contains("they have a label: 1 of 30 rows"), "{method}: {}", errors(&output));
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!((lines.len(), lines[0]), (6, "review,mood,row,score"), "{method}");
        let rows: Vec<usize> = lines[1..]
            .iter()
            .map(|line| line.rsplit(',').nth(1).and_then(|row| row.parse().ok()).expect("a row number"))
            .collect();
        assert!(rows.iter().all(|row| *row < 30 && *row != 3), "{method}: {rows:?}");
        assert_eq!(rows.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{method}: {rows:?}");
        let scores: Vec<f64> =
            lines[1..].iter().filter_map(|line| line.rsplit(',').next()?.parse().ok()).collect::<Vec<_>>();
        assert_eq!(scores.len(), 5);
        if ["margin", "entropy", "bald"].contains(&method) {
            assert!(scores.is_sorted_by(|first, second| first >= second), "{method}: {scores:?}");
        }
        // Passes with dropout differ.
        assert!(method != "bald" || scores[0] > 0.0, "{scores:?}");
        // The same seed chooses the same.
        assert_eq!(semiseq(&folder, &ask).stdout, output.stdout, "{method}");
        // A person fills it in.
        let filled: String = lines[1..]
            .iter()
            .map(|line| {
                let (before, after) = line.rsplit_once(",,").expect("an empty label");
                format!("{before},{},{after}\n", if before.contains("rain") { "bad" } else { "good" })
            })
            .collect();
        std::fs::write(folder.join("ask.csv"), format!("{}\n{filled}", lines[0])).expect("data");
    }
    let info = semiseq(&folder, &["data", "info", "ask.csv", "--json"]);
    let told = String::from_utf8_lossy(&info.stdout).into_owned();
    let found: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert!(found["train"]["kind"] == "text" && found["train"]["sequences"] == 5, "{told}");
    stage(&folder, "again", "train = [\"few.csv\", \"ask.csv\"]\ntext = \"review\"\ntarget = \"mood\"", WORDS);
    let summary = std::fs::read_to_string(folder.join("again/summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    // A quarter of them is the test part.
    let count = |key: &str| summary[key].as_u64().unwrap_or_default();
    assert_eq!(count("n_labeled") + count("n_test"), 17, "{summary}");
}

#[test]
fn series_are_chosen_as_a_table_as_lines_and_as_a_page() {
    let folder = folder("label-series");
    let series = |rows: usize, label: &dyn Fn(usize) -> String| -> String {
        (0..rows)
            .map(|row| {
                let values: Vec<String> =
                    (0..6).map(|step| format!("{:.2}", (row % 2 * 2) as f64 * f64::from(step) + row as f64)).collect();
                format!("{},{}\n", values.join(","), label(row))
            })
            .collect()
    };
    let header = "t0,t1,t2,t3,t4,t5,label\n";
    let few = series(12, &|row| ["up", "</script>"][row % 2].into());
    std::fs::write(folder.join("few.csv"), header.to_string() + &few).expect("data");
    std::fs::write(folder.join("pool.csv"), header.to_string() + &series(20, &|_| String::new())).expect("data");
    let model = "[model.classifier.encoder.rnn]\nhidden = 4\n";
    stage(&folder, "run", "source = \"few.csv\"", model);
    let output = semiseq(
        &folder,
        &["label", "run", "pool.csv", "--n", "4", "--by", "coreset", "--output", "ask.csv", "--page", "ask.html"],
    );
    assert!(output.status.success() && output.stdout.is_empty(), "{}", errors(&output));
    let table = std::fs::read_to_string(folder.join("ask.csv")).expect("a table");
    assert!(table.starts_with("label,row,score,t0,t1,t2,t3,t4,t5\n,"), "{table}");
    // Row and score are no steps.
    let info = semiseq(&folder, &["data", "info", "ask.csv", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&info.stdout).expect("JSON");
    assert_eq!(found["train"]["lengths"], serde_json::json!([6, 6, 6]), "{}", errors(&info));
    let page = std::fs::read_to_string(folder.join("ask.html")).expect("a page");
    assert!(page.contains("localStorage") && !page.contains("http://www.w3.org/1999"), "a page of its own");
    // A class cannot end the script that it stands in.
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(page.contains("\\u003c/script>") && page.contains("label,row,score,t0"));

    let output = semiseq(&folder, &["label", "run", "pool.csv", "--n", "4", "--by", "margin", "--output", "ask.jsonl"]);
    assert!(output.status.success(), "{}", errors(&output));
    let lines = std::fs::read_to_string(folder.join("ask.jsonl")).expect("lines");
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert!(first["label"].is_null() && first["values"].as_array().is_some_and(|values| values.len() == 6), "{first}");
    let filled = lines.replace("\"label\":null", "\"label\":\"up\"");
    std::fs::write(folder.join("filled.jsonl"), filled).expect("lines");
    let info = semiseq(&folder, &["data", "info", "filled.jsonl", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&info.stdout).expect("JSON");
    assert_eq!(found["train"]["lengths"], serde_json::json!([6, 6, 6]), "{}", errors(&info));

    for (arguments, needle) in [
        (&["--by", "bald", "--n", "2"][..], "the model has none"),
        (&["--by", "margin", "--n", "0"], "`--n` must be at least 1"),
        (&["--by", "margin", "--n", "2", "--page", "ask.csv"], "must end in `.html`"),
    ] {
        let output = semiseq(&folder, &[&["label", "run", "pool.csv"], arguments].concat());
        assert!(output.status.code() == Some(2) && errors(&output).contains(needle), "{}", errors(&output));
    }
    // Without the run's own data the others are chosen as if nothing had a label.
    std::fs::remove_file(folder.join("few.csv")).expect("gone");
    let output = semiseq(&folder, &["label", "run", "pool.csv", "--n", "2", "--by", "typiclust"]);
    assert!(output.status.success() && errors(&output).contains("as if nothing had a label"), "{}", errors(&output));
}
