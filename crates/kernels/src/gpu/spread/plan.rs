//! How a layer is cut into slices of hidden units and a batch into groups of rows.

use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::features::AtomicUsage;
use cubecl::prelude::*;

use crate::gpu::settings::{Settings, kept, sums};
use crate::{Cell, GruReset};

/// Recurrent weights that a unit keeps in registers: with them, the sums and the addresses it stays below the 128
/// registers that each of 512 units has.
const DEPTH: usize = 64;
/// Units of a cube at most.
const UNITS: usize = 512;
/// Rows of the batch that a cube takes through the steps together, at most: each has a sum in every unit.
const ROWS: usize = 8;

/// All that is fixed when a kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Plan {
    pub cell: Cell,
    pub reverse: bool,
    pub masked: bool,
    pub started: bool,
    pub hidden: usize,
    /// Cubes that share the hidden units.
    pub slices: usize,
    /// Hidden units of a cube; the last slice may have fewer.
    pub share: usize,
    /// Rows of the batch in a cube.
    pub rows: usize,
    /// Units of a cube.
    pub units: usize,
    /// Cubes that the device runs at the same time.
    processors: usize,
}

/// How a batch is laid on the device.
pub(super) struct Layout {
    pub cubes: u32,
    /// Groups of rows that are under way together.
    pub groups: usize,
    /// Times that each group takes new rows.
    pub turns: usize,
}

impl Plan {
    /// A plan for a batch on the device of a tensor; none where the device's cubes cannot wait for each other, or the
    /// weights are too many for them all.
    pub(in crate::gpu) fn new(device: &CubeTensor, settings: Settings, hidden: usize, batch: usize) -> Option<Self> {
        let properties = device.client.properties();
        let hardware = &properties.hardware;
        // Only where the number of cubes that run together is known may one wait for another.
        let processors = hardware.num_streaming_multiprocessors? as usize;
        let counts = properties.atomic_type_usage(Type::atomic(u32::elem_type_native()));
        let meets = properties.features.device_memory_scope
            && counts.contains(AtomicUsage::Add)
            && counts.contains(AtomicUsage::LoadStore);
        if !meets || (hardware.max_units_per_cube as usize) < UNITS || settings.cell == Cell::Gru(GruReset::Before) {
            return None;
        }
        let plan = Self::for_processors(processors, settings, hidden, batch)?;
        (plan.shared_bytes() <= hardware.max_shared_memory_size).then_some(plan)
    }

    /// See [`Plan::new`].
    fn for_processors(processors: usize, settings: Settings, hidden: usize, batch: usize) -> Option<Self> {
        let Settings { cell, masked, started, .. } = settings;
        let gates = cell.gates();
        // As few slices as hold the weights: the fewer cubes meet, the sooner they go on.
        let fits = |slices: usize| Self::units_of(gates, hidden, hidden.div_ceil(slices)) <= UNITS;
        let slices = (1..=processors.min(hidden)).find(|&slices| fits(slices))?;
        let share = hidden.div_ceil(slices);
        let units = Self::units_of(gates, hidden, share);
        // With one unit for each row and hidden unit of the cube, and no more rows than keep all processors at work.
        let rows = batch.div_ceil(processors / slices).min(ROWS).min(units / share).max(1);
        let (reverse, slices) = (settings.reverse(), hidden.div_ceil(share));
        Some(Self { cell, reverse, masked, started, hidden, slices, share, rows, units, processors })
    }

    /// Units that hold the weights of `share` hidden units.
    fn units_of(gates: usize, hidden: usize, share: usize) -> usize {
        let forward = gates * share * hidden.div_ceil(DEPTH);
        let backward = share * (gates * hidden).div_ceil(DEPTH);
        forward.max(backward)
    }

    pub(super) fn layout(&self, batch: usize) -> Layout {
        let wanted = batch.div_ceil(self.rows);
        // Cubes that nobody waits for may queue.
        let groups = if self.slices == 1 { wanted } else { wanted.min(self.processors / self.slices) };
        Layout { cubes: (groups * self.slices) as u32, groups, turns: wanted.div_ceil(groups) }
    }

    /// Outputs of the product in the pass forward: each gate of each hidden unit of the cube.
    pub(super) fn outputs(&self) -> usize {
        self.cell.gates() * self.share
    }

