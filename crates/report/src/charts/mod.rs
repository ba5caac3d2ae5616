//! Charts as SVG, for the report and for files of their own. On a page they follow its style sheet, in light and dark,
//! which drawing libraries do not know; in a file the sheet's light colours stand as they are, since few programs
//! besides browsers know variables.

mod file;
mod frame;
mod lines;
mod matrix;
mod paths;
mod reliability;
mod scatter;
mod scores;
mod series;

use crate::page::escape;

pub use file::{Panel, file};
pub(crate) use lines::{Curve, lines};
pub(crate) use matrix::matrix;
pub(crate) use paths::{Trail, paths};
pub(crate) use reliability::reliability;
pub(crate) use scatter::scatter;
pub use scores::{MethodScores, scores};
pub(crate) use series::{forecast, series, strip};

/// Colours of the style sheet.
const COLORS: usize = 10;

/// What is drawn, in a place of its own.
#[derive(Clone, Debug)]
pub struct Chart {
    width: f64,
    height: f64,
    marks: String,
}

impl Chart {
    /// As a part of a page.
    pub fn inline(&self) -> String {
        format!("<svg viewBox=\"0 0 {} {}\" role=\"img\">{}</svg>", self.width, self.height, self.marks)
    }
}

/// The colour of a class, a method or a curve.
fn color(index: usize) -> String {
    format!("var(--c{})", index % COLORS)
}

/// A dot; where colours come a second time, it is hollow.
fn dot((x, y): (f64, f64), radius: f64, index: usize) -> String {
    let (color, fill) = (color(index), if is_hollow(index) { "var(--card)".into() } else { color(index) });
    format!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{color}\" stroke-width=\"1.5\"/>"
    )
}

fn is_hollow(index: usize) -> bool {
    index / COLORS % 2 == 1
}

/// Names beside their colours, for a page.
pub fn legend<'a>(names: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let entry = |(name, index): (&str, usize)| {
        let class = if is_hollow(index) { " class=\"hollow\"" } else { "" };
        format!("<span{class} style=\"--mark:{}\">{}</span>", color(index), escape(name))
    };
    format!("<div class=\"legend\">{}</div>", names.into_iter().map(entry).collect::<String>())
}
