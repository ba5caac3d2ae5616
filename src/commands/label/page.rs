//! The page: one file, which shows the rows one by one, keeps each answer in the browser at once, and gives the table
//! with the labels filled in.

use semiseq::datasets::sha256;
use semiseq::prelude::*;
use semiseq::report::page::escape;
use serde_json::{Value, json};

use super::table::{Table, shown_values, text};

/// The page of rows of `raw`, which `table` holds.
pub(super) fn html(run: &SavedRun, raw: &Dataset, rows: &[(usize, f64)], table: &Table) -> Result<String, Error> {
    let shown = rows.iter().zip(&table.rows).map(|((row, _), [before, after])| {
        let content = match (text(&raw.sequences[*row]), raw.values_as_read(*row)) {
            (Some(text), _) => json!({"text": text}),
            (None, Some((values, channels))) => json!({"values": shown_values(&values, channels)}),
            (None, None) => json!({}),
        };
        json!({"content": content, "before": before, "after": after, "row": row})
    });
    let name = run.config()?.name;
    let data = json!({
        "rows": shown.collect::<Vec<Value>>(),
        "classes": run.processor().classes(),
        "header": table.header(),
        "empty": table.empty,
        "lines": table.empty == "null",
        // Answers belong to these rows, and to no other page's.
        "key": format!("semiseq-{}", sha256(table.text().as_bytes())),
    });
    // Within a script `<` could end it.
    let data = data.to_string().replace('<', "\\u003c");
    Ok(include_str!("page.html").replace("{{name}}", &escape(&name)).replace("{{data}}", &data))
}
