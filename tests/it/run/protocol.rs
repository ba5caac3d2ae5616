//! How often a run is validated and kept, and what a stop leaves.

use std::path::Path;

use burn::train::Interrupter;
use semiseq::prelude::{Device, Error, Run, RunConfig, RunOptions};
use serde_json::Value;

use super::{SMALL, alone, summary, trained_in, weights};
use crate::common::{errors, folder, write_config};

/// The lines of `metrics.jsonl` of a stage and a split, as (epoch, step).
fn places(folder: &Path, run: &str, stage: usize, split: &str) -> Vec<(u64, u64)> {
    let text = std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).expect("metrics");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let number = |line: &Value, key: &str| line[key].as_u64().expect("a number");
    lines
        .filter(|line| line["stage"] == stage && line["split"] == split)
        .map(|line| (number(&line, "epoch"), number(&line, "step")))
        .collect()
}

/// One stage on twelve labels of sixty, so many steps long.
fn stage(objective: &str, keys: &str) -> String {
    let data = SMALL.split("[[stage]]").next().expect("what stands before the stages");
    format!("{data}[[stage]]\nbatch_size = 4\n{keys}\n[stage.objective.{objective}]\n[baseline]\nenabled = true\n")
}

#[test]
fn methods_that_are_compared_are_validated_as_often() {
    let folder = folder("as-often");
    // Epochs of 3 steps on the labels alone, of 4 with the unlabelled series beside them, of which six would be too
    // few.
    let run = |objective: &str, keys: &str| {
        trained_in(&folder, &stage(objective, keys));
        let found = summary(&folder, "runs/small");
        let steps =
            |stage| places(&folder, "runs/small", stage, "valid").into_iter().map(|(_, step)| step).collect::<Vec<_>>();
        (steps(0), steps(1), found["stages"][0]["validate_every"].as_u64())
    };
    let (alone, baseline, every) = run("supervised", "steps = 26");
    assert_eq!((&alone, every), (&vec![3, 6, 9, 12, 15, 18, 21, 24, 26], Some(3)));
    assert_eq!(alone, baseline);
    assert_eq!(run("fixmatch", "steps = 26"), (alone.clone(), alone, Some(3)));
    let (seven, baseline, _) = run("fixmatch", "steps = 26\nvalidate_every = 7");
    assert_eq!((&seven, &baseline), (&vec![7, 14, 21, 26], &vec![7, 14, 21, 26]));
}

#[test]
fn a_validation_inside_an_epoch_has_a_line_and_can_be_the_best() {
    let folder = folder("inside-an-epoch");
    let keys = "epochs = 2\nvalidate_every = 1\nearly_stopping = { metric = \"valid.loss\", patience = 50 }\n\
                [stage.optimizer.adam]\nlr = 0.3";
    trained_in(&folder, &stage("supervised", keys));
    assert_eq!(places(&folder, "runs/small", 0, "train"), [(1, 3), (2, 6)]);
    assert_eq!(places(&folder, "runs/small", 0, "valid"), [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]);
    let text = std::fs::read_to_string(folder.join("runs/small/metrics.jsonl")).expect("metrics");
    let valid: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["stage"] == 0 && line["split"] == "valid")
        .collect();
    let loss = |line: &&Value| line["loss"].as_f64().expect("a loss");
    let best = valid.iter().min_by(|left, right| loss(left).total_cmp(&loss(right))).expect("a line");
    let found = summary(&folder, "runs/small");
    assert_eq!((&found["stages"][0]["best_step"], &found["stages"][0]["best_epoch"]), (&best["step"], &best["epoch"]));
    assert_eq!(found["valid"]["loss"], best["loss"]);
}

#[test]
fn patience_counts_validations_wherever_they_are() {
    let folder = folder("patience");
    let keys = "epochs = 30\nvalidate_every = 2\nearly_stopping = { metric = \"valid.accuracy\", patience = 3 }\n\
                [stage.optimizer.sgd]\nlr = 1e-12";
    trained_in(&folder, &stage("supervised", keys));
    let stage = &summary(&folder, "runs/small")["stages"][0];
    // The best is after step 2; three validations later the third epoch is under way.
    assert_eq!((&stage["best_step"], &stage["steps"], &stage["epochs"]), (&2.into(), &8.into(), &3.into()), "{stage}");
    assert_eq!(stage["stopped_by"], "early stopping");
    assert_eq!(places(&folder, "runs/small", 0, "train"), [(1, 3), (2, 6), (3, 8)]);
}

