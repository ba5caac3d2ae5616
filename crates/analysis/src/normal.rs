//! The standard normal distribution.

/// The share below a value.
pub(crate) fn normal_below(value: f64) -> f64 {
    libm::erfc(-value / std::f64::consts::SQRT_2) / 2.0
}

/// The value below which a share in (0, 1) lies, by halving an interval until it is as small as numbers are.
pub fn normal_quantile(share: f64) -> f64 {
    if share == 0.5 {
        return 0.0;
    }
    let (mut low, mut high) = (-40.0, 40.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if normal_below(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        assert_eq!(normal_quantile(0.5), 0.0, "the median is the mean to the last digit");
        for (share, expected) in [(0.975, 1.959_963_984_540_054), (0.05, -1.644_853_626_951_472_7)] {
            assert!((normal_quantile(share) - expected).abs() < 1e-12, "{share}: {}", normal_quantile(share));
        }
    }
}
