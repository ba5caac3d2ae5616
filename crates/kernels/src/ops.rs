//! The fused operations as Burn's backends see them.

#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

#[cfg(feature = "cpu")]
use crate::adam_step::AdamStep;
use crate::cell::Cell;
#[cfg(feature = "cpu")]
use crate::cpu::Recurrence;
use crate::weights::Direction;

/// A whole sequence of one layer and direction, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait RecurrentOps: Backend {
    /// Output `[batch, time, hidden]`, last `h` and last `c`, both `[batch, hidden]`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`, read only where `masked`
    /// - hidden, memory: `[batch, hidden]`
    /// - weights and biases: as in [`Weights`](crate::Weights)
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn recurrence(
        input: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        input_weight: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        cell: Cell,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same in both directions: output `[batch, time, 2 * hidden]`, last `h` and last `c`, both
    /// `[2, batch, hidden]`, as are hidden and memory.
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn both_recurrences(
        input: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        input_weight: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        back_input_weight: FloatTensor<Self>,
        back_recurrent_weight: FloatTensor<Self>,
        back_input_bias: FloatTensor<Self>,
        back_recurrent_bias: FloatTensor<Self>,
        cell: Cell,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Recurrences that work channel by channel, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait ScanOps: Backend {
    /// Output `[batch, time, …]` and the last states, as `initial`.
    ///
    /// # Shapes
    ///
    /// - first, second: as the [`Recurrence`] says
    /// - mask: `[batch, time]`, read only where `masked`
    /// - initial: `[batch, states · channels]`
    fn scan(
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        recurrence: Recurrence,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// A linear layer's output against classes, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait CrossEntropyOps: Backend {
    /// The cross-entropy of each row with each of its classes, `[rows, picks]`.
    ///
    /// # Shapes
    ///
    /// - input: `[rows, width]`, weight: `[width, classes]`, bias: `[classes]`
    /// - classes: `[rows, picks]`
    fn linear_cross_entropy(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        classes: std::sync::Arc<[usize]>,
        picks: usize,
    ) -> FloatTensor<Self>;
}

/// A linear layer's output against values, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait SquaredErrorOps: Backend {
    /// The mean over the outputs of each row's squared error, `[rows]`.
    ///
    /// # Shapes
    ///
    /// - input: `[rows, width]`, weight: `[width, outputs]`, bias: `[outputs]`, targets: `[rows, outputs]`
    fn linear_squared_error(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The mean over time, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait MeanOps: Backend {
    /// `[batch, width]`, over the steps that the mask shows, or over all.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, width]`, mask: `[batch, time]`, read only where `masked`
    fn mean_over_time(input: FloatTensor<Self>, mask: FloatTensor<Self>, masked: bool) -> FloatTensor<Self>;
}

/// The hyperbolic tangent, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait TanhOps: Backend {
    /// The tangent of each value, of the same shape.
    fn tanh(input: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// What is dropped of a tensor.
#[cfg(feature = "cpu")]
#[derive(Clone, Copy, Debug)]
pub struct Drops {
    /// Decides with a value's place whether it is dropped.
    pub seed: u64,
    /// The place of the first value: that of a part of a larger tensor is not 0.
    pub first: usize,
    /// That a value is dropped.
    pub probability: f64,
    /// What the others are multiplied by.
    pub scale: f32,
}

/// Dropout, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait DropoutOps: Backend {
    /// The tensor with some values dropped, of the same shape.
    fn dropout(input: FloatTensor<Self>, drops: Drops) -> FloatTensor<Self>;
}

/// The vectors of tokens, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait EmbeddingOps: Backend {
    /// Rows of a table, `[tokens, width]`.
    ///
    /// # Shapes
    ///
    /// - table: `[vocabulary, width]`, tokens: each below `vocabulary`
    fn embedding(table: FloatTensor<Self>, tokens: std::sync::Arc<[usize]>) -> FloatTensor<Self>;
}

/// What happens to gradients and weights between two passes, on backends whose tensors lie in this process's memory.
#[cfg(feature = "cpu")]
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"))]
pub trait WeightOps: Backend {
    /// Weights and both moments after the step. All of one shape.
    fn adam(
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// `keep · old + (1 - keep) · new`, both of one shape.
    fn blend(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self>;

    /// `[1]`
    fn sum_of_squares(tensor: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The tensor times a number, `[1]`.
    fn scale(tensor: FloatTensor<Self>, factor: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// A whole sequence of one layer and direction after the input's projection, on backends whose kernels run on
/// another processor: the products over all steps are Burn's own.
#[cfg(feature = "gpu")]
#[backend_extension(Cube, Fusion, Autodiff)]
pub trait RecurrentGpuOps: Backend {
    /// States `[batch, time + 2, hidden]` and what the pass back needs. The states lie in the order of time, with the
    /// initial one where reading begins; the last row is the memory.
    ///
    /// # Shapes
    ///
    /// - projected: `[batch, time, gates * hidden]`, without a bias
    /// - mask: `[batch, time]`, read only where `masked`
    /// - initial: `[1, batch, hidden]`, or `[2, batch, hidden]` for a cell with memory; read only where `started`, else
    ///   zeros
    /// - recurrent_weight: `[gates * hidden, hidden]`, biases: `[gates * hidden]`
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    #[fusion(meta = recurrence_on_gpu_metadata)]
    fn recurrence_on_gpu(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        #[fusion(scalar = cell.code())] cell: Cell,
        #[fusion(scalar = direction as u32)] direction: Direction,
        masked: bool,
        started: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of the gates' sums, `[batch, time, parts * hidden]`, and of the initial state where the pass
    /// forward was `started` from one. A GRU's candidate has two parts, the input's and the state's.
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    #[fusion(meta = recurrence_on_gpu_backward_metadata)]
    fn recurrence_on_gpu_backward(
        gradient: FloatTensor<Self>,
        states: FloatTensor<Self>,
        kept: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        #[fusion(scalar = cell.code())] cell: Cell,
        #[fusion(scalar = direction as u32)] direction: Direction,
        masked: bool,
        started: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
#[allow(clippy::too_many_arguments, reason = "it is called with the arguments of the operation")]
fn recurrence_on_gpu_metadata(
    projected: &TensorSpec,
    _mask: &TensorSpec,
    _initial: &TensorSpec,
    recurrent_weight: &TensorSpec,
    _input_bias: &TensorSpec,
    _recurrent_bias: &TensorSpec,
    cell: &Cell,
    _direction: &Direction,
    _masked: &bool,
    _started: &bool,
) -> (TensorSpec, TensorSpec) {
    let (states, kept) = crate::gpu::forward_shapes(&projected.shape, &recurrent_weight.shape, *cell);
    (TensorSpec::new(states, projected.dtype), TensorSpec::new(kept, projected.dtype))
}

#[cfg(feature = "gpu")]
#[allow(clippy::too_many_arguments, reason = "it is called with the arguments of the operation")]
fn recurrence_on_gpu_backward_metadata(
    _gradient: &TensorSpec,
    states: &TensorSpec,
    _kept: &TensorSpec,
    _mask: &TensorSpec,
    initial: &TensorSpec,
    _recurrent_weight: &TensorSpec,
    cell: &Cell,
    _direction: &Direction,
    _masked: &bool,
    _started: &bool,
) -> (TensorSpec, TensorSpec) {
    (TensorSpec::new(crate::gpu::sums_shape(&states.shape, *cell), states.dtype), initial.clone())
}
