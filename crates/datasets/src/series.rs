//! A series of values.

/// A series of one or more channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Row-major `[time, channels]`; NaN where a value is missing, until the processor fills it.
    pub values: Vec<f32>,
    /// Channels of each step.
    pub channels: usize,
}

impl Series {
    /// Steps.
    pub fn time(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }
}