    /// Parts that a sum over the hidden units is cut into.
    pub(super) fn parts(&self) -> usize {
        self.hidden.div_ceil(DEPTH)
    }

    /// Weights of a part in vectors of four; the last may be filled up with zeros.
    pub(super) fn vectors(&self) -> usize {
        self.hidden.div_ceil(4 * self.parts())
    }

    /// As [`Plan::parts`], for the sum over all gates of all hidden units in the pass back.
    pub(super) fn parts_back(&self) -> usize {
        (self.cell.gates() * self.hidden).div_ceil(DEPTH)
    }

    /// As [`Plan::vectors`], for the pass back.
    pub(super) fn vectors_back(&self) -> usize {
        (self.cell.gates() * self.hidden).div_ceil(4 * self.parts_back())
    }

    /// Values a hidden unit and step that the pass back needs beside the state.
    pub(super) fn kept(&self) -> usize {
        kept(self.cell)
    }

    /// Gradients a hidden unit and step that the pass back gives.
    pub(super) fn sums(&self) -> usize {
        sums(self.cell)
    }

    /// Shared memory of the pass back, which needs more than the pass forward: what is multiplied, and the parts of the
    /// sums.
    fn shared_bytes(&self) -> usize {
        let factors = self.rows * self.parts_back() * 4 * (self.vectors_back() + 1);
        let sums = self.rows * self.units;
        4 * (factors + sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, RnnActivation};

    fn settings(cell: Cell) -> Settings {
        Settings { cell, direction: Direction::Forward, masked: true, started: true }
    }

    fn plans() -> impl Iterator<Item = (usize, Plan, usize)> {
        let cells = [Cell::Lstm, Cell::Gru(GruReset::After), Cell::Rnn(RnnActivation::Tanh)];
        let hidden = [1, 3, 50, 64, 100, 128, 256, 300, 512, 1000];
        let shapes = hidden.into_iter().flat_map(|hidden| [1, 7, 32, 256, 5000].map(move |batch| (hidden, batch)));
        let shapes = shapes.flat_map(move |shape| cells.map(move |cell| (cell, shape)));
        shapes.flat_map(|(cell, (hidden, batch))| {
            [16, 132].into_iter().filter_map(move |processors| {
                let plan = Plan::for_processors(processors, settings(cell), hidden, batch)?;
                Some((processors, plan, batch))
            })
        })
    }

    #[test]
    fn every_row_and_hidden_unit_has_its_place() {
        assert!(plans().count() > 200);
        for (_, plan, batch) in plans() {
            let layout = plan.layout(batch);
            assert!(plan.slices * plan.share >= plan.hidden, "{plan:?}");
            assert!((plan.slices - 1) * plan.share < plan.hidden, "no slice is empty: {plan:?}");
            assert!(layout.groups * layout.turns * plan.rows >= batch, "{plan:?}, {batch}");
            assert!(plan.rows * plan.share <= plan.units && plan.units <= UNITS, "{plan:?}");
            assert!(plan.parts() * plan.outputs() <= plan.units, "{plan:?}");
            assert!(plan.parts_back() * plan.share <= plan.units, "{plan:?}");
            assert!(4 * plan.vectors() * plan.parts() >= plan.hidden, "{plan:?}");
            assert!(4 * plan.vectors_back() * plan.parts_back() >= plan.cell.gates() * plan.hidden, "{plan:?}");
            assert!(4 * plan.vectors().max(plan.vectors_back()) <= DEPTH, "{plan:?}");
        }
    }

    #[test]
    fn cubes_that_wait_for_each_other_run_together() {
        for (processors, plan, batch) in plans().filter(|(_, plan, _)| plan.slices > 1) {
            assert!(plan.layout(batch).cubes as usize <= processors, "{plan:?}, {batch}");
        }
    }

    #[test]
    fn weights_that_one_cube_holds_wait_for_nobody() {
        let plan = |hidden| Plan::for_processors(132, settings(Cell::Lstm), hidden, 32).map(|plan| plan.slices);
        assert_eq!([plan(64), plan(128), plan(256), plan(512)], [Some(1), Some(2), Some(8), Some(32)]);
        assert_eq!(plan(2000), None);
    }
}
