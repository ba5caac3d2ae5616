//! A stage that is stopped between any two of its steps goes on to the numbers of one that never was: each objective,
//! inside an epoch, from the files of its checkpoint.

use crate::common::folder;
use crate::run::stage::{REST, STAGE, Stage, of_every_objective, series};

#[test]
fn every_objective_goes_on_inside_an_epoch_bit_for_bit() {
    let _alone = super::alone();
    let mut configs = of_every_objective(&folder("inside"));
    configs.push((
        "mean-teacher, gathered batches".into(),
        series("mean-teacher").replace("epochs = 2", "epochs = 3\ngradient_accumulation = 2"),
    ));
    let mut differ = Vec::new();
    for (name, config) in &configs {
        let stage = Stage::new(config);
        let whole = stage.end(&[], 1);
        // In the first epoch; where a validation is due, which is so inside an epoch and at its end; and in the second
        // epoch.
        let resumed = stage.end(&[(1, 1), (3, 1), (5, 1)], 1);
        for (what, same) in
            [("model", whole.0 == resumed.0), ("objective", whole.1 == resumed.1), ("metrics", whole.2 == resumed.2)]
        {
            if !same {
                differ.push(format!("{name}: {what}"));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:?}");
}

#[test]
fn packed_data_go_on_inside_an_epoch_as_those_in_memory() {
    let _alone = super::alone();
    let folder = folder("packed-inside");
    let row = |row: usize| format!("{row}.5,{},{}.25,-{row},{}\n", row % 7, row * 3 % 11, row % 2);
    let table = format!("t0,t1,t2,t3,label\n{}", (0..60).map(row).collect::<String>());
    std::fs::write(folder.join("set.csv"), table).expect("data");
    let config = |packed: &str| {
        format!(
            "[data]\nsource = \"{}\"\nvalidation = 0.2\npacked = {packed}\n[data.labels]\nper_class = \
             4\n[model.classifier]\ndropout = 0.3\n[model.classifier.encoder.gru]\nhidden = 4\n\
             [[stage]]\n{STAGE}[stage.objective.mean-teacher]\n{REST}",
            folder.join("set.csv").display()
        )
    };
    let memory = Stage::new(&config("false"));
    let packed = Stage::new(&config(&format!("\"{}\"", folder.join("cache").display())));
    assert!(packed.data.train.is_packed() && !memory.data.train.is_packed());
    let whole = memory.end(&[], 1);
    assert!(packed.end(&[(1, 1), (3, 1), (5, 1)], 1) == whole && packed.end(&[], 1) == whole);
}
