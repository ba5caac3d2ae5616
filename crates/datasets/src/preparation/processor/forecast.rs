//! What is forecast from what.

use serde::{Deserialize, Serialize};

use crate::preparation::windows::WindowsConfig;

/// What is forecast from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forecast {
    /// How recordings are cut.
    pub windows: WindowsConfig,
    /// Names of the channels that are forecast: the first of the input.
    pub columns: Vec<String>,
}
