//! Counts of true classes by predicted ones.

use std::fmt::Write;

use semiseq_training::tasks::measures::Confusion;

use crate::charts::Chart;
use crate::page::escape;

/// Letters of a class's name at most.
const LETTERS: usize = 18;

/// Counts, shaded by their share of the true class: what is right in one colour, what is wrong in another.
pub(crate) fn matrix(confusion: &Confusion) -> Chart {
    let count = confusion.classes.len();
    let cell = (560.0 / count.max(1) as f64).clamp(26.0, 110.0);
    let longest = confusion.classes.iter().map(|name| name.chars().count().min(LETTERS)).max().unwrap_or(1) as f64;
    let upright = 7.0 * longest > cell;
    let (left, top) = (20.0 + 7.0 * longest, if upright { 14.0 + 7.0 * longest } else { 24.0 });
    let size = 0.32 * cell;
    let size = size.clamp(10.0, 18.0);
    let mut marks = String::new();
    for (row, (name, counts)) in confusion.classes.iter().zip(&confusion.counts).enumerate() {
        let name = escape(&name.chars().take(LETTERS).collect::<String>());
        let (y, x) = (top + cell * (row as f64 + 0.5), left + cell * (row as f64 + 0.5));
        let _ = write!(marks, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>", left - 8.0, y + 4.0);
        let above = top - 8.0;
        let _ = match upright {
            true => write!(
                marks,
                "<text x=\"{:.1}\" y=\"{above:.1}\" transform=\"rotate(-90 {:.1} {above:.1})\">{name}</text>",
                x + 4.0,
                x + 4.0
            ),
            false => write!(marks, "<text x=\"{x:.1}\" y=\"{above:.1}\" text-anchor=\"middle\">{name}</text>"),
        };
        let total = counts.iter().sum::<usize>().max(1) as f64;
        for (column, value) in counts.iter().enumerate() {
            let (share, x) = (*value as f64 / total, left + cell * column as f64);
            let fill = if row == column { "var(--good)" } else { "var(--c1)" };
            let ink = if share > 0.5 { "var(--card)" } else { "var(--ink)" };
            let _ = write!(
                marks,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" \
                 fill-opacity=\"{:.2}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" \
                 style=\"font-size:{size:.0}px;fill:{ink}\">{value}</text>",
                x + 1.0,
                top + cell * row as f64 + 1.0,
                cell - 2.0,
                cell - 2.0,
                0.05 + 0.95 * share,
                x + cell / 2.0,
                y + size / 3.0
            );
        }
    }
    Chart { width: left + cell * count as f64 + 8.0, height: top + cell * count as f64 + 8.0, marks }
}
