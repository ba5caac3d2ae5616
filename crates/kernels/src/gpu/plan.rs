//! What a kernel is compiled for, and how a batch is laid on a device.

use burn_cubecl::tensor::CubeTensor;

use super::settings::{Settings, kept, sums};
use crate::{Cell, GruReset};

/// Shared memory that every device of the last ten years gives to a group of threads, in bytes.
const SHARED_EVERYWHERE: usize = 32 * 1024;

/// Devices that do not say how many multiprocessors they have are taken for small ones.
const MULTIPROCESSORS: usize = 16;

/// All that is fixed when a kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    pub cell: Cell,
    pub reverse: bool,
    pub masked: bool,
    pub started: bool,
    pub hidden: usize,
    /// Sequences a cube.
    pub rows: usize,
    /// Whether the recurrent weights wait in shared memory.
    pub on_chip: bool,
}

impl Plan {
    /// A plan for a batch on the device of a tensor.
    pub(super) fn new(device: &CubeTensor, settings: Settings, hidden: usize, batch: usize) -> Self {
        let Settings { cell, masked, started, .. } = settings;
        let hardware = &device.client.properties().hardware;
        let processors = hardware.num_streaming_multiprocessors.map_or(MULTIPROCESSORS, |count| count as usize);
        // More rows per cube read the weights less often; fewer keep all processors at work.
        let fits = |rows: usize| shared_bytes(cell, hidden, rows) <= hardware.max_shared_memory_size;
        let rows = [4, 2].into_iter().find(|&rows| batch >= rows * processors && fits(rows)).unwrap_or(1);
        let reverse = settings.reverse();
        let mut plan = Self { cell, reverse, masked, started, hidden, rows, on_chip: false };
        plan.on_chip = 4 * plan.weights() + shared_bytes(cell, hidden, rows) <= hardware.max_shared_memory_size;
        plan
    }

    /// Whether the kernels have this cell, and its states fit into every device's shared memory.
    pub(super) fn supports(cell: Cell, hidden: usize) -> bool {
        cell != Cell::Gru(GruReset::Before) && shared_bytes(cell, hidden, 1) <= SHARED_EVERYWHERE
    }

    /// Values a hidden unit and step that the pass back needs beside the state.
    pub(super) fn kept(self) -> usize {
        kept(self.cell)
    }

    /// Gradients a hidden unit and step that the pass back gives.
    pub(super) fn sums(self) -> usize {
        sums(self.cell)
    }

    /// Recurrent weights.
    pub(super) fn weights(self) -> usize {
        self.cell.gates() * self.hidden * self.hidden
    }
}

/// Shared memory of the pass back, which needs more than the pass forward.
fn shared_bytes(cell: Cell, hidden: usize, rows: usize) -> usize {
    4 * rows * hidden * (2 + cell.gates())
}