/// What an interrupt leaves is what a whole run goes through: stopped before the first step, in the first stage's first
/// epoch, and in the baseline; before all of these killed before its first checkpoint.
#[test]
fn a_run_that_is_interrupted_anywhere_goes_on_to_the_same_numbers() {
    let _alone = alone();
    let folder = folder("anywhere");
    let text = SMALL
        .replace("epochs = 4", "epochs = 120")
        .replace("[stage.objective.mean-teacher]", "[stage.objective.tri-training]");
    let config = RunConfig::parse("small.toml", &text, &[]).expect("a config");
    let options = |out: &str, resume: bool, interrupter: Interrupter| RunOptions {
        out: Some(folder.join(out)),
        resume,
        interrupter,
        ..RunOptions::new(Device::flex())
    };
    config.run(&options("whole", false, Interrupter::new())).expect("a whole run");

    let out = folder.join("cut");
    let interrupted = |resume: bool, until: &dyn Fn(&str) -> bool| {
        let interrupter = Interrupter::new();
        let stop = interrupter.clone();
        let result = std::thread::scope(|scope| {
            let runs = scope.spawn(|| config.run(&options("cut", resume, interrupter)));
            while !runs.is_finished() && !until(&std::fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default())
            {
                std::thread::yield_now();
            }
            stop.stop(None);
            runs.join().expect("no panic")
        });
        let Err(Error::Interrupted { begun, .. }) = result else {
            panic!("{:?}", result.map(|_| "finished"));
        };
        assert_eq!(begun, out.join("checkpoint").exists(), "the message says whether there is one");
        begun
    };
    assert!(interrupted(false, &|lines| lines.contains("\"train\"")));
    std::fs::remove_dir_all(out.join("checkpoint")).expect("a checkpoint");
    // At once: while the references are computed, or before the first step.
    interrupted(true, &|_| true);
    // The lines of what was cut stand until its resuming writes its first checkpoint.
    for place in ["\"train\"", "tri-training", "baseline"] {
        let reached = |lines: &str| lines.contains(place) && out.join("checkpoint").exists();
        assert!(interrupted(true, &reached), "{place}");
    }
    let told = config.run(&options("cut", true, Interrupter::new())).expect("the rest");
    let again = config.run(&options("cut", true, Interrupter::new())).expect("nothing is left to do");
    let [told, again] = [told, again].map(|run| run.summary().expect("a summary"));
    assert!((again.wall_seconds - told.wall_seconds).abs() < 1e-9, "a number of a file may lose its last bit");

    assert!(weights(&folder, "cut") == weights(&folder, "whole"), "the weights differ");
    let (cut, whole) = (summary(&folder, "cut"), summary(&folder, "whole"));
    for part in ["valid", "test", "baseline"] {
        assert_eq!(cut[part], whole[part], "{part}");
    }
    let lines = |run: &str| {
        let text = std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).expect("metrics");
        let without_speed = |line: &str| {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            line.as_object_mut().expect("an object").remove("samples_per_second");
            line.to_string()
        };
        text.lines().map(without_speed).collect::<Vec<_>>()
    };
    assert_eq!(lines("cut"), lines("whole"));
    let epochs = |run: &str| -> Vec<String> {
        let log = std::fs::read_to_string(folder.join(run).join("experiment.log")).expect("a log");
        log.lines().filter(|line| line.contains(": epoch ")).map(str::to_string).collect()
    };
    assert_eq!(epochs("cut"), epochs("whole"), "each epoch stands in the log once");
}

