//! Points in two dimensions in a file, a panel for each way to colour them.

use std::path::Path;

use semiseq_training::Error;
use semiseq_training::files::write_atomic;

use crate::charts::{Panel, file, scatter};

/// A group for each point.
pub struct Coloring {
    /// Above the panel.
    pub title: String,
    /// Names of the groups.
    pub names: Vec<String>,
    /// The group of each point; points without one are grey.
    pub groups: Vec<Option<usize>>,
}

/// Draws the points once for each colouring.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, title: &str, points: &[[f64; 2]], colorings: &[Coloring]) -> Result<(), Error> {
    let panel = |coloring: &Coloring| Panel {
        title: format!("{title}, {}", coloring.title),
        chart: scatter(points, &coloring.groups),
        names: coloring.names.iter().cloned().zip(0..).collect(),
    };
    let panels: Vec<Panel> = colorings.iter().map(panel).collect();
    write_atomic(path, file(&panels, 2, &[]).as_bytes())
}
