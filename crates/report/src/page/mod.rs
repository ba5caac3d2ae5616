//! `report.html`: one file without links to others, understood in ten seconds. The result against the baseline stands
//! on top; then curves, confusion, scores of each class, calibration, maps of the vectors, examples, what the run was
//! made of, the config.

pub(crate) mod evidence;
mod facts;
mod html;
mod labels;
mod mattered;
mod run_report;
mod sections;
mod views;
mod whole;

pub use evidence::Evidence;
pub(crate) use html::STYLE;
pub use html::{escape, frame};
pub use run_report::RunReport;
pub use views::{ViewRow, view_page};
pub use whole::page;
