//! Sequences of one length that are read as a whole.

use burn::tensor::Tensor;

/// What an encoder reads at once: a decoder or generator that goes with it writes the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Rows: steps of a sequence.
    pub height: usize,
    /// Columns: channels.
    pub width: usize,
    /// How it is read, and written.
    pub kind: ImageKind,
}

/// Which layers read and write an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageKind {
    /// Fully connected ones.
    Dense,
    /// Convolutions with so many maps.
    Convolutional([usize; 2]),
}

/// Sequences as an encoder of so many steps reads them: nothing but zeros behind the end of each.
///
/// # Shapes
///
/// - input: `[batch, time, channels]`, mask: `[batch, time]`, 1 at real steps; output: `[batch, steps, channels]`
pub(crate) fn read(input: Tensor<3>, mask: Option<Tensor<2>>, steps: usize) -> Tensor<3> {
    let real = match mask {
        Some(mask) => input * mask.unsqueeze_dim(2),
        None => input,
    };
    fitted(real, steps)
}

/// Sequences cut, or filled with zeros, to so many steps. `[batch, time, channels]`
pub(crate) fn fitted(input: Tensor<3>, steps: usize) -> Tensor<3> {
    let [batch, time, channels] = input.dims();
    if time >= steps {
        return if time == steps { input } else { input.narrow(1, 0, steps) };
    }
    let zeros = Tensor::zeros([batch, steps - time, channels], &input.device());
    Tensor::cat(vec![input, zeros], 1)
}
