//! Recurrences that work channel by channel: no product with the state, so that a step costs what its values cost.

/// What a channel of [`linear_scan`](crate::linear_scan) holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Numbers {
    /// A number.
    #[default]
    Real,
    /// A complex number: of `2 · channels` values the first half are the real parts, the second the imaginary ones.
    Complex,
}

impl Numbers {
    /// Values of a channel.
    pub fn parts(self) -> usize {
        match self {
            Self::Real => 1,
            Self::Complex => 2,
        }
    }
}

/// What a layer of [`gated_scan`](crate::gated_scan) computes at each step, from sums of the input alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GatedCell {
    /// Feng et al. 2024, section 3.1, with the positive candidate of appendix B; sums z, h̃, weights their biases:
    /// `h_t = (1 - σ(z)) h_{t-1} + σ(z) g(h̃)`, `g(x) = x + 1/2` from 0 on and `σ(x)` below.
    MinGru,
    /// Feng et al. 2024, section 3.2, with the positive candidate; sums f, i, h̃, weights their biases:
    /// `h_t = (σ(f) h_{t-1} + σ(i) g(h̃)) / (σ(f) + σ(i))`.
    MinLstm,
    /// Bradbury et al. 2017, equation 4 ("fo-pooling"); sums z, f, o, weights their biases:
    /// `c_t = σ(f) c_{t-1} + (1 - σ(f)) tanh(z)`, `h_t = σ(o) c_t`.
    Qrnn,
    /// Lei et al. 2018, equations 3 to 6; sums x̃, f, r and the skipped input, weights `v_f`, `v_r`, `b_f`, `b_r`:
    /// `c_t = f_t c_{t-1} + (1 - f_t) x̃_t`, `h_t = r_t c_t + (1 - r_t) x_t`, `f_t = σ(f + v_f c_{t-1} + b_f)`,
    /// `r_t = σ(r + v_r c_{t-1} + b_r)`.
    Sru,
}

impl GatedCell {
    /// Sums of a channel at each step.
    pub fn sums(self) -> usize {
        match self {
            Self::MinGru => 2,
            Self::MinLstm | Self::Qrnn => 3,
            Self::Sru => 4,
        }
    }

    /// Weights of a channel.
    pub fn weights(self) -> usize {
        match self {
            Self::MinGru => 2,
            Self::MinLstm | Self::Qrnn => 3,
            Self::Sru => 4,
        }
    }
}
