//! `h_t = a_t h_{t-1} + b_t`, real and complex, with an `a` for each step or for all.

use pulp::Simd;

use super::rule::{Gradients, Rule, Seen};
use crate::cpu::simd::Vector;

/// Each step brings b and a.
#[derive(Clone, Copy)]
pub(super) struct Real;

impl Rule<2, 0, 1> for Real {
    const FIRST: usize = 1;

    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 2, 0, 1>) -> [Vector<S>; 1] {
        let ([b, a], [before]) = (seen.parts, seen.before);
        [a.mul_add(before, b)]
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 2, 0, 1>,
        _state: [Vector<S>; 1],
        _output: Vector<S>,
        [d]: [Vector<S>; 1],
    ) -> Gradients<S, 2, 0, 1> {
        let ([_, a], [before]) = (seen.parts, seen.before);
        Seen { parts: [d, d * before], own: [], before: [d * a] }
    }
}

/// Each step brings b alone.
#[derive(Clone, Copy)]
pub(super) struct ConstantReal;

impl Rule<1, 1, 1> for ConstantReal {
    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 1, 1, 1>) -> [Vector<S>; 1] {
        let ([b], [a], [before]) = (seen.parts, seen.own, seen.before);
        [a.mul_add(before, b)]
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 1, 1, 1>,
        _state: [Vector<S>; 1],
        _output: Vector<S>,
        [d]: [Vector<S>; 1],
    ) -> Gradients<S, 1, 1, 1> {
        let ([a], [before]) = (seen.own, seen.before);
        Seen { parts: [d], own: [d * before], before: [d * a] }
    }
}

/// As [`Real`].
#[derive(Clone, Copy)]
pub(super) struct Complex;

impl Rule<4, 0, 2> for Complex {
    const FIRST: usize = 2;

    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 4, 0, 2>) -> [Vector<S>; 2] {
        let [b_re, b_im, a_re, a_im] = seen.parts;
        next([a_re, a_im], seen.before, [b_re, b_im])
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 4, 0, 2>,
        _state: [Vector<S>; 2],
        _output: Vector<S>,
        d: [Vector<S>; 2],
    ) -> Gradients<S, 4, 0, 2> {
        let [_, _, a_re, a_im] = seen.parts;
        let [a, before] = back([a_re, a_im], seen.before, d);
        Seen { parts: [d[0], d[1], a[0], a[1]], own: [], before }
    }
}

/// As [`ConstantReal`].
#[derive(Clone, Copy)]
pub(super) struct ConstantComplex;

impl Rule<2, 2, 2> for ConstantComplex {
    #[inline(always)]
    fn state<S: Simd>(seen: Seen<S, 2, 2, 2>) -> [Vector<S>; 2] {
        next(seen.own, seen.before, seen.parts)
    }

    #[inline(always)]
    fn gradients<S: Simd>(
        seen: Seen<S, 2, 2, 2>,
        _state: [Vector<S>; 2],
        _output: Vector<S>,
        d: [Vector<S>; 2],
    ) -> Gradients<S, 2, 2, 2> {
        let [own, before] = back(seen.own, seen.before, d);
        Seen { parts: d, own, before }
    }
}

/// `a h + b`
#[inline(always)]
fn next<S: Simd>(
    [a_re, a_im]: [Vector<S>; 2],
    [re, im]: [Vector<S>; 2],
    [b_re, b_im]: [Vector<S>; 2],
) -> [Vector<S>; 2] {
    [a_re.mul_add(re, b_re) - a_im * im, a_re.mul_add(im, a_im.mul_add(re, b_im))]
}

/// Of the gradient `d` of `a h + b`: those of a, `conj(h) d`, and of h, `conj(a) d`.
#[inline(always)]
fn back<S: Simd>(
    [a_re, a_im]: [Vector<S>; 2],
    [re, im]: [Vector<S>; 2],
    [d_re, d_im]: [Vector<S>; 2],
) -> [[Vector<S>; 2]; 2] {
    let of = |re: Vector<S>, im: Vector<S>| [re.mul_add(d_re, im * d_im), re * d_im - im * d_re];
    [of(re, im), of(a_re, a_im)]
}
