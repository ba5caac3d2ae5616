//! A mistake in a config, and the range checks that find most of them.

/// A mistake in a config: the key, what is wrong with its value, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the key, such as `data.valid_fraction`.
    pub key: String,
    /// What is wrong; reads on after the key.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

/// One mistake.
pub fn problem(key: impl Into<String>, message: impl Into<String>, hint: Option<&str>) -> Problem {
    Problem { key: key.into(), message: message.into(), hint: hint.map(Into::into) }
}

/// Adds a problem unless `value` lies in `[low, high]`.
pub fn check_range(problems: &mut Vec<Problem>, key: &str, value: f64, low: f64, high: f64, hint: &str) {
    if !(low..=high).contains(&value) {
        let range = if high == f64::INFINITY { format!("at least {low}") } else { format!("in [{low}, {high}]") };
        problems.push(problem(key, format!("must be {range}, got {value}"), Some(hint)));
    }
}

/// Adds a problem unless a running mean with this memory follows at all: `value` lies in `[0, 1)`.
pub fn check_memory(problems: &mut Vec<Problem>, key: &str, value: f64, hint: &str) {
    if !(0.0..1.0).contains(&value) {
        problems.push(problem(key, format!("must be in [0, 1), got {value}"), Some(hint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_takes_its_ends_and_no_number_that_is_none() {
        let mut problems = Vec::new();
        for value in [0.0, 1.0, 0.5] {
            check_range(&mut problems, "a", value, 0.0, 1.0, "0.5 is usual");
        }
        assert!(problems.is_empty());
        check_range(&mut problems, "a", f64::NAN, 0.0, f64::INFINITY, "0.5 is usual");
        check_memory(&mut problems, "b", 1.0, "0.9 is usual");
        assert_eq!(problems[0], problem("a", "must be at least 0, got NaN", Some("0.5 is usual")));
        assert_eq!(problems[1], problem("b", "must be in [0, 1), got 1", Some("0.9 is usual")));
    }
}
