//! Slopes of channels over time (Furui 1986), as HTK and torchaudio compute them: the slope of the line through a step
//! and two to each side, the outermost repeated beyond the ends. Acceleration is the slope of the slope.

/// Steps to each side.
const REACH: usize = 2;

/// The slopes of values, row-major `[time, channels]`, in the same shape.
pub(crate) fn slopes(values: &[f64], channels: usize) -> Vec<f64> {
    let channels = channels.max(1);
    let last = (values.len() / channels).saturating_sub(1);
    let squares: usize = (1..=REACH).map(|far| 2 * far * far).sum();
    let slope = |place: usize| {
        let (step, channel) = (place / channels, place % channels);
        let at = |step: usize| values[step.min(last) * channels + channel];
        let sum = |far: usize| far as f64 * (at(step + far) - at(step.saturating_sub(far)));
        (1..=REACH).map(sum).sum::<f64>() / squares as f64
    };
    (0..values.len()).map(slope).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_a_single_step_none() {
        // Two channels: 3 a step, and constant.
        let values: Vec<f64> = (0..7).flat_map(|step| [3.0 * f64::from(step), 5.0]).collect();
        let found = slopes(&values, 2);
        assert_eq!((found[6], found[7]), (3.0, 0.0));
        // (1·(3 − 0) + 2·(6 − 0)) / 10.
        assert_eq!(found[0], 1.5);
        assert_eq!(slopes(&[4.0], 1), [0.0]);
    }
}
