//! What a recurrence without products computes in one channel at one step.

use pulp::Simd;

use crate::cpu::simd::Vector;

/// One step of some channels, as it is read.
#[derive(Clone, Copy)]
pub(super) struct Seen<S: Simd, const PARTS: usize, const OWN: usize, const STATES: usize> {
    /// What the step brings.
    pub parts: [Vector<S>; PARTS],
    /// What belongs to the channel at all steps.
    pub own: [Vector<S>; OWN],
    /// The state before the step.
    pub before: [Vector<S>; STATES],
}

/// Gradients of what a step has read.
pub(super) type Gradients<S, const PARTS: usize, const OWN: usize, const STATES: usize> = Seen<S, PARTS, OWN, STATES>;

/// A recurrence in one channel: so many values of a step, of the channel, and of the state.
pub(super) trait Rule<const PARTS: usize, const OWN: usize, const STATES: usize>: Copy + Send + Sync {
    /// How many of a step's values lie in the first tensor; the others lie in the second, which else holds the
    /// channel's.
    const FIRST: usize = PARTS;
    /// Whether the output is made of the state, instead of being it.
    const OUTPUT: bool = false;

    /// The state after a step.
    fn state<S: Simd>(seen: Seen<S, PARTS, OWN, STATES>) -> [Vector<S>; STATES];

    /// The output, where it is made of the state.
    #[inline(always)]
    fn output<S: Simd>(_seen: Seen<S, PARTS, OWN, STATES>, state: [Vector<S>; STATES]) -> Vector<S> {
        state[0]
    }

    /// From the gradients of the output, where it is made of the state, and of the state after the step.
    fn gradients<S: Simd>(
        seen: Seen<S, PARTS, OWN, STATES>,
        state: [Vector<S>; STATES],
        output: Vector<S>,
        gradient: [Vector<S>; STATES],
    ) -> Gradients<S, PARTS, OWN, STATES>;
}
