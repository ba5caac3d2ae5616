//! The samples of a file.

/// The samples of a file, its channels mixed to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// `[samples]`, in [-1, 1] but for floats that go beyond.
    pub samples: Vec<f32>,
    /// Samples a second, in Hz.
    pub rate: u32,
    /// Channels whose mean they are.
    pub channels: u32,
}
