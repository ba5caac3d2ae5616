//! What all crates of semiseq speak: mistakes in a config, the size of a model's input, seeds, and the table of metrics.
//!
//! ```
//! use semiseq_schema::{check_range, metric};
//!
//! let mut problems = Vec::new();
//! check_range(&mut problems, "stage.0.objective.fixmatch.threshold", 1.7, 0.0, 1.0, "the paper uses 0.95");
//! assert_eq!(problems[0].message, "must be in [0, 1], got 1.7");
//! assert!(metric("accuracy").is_some_and(|metric| metric.higher_is_better));
//! ```

mod input;
mod metrics;
mod names;
mod problem;
mod seed;

pub use input::InputSize;
pub use metrics::{METRICS, Metric, Scores, headline, higher_is_better, metric, title};
pub use names::{nearest, plain};
pub use problem::{Problem, check_memory, check_range, problem};
pub use seed::mix;
