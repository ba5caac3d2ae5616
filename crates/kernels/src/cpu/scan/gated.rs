//! The cells of [`GatedCell`](crate::GatedCell). The pass back makes the gates again: they cost less than their memory.

use pulp::Simd;

use super::rule::{Gradients, Rule, Seen};
use crate::cpu::simd::{Vector, exp, gates, sigmoid, sigmoids};

/// The positive candidate of Feng et al. 2024 and its derivative: `x + 1/2` from 0 on, and `σ(x)` below.
#[inline(always)]
fn positive<S: Simd>(x: Vector<S>) -> [Vector<S>; 2] {
    let above = x.max(Vector::splat(x.simd(), 0.0));
    let below = sigmoid(x - above);
    let slope = below * below.complement();
    [above + below, slope + slope.complement().where_positive(x)]
}

#[derive(Clone, Copy)]
pub(super) struct MinGru;

impl MinGru {
    /// z, and the candidate with its derivative.
    #[inline(always)]
    fn gates<S: Simd>(seen: Seen<S, 2, 2, 1>) -> (Vector<S>, [Vector<S>; 2]) {
        let ([z, candidate], [z_bias, bias]) = (seen.parts, seen.own);
        (sigmoid(z + z_bias), positive(candidate + bias))
    }
}

impl Rule<2, 2, 1> for MinGru {
    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 2, 2, 1>) -> [Vector<S>; 1] {
        let ((z, [candidate, _]), [before]) = (Self::gates(seen), seen.before);
        [z.mul_add(candidate - before, before)]
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 2, 2, 1>,
        _state: [Vector<S>; 1],
        _output: Vector<S>,
        [d]: [Vector<S>; 1],
    ) -> Gradients<S, 2, 2, 1> {
        let ((z, [candidate, slope]), [before]) = (Self::gates(seen), seen.before);
        let keep = z.complement();
        let sums = [d * (candidate - before) * z * keep, d * z * slope];
        Seen { parts: sums, own: sums, before: [d * keep] }
    }
}

#[derive(Clone, Copy)]
pub(super) struct MinLstm;

/// What is left of the gates f and i where both are normalised.
struct Shares<S: Simd> {
    /// `σ(f) / (σ(f) + σ(i))`
    kept: Vector<S>,
    /// `1 - σ(f)` and `1 - σ(i)`
    rest: [Vector<S>; 2],
}

impl MinLstm {
    /// From `e^-f` and `e^-i`, so that two gates that are both nearly closed still have a quotient.
    #[inline(always)]
    fn shares<S: Simd>(seen: Seen<S, 3, 3, 1>) -> Shares<S> {
        let ([f, i, _], [f_bias, i_bias, _]) = (seen.parts, seen.own);
        let [zero, one] = [0.0, 1.0].map(|value| Vector::splat(f.simd(), value));
        // Of a smaller sum it would overflow.
        let small = |sum: Vector<S>| exp(zero - sum.max(Vector::splat(sum.simd(), -80.0)));
        let (f, i) = (small(f + f_bias), small(i + i_bias));
        let (of_f, of_i) = (one + f, one + i);
        let kept = of_i.divided_by(of_f + of_i);
        Shares { kept, rest: [f.divided_by(of_f), i.divided_by(of_i)] }
    }

    #[inline(always)]
    fn candidate<S: Simd>(seen: Seen<S, 3, 3, 1>) -> [Vector<S>; 2] {
        positive(seen.parts[2] + seen.own[2])
    }
}

