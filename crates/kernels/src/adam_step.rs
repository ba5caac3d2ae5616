//! What a step of Adam is told.

/// The numbers of one step.
///
/// `g' = g + decay w`, `m = β₁ m + (1-β₁) g'`, `v = β₂ v + (1-β₂) g'²`, `w = shrink w - rate m / (√v + epsilon)`: the
/// corrections of the moments' bias are in `rate` and `epsilon`, as in section 2 of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Decay of the gradient's mean.
    pub beta_1: f32,
    /// Decay of the gradient's square.
    pub beta_2: f32,
    /// Learning rate times `√(1-β₂ᵗ) / (1-β₁ᵗ)`.
    pub rate: f32,
    /// ε times `√(1-β₂ᵗ)`.
    pub epsilon: f32,
    /// What of the weights is added to the gradient: Adam's decay.
    pub decay: f32,
    /// What stays of the weights before the step: 1, or less with AdamW's decay.
    pub shrink: f32,
}
