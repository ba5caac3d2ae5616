//! Centres of clusters of series in a file, a panel for each.

use std::path::Path;

use semiseq_datasets::Series;
use semiseq_training::Error;
use semiseq_training::files::write_atomic;

use crate::charts::{Curve, Panel, file, lines};

/// Draws each centre over its steps, a line per channel, under its name.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, centres: &[(String, Series)]) -> Result<(), Error> {
    let panels: Vec<Panel> = centres.iter().map(|(title, centre)| panel(title, centre)).collect();
    write_atomic(path, file(&panels, 2, &[]).as_bytes())
}

fn panel(title: &str, centre: &Series) -> Panel {
    let points: Vec<Vec<(f64, f64)>> = (0..centre.channels)
        .map(|channel| {
            let values = centre.values.iter().skip(channel).step_by(centre.channels.max(1));
            values.enumerate().map(|(step, value)| (step as f64, f64::from(*value))).collect()
        })
        .collect();
    let curves: Vec<Curve<'_>> = points.iter().zip(0..).map(|(points, color)| Curve { points, color }).collect();
    let names = if centre.channels > 1 {
        (0..centre.channels).map(|channel| (format!("channel {channel}"), channel)).collect()
    } else {
        Vec::new()
    };
    Panel { title: title.into(), chart: lines(&curves, "step", None), names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_has_a_line_and_a_name_for_each_channel() {
        let centre = Series { values: vec![0.0, 1.0, 1.0, 0.0, 2.0, 3.0], channels: 2 };
        let panel = panel("cluster 0", &centre);
        assert_eq!(panel.chart.inline().matches("<polyline").count(), 2);
        assert_eq!(panel.names.len(), 2);
    }
}
