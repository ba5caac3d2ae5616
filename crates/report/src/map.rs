//! Points in two dimensions as a picture, a panel for each way to colour them.

use std::path::Path;

use plotters::prelude::*;

use semiseq_training::Error;
use semiseq_training::files::write_atomic;

/// A group for each point.
pub struct Coloring {
    /// Above the panel.
    pub title: String,
    /// Names of the groups.
    pub names: Vec<String>,
    /// The group of each point; points without one are grey.
    pub groups: Vec<Option<usize>>,
}

/// Colours that most people can tell apart (Okabe & Ito 2008, and two more).
pub const COLORS: [RGBColor; 9] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 60),
    RGBColor(130, 90, 190),
    RGBColor(190, 180, 40),
];
const NO_GROUP: RGBColor = RGBColor(190, 190, 190);

/// Draws the points once for each colouring.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, title: &str, points: &[[f64; 2]], colorings: &[Coloring]) -> Result<(), Error> {
    let mut svg = String::new();
    draw(&mut svg, title, points, colorings).map_err(|error| Error::write(path, error.to_string()))?;
    write_atomic(path, svg.as_bytes())
}

fn draw(
    svg: &mut String,
    title: &str,
    points: &[[f64; 2]],
    colorings: &[Coloring],
) -> Result<(), Box<dyn std::error::Error>> {
    let panels = colorings.len().max(1);
    let root = SVGBackend::with_string(svg, (520 * panels as u32, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    // The axes are not shown. In units of the picture no range is too narrow for them: around equal points they would
    // look for numbers between two that have none.
    let share = |axis: usize| {
        let (low, high) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        });
        move |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 }
    };
    let (across, up) = (share(0), share(1));
    for (area, coloring) in root.split_evenly((1, panels)).iter().zip(colorings) {
        let mut chart = ChartBuilder::on(area)
            .caption(format!("{title}, {}", coloring.title), ("sans-serif", 18))
            .margin(12)
            .build_cartesian_2d(-0.05..1.05, -0.05..1.05)?;
        chart.configure_mesh().disable_mesh().disable_axes().draw()?;
        let of = |group: Option<usize>| {
            let chosen = points.iter().zip(&coloring.groups).filter(move |(_, other)| **other == group);
            chosen.map(|(point, _)| (across(point[0]), up(point[1])))
        };
        chart.draw_series(of(None).map(|place| Circle::new(place, 3, NO_GROUP.filled())))?;
        for (group, name) in coloring.names.iter().enumerate() {
            let color = COLORS[group % COLORS.len()];
            chart
                .draw_series(of(Some(group)).map(|place| Circle::new(place, 3, color.mix(0.75).filled())))?
                .label(name)
                .legend(move |place| Circle::new(place, 4, color.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(RGBColor(225, 225, 225))
            .draw()?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_in_every_panel() {
        let points = [[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]];
        let coloring = |title: &str| Coloring {
            title: title.into(),
            names: vec!["left".into(), "right".into()],
            groups: vec![Some(0), Some(1), None],
        };
        let mut svg = String::new();
        draw(&mut svg, "Map", &points, &[coloring("one"), coloring("two")]).unwrap();
        // Three points and two marks of the legend a panel.
        assert_eq!(svg.matches("<circle").count(), 10);
        assert!(svg.contains("Map, two") && svg.contains("right"));
    }

    #[test]
    fn equal_points_lie_in_the_middle() {
        let points = vec![[0.5, -1e12]; 12];
        let coloring = Coloring { title: "one".into(), names: vec!["all".into()], groups: vec![Some(0); 12] };
        let mut svg = String::new();
        draw(&mut svg, "Map", &points, &[coloring]).unwrap();
        assert_eq!(svg.matches("<circle").count(), 13);
    }
}