impl Rule<3, 3, 1> for MinLstm {
    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 3, 3, 1>) -> [Vector<S>; 1] {
        let (Shares { kept, .. }, [candidate, _], [before]) = (Self::shares(seen), Self::candidate(seen), seen.before);
        [kept.mul_add(before - candidate, candidate)]
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 3, 3, 1>,
        _state: [Vector<S>; 1],
        _output: Vector<S>,
        [d]: [Vector<S>; 1],
    ) -> Gradients<S, 3, 3, 1> {
        let (Shares { kept, rest: [f, i] }, [candidate, slope], [before]) =
            (Self::shares(seen), Self::candidate(seen), seen.before);
        let new = kept.complement();
        let of_share = d * (before - candidate) * kept * new;
        let sums = [of_share * f, Vector::splat(d.simd(), -1.0) * of_share * i, d * new * slope];
        Seen { parts: sums, own: sums, before: [d * kept] }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Qrnn;

impl Qrnn {
    /// f, o and z.
    #[inline(always)]
    fn gates<S: Simd>(seen: Seen<S, 3, 3, 1>) -> [Vector<S>; 3] {
        let ([z, f, o], [z_bias, f_bias, o_bias]) = (seen.parts, seen.own);
        gates(f + f_bias, o + o_bias, z + z_bias)
    }
}

impl Rule<3, 3, 1> for Qrnn {
    const OUTPUT: bool = true;

    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 3, 3, 1>) -> [Vector<S>; 1] {
        let ([f, _, z], [before]) = (Self::gates(seen), seen.before);
        [f.mul_add(before - z, z)]
    }

    #[inline(always)]
    fn output<S: Simd>(seen: Seen<S, 3, 3, 1>, [state]: [Vector<S>; 1]) -> Vector<S> {
        let [_, o, _] = Self::gates(seen);
        o * state
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 3, 3, 1>,
        [state]: [Vector<S>; 1],
        output: Vector<S>,
        [gradient]: [Vector<S>; 1],
    ) -> Gradients<S, 3, 3, 1> {
        let ([f, o, z], [before]) = (Self::gates(seen), seen.before);
        let d = output.mul_add(o, gradient);
        let new = f.complement();
        let sums = [d * new * (z * z).complement(), d * (before - z) * f * new, output * state * o * o.complement()];
        Seen { parts: sums, own: sums, before: [d * f] }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Sru;

impl Sru {
    /// f and r.
    #[inline(always)]
    fn gates<S: Simd>(seen: Seen<S, 4, 4, 1>) -> [Vector<S>; 2] {
        let ([_, f, r, _], [v_f, v_r, b_f, b_r], [before]) = (seen.parts, seen.own, seen.before);
        sigmoids(v_f.mul_add(before, f + b_f), v_r.mul_add(before, r + b_r))
    }
}

impl Rule<4, 4, 1> for Sru {
    const OUTPUT: bool = true;

    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 4, 4, 1>) -> [Vector<S>; 1] {
        let ([f, _], [candidate, ..], [before]) = (Self::gates(seen), seen.parts, seen.before);
        [f.mul_add(before - candidate, candidate)]
    }

    #[inline(always)]
    fn output<S: Simd>(seen: Seen<S, 4, 4, 1>, [state]: [Vector<S>; 1]) -> Vector<S> {
        let ([_, r], [.., skipped]) = (Self::gates(seen), seen.parts);
        r.mul_add(state - skipped, skipped)
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 4, 4, 1>,
        [state]: [Vector<S>; 1],
        output: Vector<S>,
        [gradient]: [Vector<S>; 1],
    ) -> Gradients<S, 4, 4, 1> {
        let ([f, r], [before]) = (Self::gates(seen), seen.before);
        let ([candidate, _, _, skipped], [v_f, v_r, _, _]) = (seen.parts, seen.own);
        let d = output.mul_add(r, gradient);
        let of_f = d * (before - candidate) * f * f.complement();
        let of_r = output * (state - skipped) * r * r.complement();
        Seen {
            parts: [d * f.complement(), of_f, of_r, output * r.complement()],
            own: [of_f * before, of_r * before, of_f, of_r],
            before: [d.mul_add(f, of_f.mul_add(v_f, of_r * v_r))],
        }
    }
}
