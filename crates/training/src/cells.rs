//! Texts as cells of the CSV files that semiseq writes, so that Python, R and semiseq read back what was meant, and a
//! spreadsheet shows it instead of running it.

/// A text as a cell: in quotes where a reader could take part of it for the table's own marks, or trim it; and with an
/// apostrophe before what a spreadsheet would run as a formula (see [`is_formula`]).
pub fn cell(text: &str) -> String {
    let text = if is_formula(text) { format!("'{text}") } else { text.to_string() };
    let quoted = text.contains(|letter: char| matches!(letter, ',' | ';' | '"') || letter.is_control())
        || text.trim() != text
        || text.starts_with('\u{feff}');
    if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Whether a spreadsheet that opens a CSV would compute this text: it begins with `=`, `@`, `+` or `-`, or with a tab
/// or a line break before one, and is no number. A lone `+` or `-` is a text to spreadsheets too.
pub fn is_formula(text: &str) -> bool {
    let is_number = text.parse::<f64>().is_ok();
    match text.chars().next() {
        Some('=' | '@' | '\t' | '\r' | '\n') => true,
        Some('+' | '-') => text.len() > 1 && !is_number,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_the_table_are_quoted() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("ok\rgo", "\"ok\rgo\""),
            ("two\nlines", "\"two\nlines\""),
            ("bell\u{7}", "\"bell\u{7}\""),
            (" a ", "\" a \""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn formulas_are_texts_and_numbers_stay_numbers() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("+cmd|' /C calc'!A0"), "'+cmd|' /C calc'!A0");
        assert_eq!(cell("\t=1"), "\"'\t=1\"");
        for number in ["-1", "-1.5e-3", "+2", "-inf", "-", "+", "a=b", "0"] {
            assert_eq!(cell(number), number);
        }
    }
}
