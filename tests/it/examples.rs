//! Every example runs to its end. Cargo builds the examples beside the tests.

use std::process::Command;

#[test]
fn every_example_runs() {
    let here = std::env::current_exe().expect("this test's path");
    let folder = here.parent().and_then(|deps| deps.parent()).expect("the target folder").join("examples");
    let sources = std::fs::read_dir("examples").expect("examples");
    // Where they write.
    let own = tempfile::tempdir().expect("a folder");
    let mut count = 0;
    for source in sources.flatten().filter(|source| source.path().is_file()) {
        let name = source.path().file_stem().expect("a name").to_string_lossy().into_owned();
        let output = Command::new(folder.join(&name))
            .env("TMPDIR", own.path())
            .output()
            .unwrap_or_else(|error| panic!("{name}: {error}; build it with `cargo test`, which builds examples too"));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("accuracy"), "{name} prints its result");
        count += 1;
    }
    assert_eq!(count, 4, "an example was added or lost: update this number and the README");
}
