//! Several files as one source, whole groups in a split, and names of rows that travel to what is predicted.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{errors, folder, semiseq};
use serde_json::Value;

const CONFIG: &str = "name = 'several'\n[data]\ntrain = ['part-b.csv', 'part-a.csv']\nvalidation = 0.25\n\
    [data.labels]\ngroup = 'patient'\n\
    [model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = \
    2\n[stage.objective.supervised]\n[baseline]\nenabled = false\n";

/// 15 patients of four visits in two files; every third is ill.
fn write_parts(folder: &Path) {
    for (part, patients) in [("a", 0..8), ("b", 8..15)] {
        let rows: String = patients
            .flat_map(|patient| (0..4).map(move |visit| (patient, visit)))
            .map(|(patient, visit)| {
                let values: Vec<String> = (0..6).map(|step| format!("{}.{visit}", (patient * step) % 7)).collect();
                let label = if patient % 3 == 0 { "ill" } else { "well" };
                format!("v{patient}-{visit},p{patient},{},{label}\n", values.join(","))
            })
            .collect();
        let text = format!("visit_id,patient,t0,t1,t2,t3,t4,t5,label\n{rows}");
        std::fs::write(folder.join(format!("part-{part}.csv")), text).expect("a part");
    }
}

#[test]
fn parts_are_one_source_groups_stay_whole_and_names_travel() {
    let folder = folder("several");
    write_parts(&folder);
    std::fs::write(folder.join("c.toml"), CONFIG).expect("the config");
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let split = std::fs::read_to_string(folder.join("runs/several/split.json")).expect("the split");
    let split: Value = serde_json::from_str(&split).expect("JSON");
    // Rows of the parts in the order of the config: patients 8 to 14, then 0 to 7.
    let patients = |key: &str| -> BTreeSet<u64> {
        let rows = split[key].as_array().expect("rows").iter().filter_map(Value::as_u64);
        rows.map(|row| (8 + row / 4) % 15).collect()
    };
    let (labeled, valid) = (patients("labeled"), patients("valid"));
    assert!(labeled.is_disjoint(&valid) && labeled.len() == 9 && valid.len() == 3, "{labeled:?} {valid:?}");
    assert_eq!(valid.iter().filter(|patient| **patient % 3 == 0).count(), 1);

    let predicted = semiseq(&folder, &["predict", "runs/several", "part-*.csv"]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    let table = String::from_utf8_lossy(&predicted.stdout).into_owned();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "index,id,prediction,p_ill,p_well");
    assert!(lines[1].starts_with("0,v0-0,") && lines[60].starts_with("59,v14-3,"), "{table}");
    let written = semiseq(&folder, &["predict", "runs/several", "part-a.csv", "--output", "p.jsonl"]);
    assert!(written.status.success(), "{}", errors(&written));
    let lines = std::fs::read_to_string(folder.join("p.jsonl")).expect("predictions");
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["id"], "v0-0");
    // The folds of the labelled part are of whole groups, too.
    let cross = ["train", "c.toml", "--no-tui", "--set", "data.validation=cross", "--out", "cross"];
    let crossed = semiseq(&folder, &cross);
    assert!(crossed.status.success(), "{}", errors(&crossed));
}

#[test]
fn what_does_not_fit_together_is_refused_before_training() {
    let folder = folder("several-wrong");
    write_parts(&folder);
    let refused = |from: &str, to: &str| {
        assert!(CONFIG.contains(from));
        std::fs::write(folder.join("c.toml"), CONFIG.replace(from, to)).expect("the config");
        let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        errors(&output)
    };
    let message = refused("'patient'", "'patients'");
    assert!(
        message.contains("`patients`, which `data.labels.group` names") && message.contains("`patient`?"),
        "{message}"
    );
    let message = refused("['part-b.csv', 'part-a.csv']", "'parts-*.csv'");
    assert!(message.contains("parts-*.csv: no file has such a name"), "{message}");
    let message = refused("['part-b.csv', 'part-a.csv']", "'part-a.csv'\ntest = 'part-?.csv'");
    assert!(message.contains("`patient` is `p0` in rows of the test part"), "{message}");
    let message = refused("validation = 0.25", "test_last = 4");
    assert!(message.contains("`data.test_last` draws single rows"), "{message}");
    let message = refused("['part-b.csv', 'part-a.csv']", "7");
    assert!(message.contains("a path, or a list of paths"), "{message}");
}
