//! How the weight of an unsupervised term grows from zero.

/// `exp(-5 (1 - t)^2)` for `t = progress / length`, and 1 from there on (Laine & Aila 2017, §2.1).
/// A length of 0 means no ramp.
pub fn gaussian_ramp_up(progress: f64, length: f64) -> f64 {
    if length <= 0.0 || progress >= length {
        return 1.0;
    }
    let rest = 1.0 - progress / length;
    (-5.0 * rest * rest).exp()
}

/// From 0 to 1 in a straight line over the first `ramp_up` of the stage, then 1.
pub(crate) fn linear_ramp_up(progress: f64, ramp_up: f64) -> f64 {
    if ramp_up > 0.0 { (progress / ramp_up).min(1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_from_exp_of_minus_five_to_one() {
        assert!((gaussian_ramp_up(0.0, 0.4) - (-5.0f64).exp()).abs() < 1e-12);
        assert!((gaussian_ramp_up(0.2, 0.4) - (-1.25f64).exp()).abs() < 1e-12);
        assert_eq!(gaussian_ramp_up(0.4, 0.4), 1.0);
        assert_eq!(gaussian_ramp_up(0.0, 0.0), 1.0);
    }

    #[test]
    fn rises_in_a_straight_line() {
        assert_eq!([0.0, 0.2, 0.4, 1.0].map(|progress| linear_ramp_up(progress, 0.4)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(linear_ramp_up(0.0, 0.0), 1.0);
    }
}
