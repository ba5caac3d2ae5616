//! `validation = "cross"`: scores on labels that are left out, at no cost of labels.

use semiseq::prelude::*;

use super::{SMALL, summary, trained_in, weights};
use crate::common::{errors, folder, semiseq, write_config};

#[test]
fn every_label_is_left_out_once_and_none_is_spent() {
    let folder = folder("cross");
    let config = |validation: &str| SMALL.replace("validation = 0.2", &format!("validation = \"{validation}\""));
    trained_in(&folder, &config("none").replace("name = \"small\"", "name = \"none\""));
    let output = semiseq(&folder, &["train", write_config(&folder, &config("cross")), "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("fold 4 of 4: accuracy"), "{}", errors(&output));
    let found = summary(&folder, "runs/small");
    assert_eq!((&found["n_labeled"], &found["n_valid"], &found["n_labels_used"]), (&12.into(), &0.into(), &12.into()));
    assert!(weights(&folder, "runs/small") == weights(&folder, "runs/none"), "folds come beside the run, not into it");
    assert_eq!(found["test"], summary(&folder, "runs/none")["test"]);

    // Each fold's run saw nine labels and no test part; the mean is that of its scores.
    let mut sum = 0.0;
    for fold in 1..=4 {
        let one = summary(&folder, &format!("runs/small/folds/{fold}"));
        assert_eq!((&one["n_labeled"], &one["n_valid"], &one["n_test"]), (&9.into(), &3.into(), &0.into()));
        assert_eq!(one["test"], serde_json::json!({}));
        sum += one["valid"]["accuracy"].as_f64().expect("an accuracy");
    }
    let cross = &found["cross_validation"];
    assert_eq!(cross["folds"], 4);
    assert!((cross["mean"]["accuracy"].as_f64().expect("a mean") - sum / 4.0).abs() < 1e-9, "{cross}");
    let told = format!("on labels left out: accuracy {:.4} ±", sum / 4.0);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&told), "{told}");

    // A run that was stopped on its way through the folds goes on where it was.
    std::fs::remove_file(folder.join("runs/small/summary.json")).expect("a summary");
    std::fs::remove_dir_all(folder.join("runs/small/folds/4")).expect("a fold");
    let before = std::fs::metadata(folder.join("runs/small/folds/1/summary.json")).and_then(|file| file.modified());
    let again = semiseq(&folder, &["train", "c.toml", "--no-tui", "--resume"]);
    assert!(again.status.success(), "{}", errors(&again));
    assert_eq!(summary(&folder, "runs/small")["cross_validation"], *cross);
    let after = std::fs::metadata(folder.join("runs/small/folds/1/summary.json")).and_then(|file| file.modified());
    assert_eq!(before.expect("a time"), after.expect("a time"), "a fold that is through is not run again");
}

#[test]
fn folds_need_labels_and_stand_alone() {
    let checked = |data: &str| {
        let text = format!(
            "[data]\n{data}[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = \
             2\n[stage.objective.supervised]\n"
        );
        RunConfig::parse("c.toml", &text, &[]).map(|_| ()).map_err(|error| error.in_full())
    };
    let cross = "source = \"cbf\"\nvalidation = \"cross\"\n";
    assert_eq!(checked(cross), Ok(()));
    let beside = checked(&format!("{cross}valid = \"v.csv\"\n")).unwrap_err();
    assert!(beside.contains("`data.validation`") && beside.contains("beside a validation part"), "{beside}");
    let twice = checked(&format!("{cross}labels.fold = [1, 5]\n")).unwrap_err();
    assert!(twice.contains("`data.labels.fold`") && twice.contains("asks for another"), "{twice}");
    let none = checked("source = \"cbf\"\nlabels.fold = [6, 5]\n").unwrap_err();
    assert!(none.contains("got [6, 5]"), "{none}");

    let folder = folder("cross-refused");
    let alone = SMALL.replace("validation = 0.2", "validation = \"cross\"").replace("per_class = 4", "per_class = 1");
    let output = semiseq(&folder, &["train", write_config(&folder, &alone), "--no-tui"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("3 labels, one per class, cannot be cut into folds"), "{}", errors(&output));
    let stages = SMALL.split("[[stage]]").next().expect("what stands before the stages");
    let nothing = stages.replace("validation = 0.2", "validation = \"cross\"");
    let nothing = format!("{nothing}[[stage]]\nsteps = 2\n[stage.objective.autoencoder]\n");
    let output = semiseq(&folder, &["train", write_config(&folder, &nothing), "--no-tui"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("this run learns from none"), "{}", errors(&output));
    assert!(!folder.join("runs").exists());
}
