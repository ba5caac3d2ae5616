//! The confusion matrix as a table and as a picture.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use semiseq_training::Error;
use semiseq_training::files::write_atomic;
use semiseq_training::tasks::measures::Confusion;

/// Classes of a picture at most: nobody reads more, and it grows with their square.
pub const PICTURED: usize = 40;

/// Draws `confusion.svg`: counts, shaded by their share of the true class; of many classes those that are confused
/// most.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write_svg(path: &Path, confusion: &Confusion) -> Result<(), Error> {
    let mut svg = String::new();
    draw(&mut svg, &confusion.shortened(PICTURED)).map_err(|error| Error::write(path, error.to_string()))?;
    write_atomic(path, svg.as_bytes())
}

fn draw(svg: &mut String, confusion: &Confusion) -> Result<(), Box<dyn std::error::Error>> {
    let count = confusion.classes.len();
    let cell = (560 / count.max(1) as i32).clamp(26, 110);
    let longest = confusion.classes.iter().map(|name| name.chars().count().min(18)).max().unwrap_or(1) as i32;
    let (left, top) = (44 + 8 * longest, 44 + if longest > 6 { 6 * longest } else { 20 });
    let (width, height) = (left + cell * count as i32 + 24, top + cell * count as i32 + 24);
    let root = SVGBackend::with_string(svg, (width.max(320) as u32, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let ink = RGBColor(40, 44, 52);
    let label = ("sans-serif", 13).into_font().color(&ink);
    let middle = |horizontal| Pos::new(horizontal, VPos::Center);
    let title = match confusion.left_out() {
        Some(left_out) => format!("rows: truth, columns: prediction; {left_out}"),
        None => "rows: truth, columns: prediction".into(),
    };
    root.draw(&Text::new(title, (12, 10), label.clone()))?;
    for (row, (name, counts)) in confusion.classes.iter().zip(&confusion.counts).enumerate() {
        let name: String = name.chars().take(18).collect();
        let y = top + cell * row as i32;
        let right = label.clone().pos(middle(HPos::Right));
        root.draw(&Text::new(name.clone(), (left - 10, y + cell / 2), right))?;
        let x = left + cell * row as i32 + cell / 2;
        let above = if longest > 6 { label.clone().transform(FontTransform::Rotate270) } else { centred(13, &ink) };
        root.draw(&Text::new(name, (x, top - if longest > 6 { 8 } else { 12 }), above))?;
        let total: usize = counts.iter().sum();
        for (column, value) in counts.iter().enumerate() {
            let share = *value as f64 / total.max(1) as f64;
            let x = left + cell * column as i32;
            let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share) as u8;
            let shade = RGBColor(mix(246, 33), mix(248, 102), mix(250, 172));
            root.draw(&Rectangle::new([(x + 1, y + 1), (x + cell - 1, y + cell - 1)], shade.filled()))?;
            let color = if share > 0.5 { WHITE } else { ink };
            root.draw(&Text::new(
                value.to_string(),
                (x + cell / 2, y + cell / 2),
                centred((cell / 3).clamp(10, 18), &color),
            ))?;
        }
    }
    root.present()?;
    Ok(())
}

/// Text around its place.
fn centred(size: i32, color: &RGBColor) -> TextStyle<'_> {
    TextStyle::from(("sans-serif", size).into_font()).color(color).pos(Pos::new(HPos::Center, VPos::Center))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_picture_hold_every_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.svg");
        let confusion =
            Confusion { classes: vec!["a".into(), "b,c".into()], counts: vec![vec![17, 2], vec![3, 48]], others: 0 };
        write_svg(&path, &confusion).unwrap();
        let svg = std::fs::read_to_string(path).unwrap();
        assert!(["17", "48", "b,c"].iter().all(|text| svg.contains(text)));
    }

    #[test]
    fn a_picture_of_600_classes_stays_small() {
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
