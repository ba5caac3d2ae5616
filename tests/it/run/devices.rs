//! Several devices come to the numbers of one: each objective, with dropout, and through checkpoints that go from one
//! number of devices to another; and a run with `devices` in its config.

use super::{SMALL, alone, summary};
use crate::common::{errors, folder, semiseq, write_config};
use crate::run::stage::{Stage, of_every_objective, series};

/// How far two lists of single-precision numbers, given as bits, are apart.
fn apart(one: &[u32], other: &[u32]) -> f32 {
    assert_eq!(one.len(), other.len());
    let pairs = one.iter().zip(other).map(|(one, other)| (f32::from_bits(*one) - f32::from_bits(*other)).abs());
    // A number that is none is far from all.
    pairs.fold(0.0, |most, gap| if gap <= most { most } else { gap })
}

#[test]
fn every_objective_learns_on_several_devices_what_it_learns_on_one() {
    let _alone = alone();
    let mut differ = Vec::new();
    let mut configs = of_every_objective(&folder("devices"));
    // With a pass back inside its step.
    let penalty = series("gan").replace("[stage.objective.gan]", "[stage.objective.gan]\nloss = \"wgan-gp\"");
    configs.push(("gan with a penalty".into(), penalty));
    for (name, config) in configs {
        // Adam divides by the size of gradients, and would make much of the last digit of small ones.
        let config = config.replace("[stage.optimizer.adam]\nlr = 1e-2", "[stage.optimizer.sgd]\nlr = 1e-1");
        let stage = Stage::new(&config);
        let one = stage.end(&[], 1);
        // Batches of 4 and 8 rows are uneven for three.
        for (what, several) in [
            ("2 devices", stage.end(&[], 2)),
            ("3 devices", stage.end(&[], 3)),
            ("1, then 3, then 2 devices", stage.end(&[(1, 1), (3, 3)], 2)),
        ] {
            let (model, objective) = (apart(&one.0, &several.0), apart(&one.1, &several.1));
            if !(model < 1e-5 && objective < 1e-5) {
                differ.push(format!("{name}, {what}: model {model:e}, objective {objective:e}"));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn gathered_batches_learn_on_several_devices_too() {
    let _alone = alone();
    for objective in ["mean-teacher", "co-training", "adversarial"] {
        let config = series(objective)
            .replace("[stage.optimizer.adam]\nlr = 1e-2", "[stage.optimizer.sgd]\nlr = 1e-1")
            .replace("epochs = 2", "epochs = 3\ngradient_accumulation = 2");
        let stage = Stage::new(&config);
        let (one, two) = (stage.end(&[], 1), stage.end(&[], 2));
        assert!(apart(&one.0, &two.0) < 1e-5 && apart(&one.1, &two.1) < 1e-5, "{objective}");
    }
}

/// What a run has learned, from its folder.
fn weights(folder: &std::path::Path, run: &str) -> Vec<u32> {
    let bytes = std::fs::read(folder.join(run).join("model.safetensors")).expect("a model");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    bytes[header..].chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().expect("four bytes"))).collect()
}

#[test]
fn a_run_names_its_devices_and_goes_on_on_others() {
    let _alone = alone();
    let folder = folder("named");
    let config = write_config(&folder, SMALL);
    let train = |out: &str, rest: &[&str]| {
        let output = semiseq(&folder, &[&["train", config, "--out", out, "--no-tui"], rest].concat());
        assert!(output.status.success(), "{}", errors(&output));
        errors(&output)
    };
    train("one", &[]);
    let told = train("two", &["--set", "devices=[\"flex\",\"flex\"]"]);
    assert!(told.contains("2 devices share the passes"), "{told}");
    let (one, two) = (summary(&folder, "one"), summary(&folder, "two"));
    assert_eq!((&one["backend"], &two["backend"]), (&"flex".into(), &"flex".into()));
    assert_eq!(one["test"]["accuracy"], two["test"]["accuracy"]);
    assert!(apart(&weights(&folder, "one"), &weights(&folder, "two")) < 1e-3);
    // The same devices come to the same bits.
    train("again", &["--set", "devices=[0,0]"]);
    assert_eq!(weights(&folder, "two"), weights(&folder, "again"));
    // A finished run is finished, whatever devices it is asked to go on with; another config is still refused.
    let told = train("two", &["--resume"]);
    assert!(told.contains("is finished already"), "{told}");
    let other = semiseq(&folder, &["train", config, "--out", "two", "--resume", "--set", "seed=9"]);
    assert_eq!(other.status.code(), Some(2));
}

#[test]
fn devices_that_are_none_are_refused() {
    let folder = folder("no-devices");
    let config = write_config(&folder, SMALL);
    for (devices, expected) in [
        ("devices=[0,1]", "the backend `flex` has no device 1"),
        ("devices=[\"cuda:0\",\"cuda:1\"]", "the backend `cuda` is not in this build"),
        ("strategy=ddp", "gradients averaged over devices"),
    ] {
        let output = semiseq(&folder, &["train", config, "--set", devices]);
        assert_eq!(output.status.code(), Some(2), "{devices}");
        assert!(errors(&output).contains(expected), "{devices}: {}", errors(&output));
    }
    let output = semiseq(&folder, &["train", config, "--backend", "flex", "--set", "devices=[\"flex\"]"]);
    assert!(errors(&output).contains("has no say where `devices` names backends"), "{}", errors(&output));
}