/// The table of pseudo-labels is written once the run is scored, before the report is made.
#[test]
fn an_interrupt_behind_the_last_stage_ends_the_run_and_resuming_finishes_it() {
    let _alone = alone();
    let folder = folder("behind");
    let text = SMALL.replace("[stage.objective.mean-teacher]", "[stage.objective.self-training]\nthreshold = 0.3");
    let config = RunConfig::parse("small.toml", &text, &[]).expect("a config");
    let options = |out: &str, resume: bool, interrupter: Interrupter| RunOptions {
        out: Some(folder.join(out)),
        resume,
        interrupter,
        ..RunOptions::new(Device::flex())
    };
    config.run(&options("whole", false, Interrupter::new())).expect("a whole run");
    // The table is written a moment before the run looks whether to go on: on a busy machine this thread may come too
    // late.
    let cut = (0..20).find_map(|attempt| {
        let name = format!("cut-{attempt}");
        let interrupter = Interrupter::new();
        let stop = interrupter.clone();
        let result = std::thread::scope(|scope| {
            let runs = scope.spawn(|| config.run(&options(&name, false, interrupter)));
            while !runs.is_finished() && !folder.join(&name).join("self-training.csv").exists() {
                std::thread::yield_now();
            }
            stop.stop(None);
            runs.join().expect("no panic")
        });
        match result {
            Err(Error::Interrupted { .. }) => Some(name),
            Err(error) => panic!("{error}"),
            Ok(_) => None,
        }
    });
    let stopped = cut.expect("one of twenty in time");
    assert!(!folder.join(&stopped).join("summary.json").exists() && folder.join(&stopped).join("checkpoint").exists());
    config.run(&options(&stopped, true, Interrupter::new())).expect("the rest");
    let (cut, whole) = (summary(&folder, &stopped), summary(&folder, "whole"));
    for part in ["valid", "test", "baseline"] {
        assert_eq!(cut[part], whole[part], "{part}");
    }
    assert!(weights(&folder, &stopped) == weights(&folder, "whole"), "the weights differ");
}

/// What the last stage left besides the model is there after a stop in the baseline: here the table of pseudo-labels.
#[test]
fn what_the_last_stage_left_outlives_a_stop_in_the_baseline() {
    let _alone = alone();
    let folder = folder("left");
    let text = SMALL
        .replace("epochs = 4", "epochs = 60")
        .replace("validation = 0.2", "validation = \"none\"")
        .replace("[stage.objective.mean-teacher]", "[stage.objective.self-training]\nthreshold = 0.3");
    let config = RunConfig::parse("small.toml", &text, &[]).expect("a config");
    let options = |out: &str, resume: bool, interrupter: Interrupter| RunOptions {
        out: Some(folder.join(out)),
        resume,
        interrupter,
        ..RunOptions::new(Device::flex())
    };
    config.run(&options("whole", false, Interrupter::new())).expect("a whole run");
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    let result = std::thread::scope(|scope| {
        let runs = scope.spawn(|| config.run(&options("cut", false, interrupter)));
        let lines = || std::fs::read_to_string(folder.join("cut/metrics.jsonl")).unwrap_or_default();
        while !runs.is_finished() && !lines().contains("baseline") {
            std::thread::yield_now();
        }
        stop.stop(None);
        runs.join().expect("no panic")
    });
    assert!(matches!(result, Err(Error::Interrupted { .. })));
    config.run(&options("cut", true, Interrupter::new())).expect("the rest");
    let table = |run: &str| std::fs::read_to_string(folder.join(run).join("self-training.csv")).expect("a table");
    assert!(table("whole").lines().count() > 1, "someone got a label");
    assert_eq!(table("cut"), table("whole"));
}

#[cfg(unix)]
#[test]
fn a_signal_in_the_first_epoch_leaves_a_checkpoint_and_says_how_to_resume() {
    let folder = folder("signal");
    let config = write_config(&folder, &SMALL.replace("epochs = 2", "epochs = 4000"));
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_semiseq"))
        .current_dir(&folder)
        .args(["train", config, "--no-tui"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = folder.join("runs/small/metrics.jsonl");
    while !begun.exists() {
        std::thread::yield_now();
    }
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("the end");
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("the checkpoint is kept") && told.contains("`--resume`"), "{told}");
    assert!(folder.join("runs/small/checkpoint").read_dir().expect("checkpoints").next().is_some());
}
