//! The CPU's kernels on narrower instruction sets than this machine's best, as other machines have: this program, run
//! anew with `SEMISEQ_ISA`.

use std::process::Command;

use semiseq_kernels::{instruction_set, processor_features};

/// Tests that run on CPU backends alone and compare with the composed operations.
const TESTS: [&str; 4] = [
    "fused::random_sizes_masks_and_states_agree",
    "fused::sizes_that_threads_share_agree",
    "fused::sequences_that_are_taken_in_parts_agree",
    "isa::the_named_set_is_used",
];

/// What a run of this program with that instruction set prints, and whether it succeeded.
fn run(isa: &str, tests: &[&str]) -> (bool, String) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["--exact"]).args(tests).env("SEMISEQ_ISA", isa).output();
    let output = output.expect("this program starts");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn narrower_vectors_agree() {
    if instruction_set().is_ok_and(|used| used.is_none()) {
        return;
    }
    let narrower = if processor_features().contains(&"avx2") { vec!["avx2", "scalar"] } else { vec!["scalar"] };
    for isa in narrower {
        let (succeeded, printed) = run(isa, &TESTS);
        assert!(succeeded, "{isa}: {printed}");
        assert!(printed.contains(&format!("{} passed", TESTS.len())), "a test has another name: {printed}");
    }
}

/// Means something where `narrower_vectors_agree` runs it.
#[test]
fn the_named_set_is_used() {
    let Ok(named) = std::env::var("SEMISEQ_ISA") else { return };
    match named.as_str() {
        "avx2" | "scalar" => assert_eq!(instruction_set().expect("a known set"), Some(&named[..])),
        _ => {
            let error = instruction_set().expect_err("an unknown set");
            assert!(error.message.contains(&named) && error.hint.contains("avx2"), "{error}; {}", error.hint);
        }
    }
}

#[test]
fn an_unknown_set_is_an_error() {
    let (succeeded, printed) = run("avx9", &["isa::the_named_set_is_used"]);
    assert!(succeeded && printed.contains("1 passed"), "{printed}");
}
