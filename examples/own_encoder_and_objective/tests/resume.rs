//! The program as its user runs it: killed, resumed, and the folder that it leaves.

use std::path::Path;
use std::process::{Command, Stdio};

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-encoder-and-objective"));
    command.current_dir(folder).args(arguments).args(["stage.0.steps=400", "stage.0.validate_every=5"]);
    command
}

#[test]
fn a_killed_run_of_ones_own_parts_resumes_to_the_same_weights_and_predicts() {
    let (whole, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let output = program(whole.path(), &[]).output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("balanced") && text.contains("labelled only (baseline)"), "{text}");
    assert!(text.contains("a rising edge is a bell"), "{text}");

    let folder = killed.path().join("runs/own");
    let mut child = program(killed.path(), &["stage.0.checkpoint_every=20"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    while !folder.join("checkpoint/2").exists() && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    child.kill().expect("a kill");
    child.wait().expect("the end");
    assert!(!folder.join("summary.json").exists(), "it was killed on its way");
    let resumed =
        program(killed.path(), &["stage.0.checkpoint_every=20", "--resume"]).output().expect("the program starts");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));

    let read = |folder: &Path, name: &str| std::fs::read(folder.join("runs/own").join(name)).expect("a file");
    assert!(read(whole.path(), "model.safetensors") == read(killed.path(), "model.safetensors"), "the weights differ");
    let report = String::from_utf8(read(killed.path(), "report.html")).expect("a page");
    assert!(report.contains("balanced") && report.contains("confidence"), "the report tells of the objective");
}
