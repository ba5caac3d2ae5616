//! A stage that is stopped between any two of its steps goes on to the numbers of one that never was: each objective,
//! inside an epoch, from the files of its checkpoint.

use crate::common::folder;
use crate::run::stage::{Stage, of_every_objective, series};

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
