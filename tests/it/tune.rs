//! `tune`: settings that do better on labels left out.

use serde_json::Value;

use crate::common::{errors, folder, semiseq, write_config};

const SMALL: &str = include_str!("common/small.toml");

#[test]
fn trials_are_judged_on_labels_left_out_and_never_on_the_test_part() {
    let folder = folder("tune");
    write_config(&folder, SMALL);
    let space = "\"stage.1.optimizer.adam.lr\" = { log = [1e-3, 3e-2] }\n\"model.classifier.encoder.gru.hidden\" = { \
                 choice = [4, 8] }\n";
    std::fs::write(folder.join("space.toml"), space).expect("a space");
    let command = ["tune", "c.toml", "--trials", "4", "--space", "space.toml", "--jobs", "2", "--json"];
    let first = semiseq(&folder, &command);
    assert!(first.status.success(), "{}", errors(&first));
    let told = errors(&first);
    assert!(told.contains("validation part is left out"), "{told}");
    // Four trials for a third of the steps, then the best two (or the config as it is beside them) for all, on four
    // folds.
    assert!(told.contains("round 1 of 2: 4 trials for 1/3") && told.contains("16 cells, 16 to run"), "{told}");
    let table: Value = serde_json::from_slice(&first.stdout).expect("one JSON object");
    assert_eq!((&table["metric"], &table["folds"]), (&"accuracy".into(), &4.into()));
    let rows = table["trials"].as_array().expect("trials");
    assert_eq!(rows.len(), 4);
    let whole: Vec<f64> =
        rows.iter().filter(|row| row["divisor"] == 1).map(|row| row["mean"].as_f64().expect("a mean")).collect();
    assert!((2..=3).contains(&whole.len()) && whole.is_sorted_by(|left, right| left >= right), "{table}");
    let own = rows.iter().find(|row| row["trial"] == 0).expect("the config as it is");
    assert_eq!((&own["divisor"], &own["settings"]), (&1.into(), &serde_json::json!([null, null])));

    // No run saw the test part, and each left another label out.
    let cells = folder.join("runs/tune-small/cells");
    let summaries: Vec<Value> = std::fs::read_dir(&cells)
        .expect("cells")
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("summary.json")).ok())
        .map(|text| serde_json::from_str(&text).expect("JSON"))
        .collect();
    assert!(summaries.len() >= 24, "{}", summaries.len());
    for summary in &summaries {
        assert_eq!((&summary["n_test"], &summary["n_valid"], &summary["n_labeled"]), (&0.into(), &3.into(), &9.into()));
    }

    // The same command again finds everything done, and says the same.
    let second = semiseq(&folder, &command);
    assert!(errors(&second).contains("16 cells, 0 to run"), "{}", errors(&second));
    assert_eq!(first.stdout, second.stdout);
    let best = folder.join("runs/tune-small/best.toml");
    if rows[0]["trial"] != 0 && rows[0]["mean"] != own["mean"] {
        let text = std::fs::read_to_string(best).expect("the best config");
        // It is the user's config but for the settings: with its validation part and its baseline.
        assert!(text.contains("validation = 0.2") && text.contains("name = \"small\""), "{text}");
    } else {
        assert!(!best.exists() && told.contains("nothing did better"), "{told}");
    }
}

#[test]
fn what_cannot_be_tuned_is_told_before_anything_runs() {
    let folder = folder("tune-wrong");
    let stopping =
        SMALL.replace("epochs = 4", "epochs = 4\nearly_stopping = { metric = \"valid.loss\", patience = 2 }");
    std::fs::write(folder.join("stopping.toml"), stopping).expect("a config");
    write_config(&folder, SMALL);
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a space");
    write("empty.toml", "");
    write("range.toml", "\"stage.1.optimizer.adam.lr\" = { log = [1e-2, 1e-3] }\n");
    write("kind.toml", "\"stage.1.optimizer.adam.lr\" = { lgo = [1e-3, 1e-2] }\n");
    write("key.toml", "\"stage.1.optimizer.adam.rate\" = { log = [1e-3, 1e-2] }\n");
    for (arguments, told) in [
        (vec!["stopping.toml"], "`stage.1.early_stopping` would choose weights by the labels"),
        (vec!["c.toml", "--space", "none.toml"], "none.toml: cannot be read"),
        (vec!["c.toml", "--space", "empty.toml"], "names no key"),
        (vec!["c.toml", "--space", "range.toml"], "must go from a number to a larger one, got [0.01, 0.001]"),
        (vec!["c.toml", "--space", "kind.toml"], "`stage.1.optimizer.adam.lr`"),
        (vec!["c.toml", "--space", "key.toml"], "rate"),
        (vec!["c.toml", "--trials", "0"], "--trials"),
    ] {
        let output = semiseq(&folder, &[vec!["tune"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{told}: {}", errors(&output));
        assert!(errors(&output).contains(told), "{told}: {}", errors(&output));
    }
    assert!(!folder.join("runs").exists());
}
