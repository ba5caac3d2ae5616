//! How the learning rate moves over a stage: a pure function of the step.

use schemars::JsonSchema;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

/// `[stage.schedule.NAME]`; each begins with a linear warm-up over a fraction of the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ScheduleConfig {
    /// The optimiser's rate throughout.
    Constant(WarmupOnly),
    /// Multiplied by `gamma` after every `every` of the steps.
    Step(StepSchedule),
    /// Half a cosine from the optimiser's rate to zero (Loshchilov & Hutter 2017).
    Cosine(WarmupOnly),
    /// A straight line from the optimiser's rate to zero.
    Linear(WarmupOnly),
}

/// Settings of `constant`, `cosine` and `linear`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WarmupOnly {
    /// Fraction of the steps over which the rate rises from zero, in [0, 1). Default 0.
    pub warmup: f64,
}

/// Settings of `step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepSchedule {
    /// Fraction of the steps over which the rate rises from zero, in [0, 1). Default 0.
    pub warmup: f64,
    /// Fraction of the steps between two drops, in (0, 1]. Default 1/3.
    pub every: f64,
    /// Factor at each drop, in (0, 1]. Default 0.1.
    pub gamma: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Constant(WarmupOnly::default())
    }
}

impl Default for StepSchedule {
    fn default() -> Self {
        Self { warmup: 0.0, every: 1.0 / 3.0, gamma: 0.1 }
    }
}

impl ScheduleConfig {
    /// What the optimiser's rate is multiplied by at `step` of `total`, counted from 0.
    pub fn factor(&self, step: usize, total: usize) -> f64 {
        let warmup = (self.warmup() * total as f64).round() as usize;
        if step < warmup {
            return (step + 1) as f64 / (warmup + 1) as f64;
        }
        let progress = (step - warmup) as f64 / (total - warmup).max(1) as f64;
        match self {
            Self::Constant(_) => 1.0,
            Self::Step(config) => config.gamma.powf((progress / config.every + 1e-9).floor()),
            Self::Cosine(_) => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            Self::Linear(_) => 1.0 - progress,
        }
    }

    fn warmup(&self) -> f64 {
        match self {
            Self::Constant(config) | Self::Cosine(config) | Self::Linear(config) => config.warmup,
            Self::Step(config) => config.warmup,
        }
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let name = match self {
            Self::Constant(_) => "constant",
            Self::Step(_) => "step",
            Self::Cosine(_) => "cosine",
            Self::Linear(_) => "linear",
        };
        check_range(
            problems,
            &format!("{path}.{name}.warmup"),
            self.warmup(),
            0.0,
            0.99,
            "it is a fraction of the steps; 0.05 is usual",
        );
        if let Self::Step(config) = self {
            for (field, value) in [("every", config.every), ("gamma", config.gamma)] {
                if !(value > 0.0 && value <= 1.0) {
                    problems.push(problem(
                        format!("{path}.step.{field}"),
                        format!("must be in (0, 1], got {value}"),
                        None,
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_starts_at_one_and_is_half_in_the_middle() {
        let cosine = ScheduleConfig::Cosine(WarmupOnly::default());
        assert_eq!(cosine.factor(0, 100), 1.0);
        assert!((cosine.factor(50, 100) - 0.5).abs() < 1e-12);
        assert!(cosine.factor(99, 100) < 0.001);
    }

    #[test]
    fn warmup_rises_in_a_straight_line() {
        // 10 of 100 steps warm up: 1/11, 2/11, … 10/11, then the full rate.
        let constant = ScheduleConfig::Constant(WarmupOnly { warmup: 0.1 });
        assert!((constant.factor(0, 100) - 1.0 / 11.0).abs() < 1e-12);
        assert!((constant.factor(9, 100) - 10.0 / 11.0).abs() < 1e-12);
        assert_eq!(constant.factor(10, 100), 1.0);
    }

    #[test]
    fn step_drops_after_each_part() {
        let step = ScheduleConfig::Step(StepSchedule { warmup: 0.0, every: 0.5, gamma: 0.1 });
        assert_eq!(step.factor(49, 100), 1.0);
        assert!((step.factor(50, 100) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn linear_reaches_a_quarter_after_three_quarters() {
        assert!((ScheduleConfig::Linear(WarmupOnly::default()).factor(75, 100) - 0.25).abs() < 1e-12);
    }
}
