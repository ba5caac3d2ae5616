//! Vectors of single-precision values, and the gates' functions on them.
//!
//! A [`pass`] is compiled once for each instruction set and the machine's is picked at run time. All that it calls
//! must be `#[inline(always)]`: what is compiled on its own is compiled for the oldest processor.

use std::ops::{Add, Mul, Sub};

use pulp::Simd;

/// Declares a pass over the rows of a step: a type that holds the step, to be handed to [`pulp::Arch::dispatch`].
macro_rules! pass {
    ($name:ident, $step:ident, |$simd:ident, $argument:ident| $body:block) => {
        struct $name<'s, 'a>(&'s mut $step<'a>);

        impl pulp::WithSimd for $name<'_, '_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, $simd: S) {
                let $argument = self.0;
                $body
            }
        }
    };
}

pub(super) use pass;

/// As many values as a register holds.
pub(super) struct Vector<S: Simd> {
    simd: S,
    values: S::f32s,
}

impl<S: Simd> Clone for Vector<S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd> Copy for Vector<S> {}

impl<S: Simd> Vector<S> {
    #[inline(always)]
    pub fn new(simd: S, values: S::f32s) -> Self {
        Self { simd, values }
    }

    #[inline(always)]
    pub fn simd(self) -> S {
        self.simd
    }

    #[inline(always)]
    pub fn values(self) -> S::f32s {
        self.values
    }

    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Self { simd, values: simd.splat_f32s(value) }
    }

    /// The values from `at` on; zeros where the slice ends before the vector.
    #[inline(always)]
    pub fn load(simd: S, slice: &[f32], at: usize) -> Self {
        let values = match slice[at..].get(..S::F32_LANES) {
            Some(whole) => S::as_simd_f32s(whole).0[0],
            None => simd.partial_load_f32s(&slice[at..]),
        };
        Self { simd, values }
    }

    /// Writes the values from `at` on, as far as the slice reaches.
    #[inline(always)]
    pub fn store(self, slice: &mut [f32], at: usize) {
        match slice[at..].get_mut(..S::F32_LANES) {
            Some(whole) => S::as_mut_simd_f32s(whole).0[0] = self.values,
            None => self.simd.partial_store_f32s(&mut slice[at..], self.values),
        }
    }

    /// `self · factor + term`.
    #[inline(always)]
    pub fn mul_add(self, factor: Self, term: Self) -> Self {
        Self { values: self.simd.mul_add_f32s(self.values, factor.values, term.values), ..self }
    }

    #[inline(always)]
    pub fn divided_by(self, divisor: Self) -> Self {
        Self { values: self.simd.div_f32s(self.values, divisor.values), ..self }
    }

    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self { values: self.simd.max_f32s(self.values, other.values), ..self }
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self { values: self.simd.sqrt_f32s(self.values), ..self }
    }

    /// `self` where `test` is above 0, 0 elsewhere.
    #[inline(always)]
    pub fn where_positive(self, test: Self) -> Self {
        let zero = self.simd.splat_f32s(0.0);
        let mask = self.simd.less_than_f32s(zero, test.values);
        Self { values: self.simd.select_f32s(mask, self.values, zero), ..self }
    }

    /// `1 - self`.
    #[inline(always)]
    pub fn complement(self) -> Self {
        Self::splat(self.simd, 1.0) - self
    }
}

impl<S: Simd> Add for Vector<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { values: self.simd.add_f32s(self.values, other.values), ..self }
    }
}

impl<S: Simd> Sub for Vector<S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { values: self.simd.sub_f32s(self.values, other.values), ..self }
    }
}

impl<S: Simd> Mul for Vector<S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self { values: self.simd.mul_f32s(self.values, other.values), ..self }
    }
}

/// Beyond this the quotient below would leave ±1; `tanh` differs from ±1 by less than half a unit in the last place.
const BOUND: f32 = 7.905_311;
/// Coefficients of `x²` in the quotient `x · P(x²) / Q(x²)` for `tanh x`, highest power first (the rational minimax
/// approximation of the Eigen library).
const P: [f32; 7] =
    [-2.760_768_5e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297_2e-8, 1.485_722_3e-5, 6.372_619e-4, 4.893_524_6e-3];
const Q: [f32; 4] = [1.198_258_4e-6, 1.185_347e-4, 2.268_434_6e-3, 4.893_525e-3];

/// Numerator and denominator of `tanh x`; the denominator lies between 0.004 and 1.
#[inline(always)]
fn quotient<S: Simd>(x: Vector<S>) -> (Vector<S>, Vector<S>) {
    let simd = x.simd;
    // Bounds come first: where one side is not a number, the processor's minimum is the second.
    let x = simd.min_f32s(simd.splat_f32s(BOUND), x.values);
    let x = Vector { simd, values: simd.max_f32s(simd.splat_f32s(-BOUND), x) };
    let square = x * x;
    let mut numerator = Vector::splat(simd, P[0]);
    for coefficient in &P[1..] {
        numerator = numerator.mul_add(square, Vector::splat(simd, *coefficient));
    }
    let mut denominator = Vector::splat(simd, Q[0]);
    for coefficient in &Q[1..] {
        denominator = denominator.mul_add(square, Vector::splat(simd, *coefficient));
    }
    (x * numerator, denominator)
}

/// Hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (numerator, denominator) = quotient(x);
    numerator.divided_by(denominator)
}

/// `1 / (1 + e^-x)` as `(1 + tanh(x / 2)) / 2`; the absolute error is a unit in the last place of 1.
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(x: Vector<S>) -> Vector<S> {
    let half = Vector::splat(x.simd, 0.5);
    tanh(half * x).mul_add(half, half)
}

