//! The steps that follow each window of a recording.

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Prepared, Processor, Series, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedForecasts};
use crate::tasks::measures::{Confusion, forecast_scores};
use crate::tasks::naive;
use crate::tasks::outputs::{Outputs, rows};
use crate::tasks::prediction::Prediction;
use crate::tasks::task::Task;

/// The steps that follow each window of a recording. Errors are of series as they were prepared, as forecasters are
/// compared; forecasts are told in the units of the data.
#[derive(Debug)]
pub struct Forecasting;

impl Task for Forecasting {
    fn targets(&self) -> TargetKind {
        TargetKind::Forecast
    }

    fn outputs(&self, count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Forecasts(vec![Vec::new(); count])
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let Outputs::Forecasts(forecasts) = outputs else { return };
        for (index, row) in batch.indices.iter().zip(rows(logits)) {
            forecasts[*index] = row;
        }
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        match outputs {
            Outputs::Forecasts(rows) => (forecast_scores(rows, dataset), None),
            _ => (Scores::new(), None),
        }
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Option<Box<dyn Judged>> {
        match outputs {
            Outputs::Forecasts(rows) => Some(Box::new(JudgedForecasts::new(rows, dataset, processor)?)),
            _ => None,
        }
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        let (Outputs::Forecasts(rows), Some(forecast)) = (outputs, processor.forecast()) else {
            return Prediction::Nothing;
        };
        let steps = rows[index].chunks(forecast.columns.len().max(1)).map(<[f64]>::to_vec).collect();
        Prediction::Forecast { columns: forecast.columns.clone(), steps }
    }

    fn selects_by(&self) -> &'static str {
        "mse"
    }

    fn asks_at_end(&self) -> bool {
        true
    }

    fn in_units(&self, outputs: Outputs, processor: &Processor) -> Outputs {
        match (outputs, processor.forecast()) {
            (Outputs::Forecasts(rows), Some(forecast)) => {
                let restored = rows.iter().map(|row| {
                    let values = row.iter().map(|value| *value as f32).collect();
                    processor.restored(&Series { values, channels: forecast.columns.len() })
                });
                Outputs::Forecasts(restored.collect())
            }
            (other, _) => other,
        }
    }

    fn tells_loss(&self) -> bool {
        false
    }

    fn naive(&self, data: &Prepared, season: Option<usize>) -> Vec<(&'static str, Scores)> {
        let seasonal = season.map(|season| ("seasonal_naive", season));
        [Some(("naive", 1)), seasonal]
            .into_iter()
            .flatten()
            .filter_map(|(name, season)| Some((name, naive::scores(data, season)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use semiseq_datasets::{DataConfig, WindowsConfig, prepare};

    use super::*;
    use crate::fixtures::folder;

    /// Two channels, of which both are forecast: one around 100, one around -5.
    #[test]
    fn forecasts_are_told_in_the_units_of_the_data() {
        let path = folder("units").join("recording.csv");
        let rows: String =
            (0..60).map(|row| format!("{},{}\n", 98 + 4 * (row % 2), -5.0 + f64::from(row % 2))).collect();
        std::fs::write(&path, format!("a,b\n{rows}")).expect("a recording");
        let windows = WindowsConfig { input: 4, horizon: 2, ..WindowsConfig::default() };
        let config = DataConfig { source: path.display().to_string(), windows: Some(windows), ..DataConfig::default() };
        let data = prepare(&config, TargetKind::Forecast).expect("windows");
        let said = Outputs::Forecasts(vec![vec![0.0, 0.0, 1.0, -1.0]]);
        let said = Forecasting.in_units(said, &data.processor);
        let Prediction::Forecast { columns, steps } = Forecasting.prediction(&said, 0, &data.processor) else {
            panic!("{said:?}")
        };
        assert_eq!(columns, ["a", "b"]);
        // Means 100 and -4.5, deviations 2 and 0.5.
        for (found, expected) in steps.concat().iter().zip([100.0, -4.5, 102.0, -5.0]) {
            assert!((found - expected).abs() < 1e-4, "{steps:?}");
        }
    }
}
