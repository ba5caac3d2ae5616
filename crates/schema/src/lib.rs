#![doc = include_str!("../README.md")]

mod files;
mod input;
mod metrics;
mod names;
mod problem;
mod ranking;
mod seed;

pub use files::{is_pipe, open, read};
pub use input::InputSize;
pub use metrics::{Intervals, METRICS, Metric, Scores, headline, higher_is_better, metric, title};
pub use names::{nearest, plain};
pub use problem::{Problem, check_memory, check_range, problem};
pub use ranking::ranking;
pub use seed::mix;