/// `[σ(a), σ(b), tanh(c)]`, with one division for all.
#[inline(always)]
pub(super) fn gates<S: Simd>(a: Vector<S>, b: Vector<S>, c: Vector<S>) -> [Vector<S>; 3] {
    let half = Vector::splat(a.simd, 0.5);
    let ((a, da), (b, db), (c, dc)) = (quotient(half * a), quotient(half * b), quotient(c));
    let pair = da * db;
    let all = Vector::splat(a.simd, 1.0).divided_by(pair * dc);
    let rest = all * dc;
    [(a * (rest * db)).mul_add(half, half), (b * (rest * da)).mul_add(half, half), c * (all * pair)]
}

/// `[σ(a), σ(b)]`, with one division for both.
#[inline(always)]
pub(super) fn sigmoids<S: Simd>(a: Vector<S>, b: Vector<S>) -> [Vector<S>; 2] {
    let half = Vector::splat(a.simd, 0.5);
    let ((a, da), (b, db)) = (quotient(half * a), quotient(half * b));
    let both = Vector::splat(a.simd, 1.0).divided_by(da * db);
    [(a * (both * db)).mul_add(half, half), (b * (both * da)).mul_add(half, half)]
}

/// Coefficients of `e^r = 1 + r + r² P(r)` for |r| ≤ ln 2 / 2, highest power first (the Cephes library).
const EXP: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
/// `ln 2` in two parts, the first so short that its product with a whole number is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Added to a small number it leaves the nearest whole one in the lowest bits.
const WHOLE: f32 = 12_582_912.0;

/// `e^x`, for x up to 88; below -87 it stays at `e^-87`, which is 1.6e-38.
#[inline(always)]
pub(super) fn exp<S: Simd>(x: Vector<S>) -> Vector<S> {
    let simd = x.simd;
    // The bound comes first: where one side is not a number, the processor's maximum is the second.
    let x = Vector { simd, values: simd.max_f32s(simd.splat_f32s(-87.0), x.values) };
    let shifted = x.mul_add(Vector::splat(simd, std::f32::consts::LOG2_E), Vector::splat(simd, WHOLE));
    let power = shifted - Vector::splat(simd, WHOLE);
    let rest = power.mul_add(Vector::splat(simd, -LN_2[0]), x);
    let rest = power.mul_add(Vector::splat(simd, -LN_2[1]), rest);
    let mut sum = Vector::splat(simd, EXP[0]);
    for coefficient in &EXP[1..] {
        sum = sum.mul_add(rest, Vector::splat(simd, *coefficient));
    }
    let sum = sum.mul_add(rest * rest, rest) + Vector::splat(simd, 1.0);
    // The power of two is made from its bits: the exponent starts at bit 23, and 127 stands for 0.
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted.values), simd.splat_u32s(23));
    let scale = simd.transmute_f32s_u32s(simd.add_u32s(bits, simd.splat_u32s(127 << 23)));
    sum * Vector { simd, values: scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows for each place: tanh, sigmoid, the three of `gates`, the two of `sigmoids`, and exp.
    struct Table {
        places: Vec<f32>,
        rows: [Vec<f32>; 8],
    }

    impl pulp::WithSimd for &mut Table {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for at in (0..self.places.len()).step_by(S::F32_LANES) {
                let x = Vector::load(simd, &self.places, at);
                let y = x.mul_add(Vector::splat(simd, 0.37), Vector::splat(simd, 1.0));
                let [a, b, c] = gates(x, y, x);
                let [d, e] = sigmoids(x, y);
                for (row, value) in self.rows.iter_mut().zip([tanh(x), sigmoid(x), a, b, c, d, e, exp(x)]) {
                    value.store(row, at);
                }
            }
        }
    }

    fn table(places: Vec<f32>) -> Table {
        let rows = std::array::from_fn(|_| vec![0.0; places.len()]);
        let mut table = Table { places, rows };
        crate::cpu::isa::arch().dispatch(&mut table);
        table
    }

    #[test]
    fn values_are_exact_to_a_few_units_in_the_last_place() {
        let table = table((-200_001..=200_001).map(|index| index as f32 * 1e-4).collect());
        for (place, &x) in table.places.iter().enumerate() {
            let x = f64::from(x);
            let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
            let y = x * f64::from(0.37f32) + 1.0;
            let exact = [x.tanh(), sigmoid(x), sigmoid(x), sigmoid(y), x.tanh(), sigmoid(x), sigmoid(y)];
            for (row, exact) in table.rows.iter().zip(exact) {
                assert!((f64::from(row[place]) - exact).abs() < 4e-7, "{x}: {} against {exact}", row[place]);
            }
            let found = f64::from(table.rows[0][place]);
            assert!((found - x.tanh()).abs() <= 4e-7 * x.tanh().abs(), "tanh {x}: the relative error");
            let found = f64::from(table.rows[7][place]);
            assert!((found - x.exp()).abs() <= 2e-7 * x.exp(), "exp {x}: the relative error");
        }
    }

    #[test]
    fn far_values_saturate_and_not_a_number_stays_so() {
        let table = table(vec![1e30, -1e30, f32::NAN, f32::INFINITY]);
        let [tanh, sigmoid, ..] = &table.rows;
        assert!((1.0 - tanh[0]).abs() < 2e-7 && (1.0 + tanh[1]).abs() < 2e-7 && tanh[3] <= 1.0);
        assert!(sigmoid[0] <= 1.0 && (0.0..2e-7).contains(&sigmoid[1]));
        assert!((0.0..2e-38).contains(&table.rows[7][1]), "e to a very negative power");
        assert!(table.rows.iter().all(|row| row[2].is_nan()));
    }
}
