//! Files of other programs through the commands: what they hold, a new config for them, training and predictions.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};
use serde_json::Value;

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/files/tests/fixtures");
    folder.join(name).display().to_string()
}

#[test]
fn each_format_is_known_by_its_name_and_has_a_config() {
    let folder = folder("formats");
    let listed = semiseq(&folder, &["data", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for (name, format, sequences) in
        [("packed.npz", "npz", 4), ("fortran.npy", "npy", 2), ("relational.arff", "arff", 3)]
    {
        assert!(listed.contains(&format!("\n  {format} ")), "{listed}");
        let info = semiseq(&folder, &["data", "info", &fixture(name), "--json"]);
        assert!(info.status.success(), "{}", errors(&info));
        let info: Value = serde_json::from_slice(&info.stdout).expect("JSON");
        assert_eq!(
            (&info["train"]["kind"], &info["train"]["sequences"]),
            (&"series".into(), &sequences.into()),
            "{name}"
        );
        let made = semiseq(&folder, &["new", &fixture(name)]);
        assert!(made.status.success(), "{}", errors(&made));
    }
    let missing = semiseq(&folder, &["data", "info", &fixture("wide.parquet")]);
    if !missing.status.success() {
        assert_eq!(missing.status.code(), Some(2));
        assert!(errors(&missing).contains("--features parquet"), "{}", errors(&missing));
    }
}

#[test]
fn a_tagger_learns_what_was_noted_in_a_recording() {
    let folder = folder("formats-signals");
    let source = fixture("sleep.edf");
    let config = format!(
        "name = 'sleep'\n[data]\nsource = '{source}'\nfeatures = ['EEG Fpz-Cz']\n[data.segment]\nwindow = 0.5\nper = \
         'step'\n\
         [model.tagger.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = \
         2\n[stage.objective.supervised]\n[baseline]\nenabled = false\n"
    );
    let trained = semiseq(&folder, &["train", write_config(&folder, &config), "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let predicted = semiseq(&folder, &["predict", "runs/sleep", &source]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    let table = String::from_utf8_lossy(&predicted.stdout).into_owned();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("index,id,step,prediction,p_"), "{}", lines[0]);
    assert!(lines.len() == 1 + 12 * 50 && lines[51].starts_with("1,sleep@0.5,0,"), "{} {}", lines.len(), lines[51]);
    let wrong = config.replace("'EEG Fpz-Cz'", "'EEG'").replace("name = 'sleep'", "name = 'wrong'");
    let refused = semiseq(&folder, &["train", write_config(&folder, &wrong), "--no-tui"]);
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
    assert!(
        errors(&refused).contains("no channel `EEG`; there are `EEG Fpz-Cz`, `EOG horizontal`"),
        "{}",
        errors(&refused)
    );
}
