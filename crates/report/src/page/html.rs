//! Text that is safe inside a page.

/// Escapes what HTML would read as its own.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A metric's name for people, as HTML.
pub(super) fn title(name: &str) -> String {
    // A name of a foreign `metrics.jsonl` or `summary.json` may hold anything.
    escape(&semiseq_schema::title(name))
}

/// The style sheet of pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// A page with the report's style, in one file; title and body are HTML already.
pub fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · semiseq</title>\
         <style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    )
}
