//! The confusion matrix in a file.

use std::path::Path;

use semiseq_training::Error;
use semiseq_training::files::write_atomic;
use semiseq_training::tasks::measures::Confusion;

use crate::charts::{Panel, file, matrix};

/// Classes that are drawn at most: nobody reads more, and a drawing grows with their square.
pub const DRAWN: usize = 40;

/// Draws `confusion.svg`: counts, shaded by their share of the true class; of many classes those that are confused
/// most.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write_svg(path: &Path, confusion: &Confusion) -> Result<(), Error> {
    let confusion = confusion.shortened(DRAWN);
    let title = match confusion.left_out() {
        Some(left_out) => format!("rows: truth, columns: prediction; {left_out}"),
        None => "rows: truth, columns: prediction".into(),
    };
    let panel = Panel { title, chart: matrix(&confusion), names: Vec::new() };
    write_atomic(path, file(&[panel], 1, &[]).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_holds_every_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.svg");
        let confusion =
            Confusion { classes: vec!["a".into(), "b,c".into()], counts: vec![vec![17, 2], vec![3, 48]], others: 0 };
        write_svg(&path, &confusion).unwrap();
        let svg = std::fs::read_to_string(path).unwrap();
        assert!(["17", "48", "b,c"].iter().all(|text| svg.contains(text)));
    }

    #[test]
    fn a_drawing_of_600_classes_stays_small() {
        let classes: Vec<String> = (0..600).map(|class| format!("k{class}")).collect();
        let counts = (0..600).map(|truth| (0..600).map(|said| usize::from(said == truth / 2)).collect()).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.svg");
        write_svg(&path, &Confusion { classes, counts, others: 0 }).unwrap();
        let svg = std::fs::read_to_string(path).unwrap();
        assert!(
            svg.len() < 1_000_000 && svg.contains("the 40 of 600 classes") && svg.contains("560 other"),
            "{}",
            svg.len()
        );
    }
}
