//! A page of sequences and their views.

use std::fmt::Write;

use semiseq_datasets::Sequence;

use crate::charts;
use crate::page::html::{escape, frame};

/// A sequence of values beside its views, each with a name.
#[derive(Clone, Debug)]
pub struct ViewRow {
    /// Place in the training part.
    pub index: usize,
    /// The sequence itself first.
    pub views: Vec<(&'static str, Sequence)>,
}

/// A page of sequences of values and their views.
pub fn view_page(source: &str, rows: &[ViewRow]) -> String {
    let mut body = format!("<h1>Views of {}</h1>", escape(source));
    for row in rows {
        let _ = write!(body, "<section><h2>Sequence {}</h2><div class=\"examples\">", row.index);
        for (name, view) in &row.views {
            if let Sequence::Series(series) = view {
                let class = if series.channels > 4 { "example tall" } else { "example" };
                let _ = write!(body, "<div class=\"{class}\"><small>{name}</small>{}</div>", charts::series(series));
            }
        }
        body.push_str("</div></section>");
    }
    frame("views", &body)
}
