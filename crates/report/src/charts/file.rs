//! Charts as a file of their own.

use std::fmt::Write;

use crate::charts::{Chart, dot};
use crate::page::{STYLE, escape};

/// Around each chart, and room for a line of text.
const MARGIN: f64 = 14.0;
const LINE: f64 = 20.0;

/// A chart with what stands around it.
pub struct Panel {
    /// Above it.
    pub title: String,
    /// The chart.
    pub chart: Chart,
    /// Names and their colours, below it.
    pub names: Vec<(String, usize)>,
}

/// An SVG file of panels, `columns` beside each other, and below them names that hold for all. On white, in the light
/// colours of the report.
pub fn file(panels: &[Panel], columns: usize, names: &[(String, usize)]) -> String {
    let columns = columns.clamp(1, panels.len().max(1));
    let inner = panels.iter().map(|panel| panel.chart.width).fold(320.0, f64::max);
    let width = (inner + 2.0 * MARGIN) * columns as f64;
    let mut body = String::new();
    let mut top = 0.0;
    for row in panels.chunks(columns) {
        let charts = row.iter().map(|panel| panel.chart.height).fold(0.0, f64::max);
        let mut end: f64 = 0.0;
        for (place, panel) in row.iter().enumerate() {
            let left = (inner + 2.0 * MARGIN) * place as f64 + MARGIN;
            let (title, head) = (escape(&panel.title), top + MARGIN + LINE);
            let _ = write!(body, "<text class=\"title\" x=\"{left:.1}\" y=\"{:.1}\">{title}</text>", head - 6.0);
            let _ = write!(body, "<g transform=\"translate({left:.1} {head:.1})\">{}</g>", panel.chart.marks);
            end = end.max(write_names(&mut body, &panel.names, left, head + charts, inner));
        }
        top = end;
    }
    let height = write_names(&mut body, names, MARGIN, top, width - 2.0 * MARGIN) + MARGIN;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
         {height:.0}\"><style>text{{fill:var(--soft);font:11px system-ui,sans-serif}}.axis{{stroke:var(--line);fill:none}}\
         .title{{fill:var(--ink);font-size:15px}}</style><rect width=\"100%\" height=\"100%\" \
         fill=\"var(--card)\"/>{body}</svg>\n"
    );
    in_light(&svg)
}

/// Writes names from `top` on, as many to a line as have room; where the last line ends.
fn write_names(body: &mut String, names: &[(String, usize)], left: f64, top: f64, width: f64) -> f64 {
    let (mut x, mut y) = (left, top + LINE);
    for (name, index) in names {
        // What a letter takes at this size, about.
        let own = 24.0 + 6.2 * name.chars().count() as f64;
        if x > left && x + own > left + width {
            (x, y) = (left, y + LINE);
        }
        let _ = write!(
            body,
            "{}<text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            dot((x + 5.0, y - 4.0), 4.0, *index),
            x + 14.0,
            escape(name)
        );
        x += own;
    }
    if names.is_empty() { top } else { y + 4.0 }
}

/// The text with the style sheet's first values in place of its variables.
fn in_light(svg: &str) -> String {
    let light = STYLE.split(['{', '}']).nth(1).unwrap_or_default();
    let values = light.split(';').filter_map(|entry| entry.trim().split_once(':'));
    values.fold(svg.to_owned(), |svg, (name, value)| svg.replace(&format!("var({name})"), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::scatter;

    #[test]
    fn a_file_holds_every_panel_and_no_variable() {
        let panel = |title: &str| Panel {
            title: title.into(),
            chart: scatter(&[[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], &[Some(0), Some(1), None]),
            names: vec![("left".into(), 0), ("right & wrong".into(), 1)],
        };
        let svg = file(&[panel("Map, one"), panel("Map, two")], 2, &[("all".into(), 2)]);
        // Three points and two marks of names per panel, and one for both.
        assert_eq!(svg.matches("<circle").count(), 11);
        assert!(svg.contains("Map, two") && svg.contains("right &amp; wrong") && svg.contains("#1f77b4"), "{svg}");
        assert!(!svg.contains("var("), "{svg}");
    }

    #[test]
    fn names_go_on_in_the_next_line() {
        let names: Vec<(String, usize)> = (0..40).map(|index| (format!("method number {index}"), index)).collect();
        let svg = file(&[], 1, &names);
        let height: f64 = svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        assert!(height > 10.0 * LINE, "{svg}");
    }
}
