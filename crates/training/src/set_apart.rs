//! The labels that a run sets apart to calibrate its classifier.

use std::sync::Arc;

use semiseq_datasets::{Prepared, TargetKind, Validation};

use crate::config::{CalibrateConfig, RunConfig};
use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::tasks::{Judge, Predictor, Purpose, least_labels};

/// The data with a part set apart for calibration, where the config asks for one and it is not set apart yet.
///
/// # Errors
///
/// Where the run has no probabilities of classes, or too few labels.
pub(crate) fn set_apart<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: Arc<Prepared>,
) -> Result<Arc<Prepared>, Error> {
    let Some(calibrate) = config.calibrate.as_ref().filter(|_| data.calibration.is_empty()) else { return Ok(data) };
    check_purpose(calibrate, Purpose::of(config), data.processor.classes().len())?;
    if config.data.validation == Some(Validation::Cross) {
        return Err(Error::input(
            "`[calibrate]` and `data.validation = \"cross\"` both take labels away from training",
            "leave one of them out",
        ));
    }
    let data = Arc::unwrap_or_clone(data).with_calibration(calibrate.from, calibrate.share())?;
    let (labels, error) = (data.calibration.len(), calibrate.conformal.unwrap_or(1.0));
    let least = least_labels(error);
    if labels < least {
        return Err(Error::input(
            format!("`calibrate.conformal = {error}` needs {least} labels, and there are {labels} to calibrate by"),
            "take more with `calibrate.fraction`, or allow more errors",
        ));
    }
    Ok(data.into())
}

/// Whether a run has what is to be calibrated.
fn check_purpose(config: &CalibrateConfig, purpose: Purpose, classes: usize) -> Result<(), Error> {
    let says = purpose.predictor == Predictor::Head && purpose.scored_by == Judge::Predictions;
    if !says || !matches!(purpose.targets, TargetKind::Classify | TargetKind::Tag) {
        return Err(Error::input(
            "`[calibrate]` is for the probabilities of a classifier or a tagger, and this run ends with none",
            "leave it out, or end with a stage that learns classes",
        ));
    }
    let whole = purpose.targets == TargetKind::Classify;
    if config.conformal.is_some() && !whole {
        return Err(Error::input(
            "`calibrate.conformal` needs rows that do not depend on each other, which steps of a sequence do",
            "leave it out; `temperature` is for taggers too",
        ));
    }
    if config.threshold.is_some() && !(whole && classes == 2) {
        return Err(Error::input(
            format!("`calibrate.threshold` parts two classes of whole sequences, and there are {classes} classes here"),
            "leave it out",
        ));
    }
    Ok(())
}
