//! What `predict` says beside a prediction of how far it is to be trusted: a column each.

use semiseq::prelude::*;
use semiseq::training::OutOfClass;
use serde_json::{Map, Value, json};

use super::dropout::check_dropout;

/// Seeds the dropout of the passes, so that the same sequences get the same answer.
const SEED: u64 = 0;

/// Columns that stand behind the predictions, a row for each.
#[derive(Default)]
pub(super) struct FurtherColumns {
    names: Vec<&'static str>,
    rows: Vec<Vec<f64>>,
}

impl FurtherColumns {
    fn add(&mut self, names: &[&'static str], rows: impl Iterator<Item = Vec<f64>>) {
        self.names.extend(names);
        match self.rows.is_empty() {
            true => self.rows = rows.collect(),
            false => self.rows.iter_mut().zip(rows).for_each(|(all, row)| all.extend(row)),
        }
    }

    /// Behind a header, with a comma before each.
    pub fn header(&self) -> String {
        self.names.iter().map(|name| format!(",{name}")).collect()
    }

    /// Behind a row, with a comma before each.
    pub fn cells(&self, row: usize) -> String {
        self.rows.get(row).into_iter().flatten().map(|value| format!(",{value:.6}")).collect()
    }

    /// Adds them to a prediction as JSON.
    pub fn extend(&self, row: usize, object: &mut Map<String, Value>) {
        let values = self.rows.get(row).into_iter().flatten();
        object.extend(self.names.iter().zip(values).map(|(name, value)| (name.to_string(), json!(value))));
    }
}

/// What a run says of prepared sequences: in one pass, or as the mean of `samples` passes with dropout; with the
/// columns that were asked for.
pub(super) fn predicted(
    run: &SavedRun,
    dataset: &Dataset,
    samples: Option<usize>,
    out_of_class: bool,
) -> Result<(Outputs, FurtherColumns), Error> {
    let mut columns = FurtherColumns::default();
    let outputs = match samples {
        None => run.predict(dataset)?,
        Some(passes) => {
            check_dropout(run, "`--samples`", "leave `--samples` out")?;
            let sampled = run.predict_sampled(dataset, passes, SEED)?;
            columns.add(sampled.names, sampled.spread.into_iter());
            sampled.outputs
        }
    };
    if out_of_class {
        columns.add(&OutOfClass::NAMES, run.out_of_class(dataset)?.into_iter().map(|row| row.values().to_vec()));
    }
    Ok((outputs, columns))
}
