//! ARFF, the format of Weka: attributes that are numbers, one of listed words (nominal), texts, or tables of their own
//! (relational), which is how the UEA archive writes multivariate series: a line per channel, an attribute per step.

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relation {
    /// The attributes, in order.
    pub attributes: Vec<Attribute>,
    /// The line of each row, and its cells.
    pub rows: Vec<(usize, Vec<ArffCell>)>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: AttributeKind,
}

/// What the cells of a column are.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeKind {
    /// Numbers.
    Numeric,
    /// One of these.
    Nominal(Vec<String>),
    /// Texts and dates.
    Text,
    /// Rows of so many numbers.
    Relational(usize),
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum ArffCell {
    /// `?`, which means that nothing is known.
    Missing,
    /// A number or a text, without its quotes.
    Text(String),
    /// Row-major `[rows, attributes]`, NaN where a value is missing: in the UEA archive `[channels, time]`.
    Relation(Vec<f64>),
}

/// Reads a whole file.
///
/// # Errors
///
/// All lines that are wrong, with what is wrong with them; of the header the first.
pub fn parse(text: &str) -> Result<Relation, Vec<(usize, String)>> {
    let mut relation = Relation::default();
    let mut lines =
        (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with('%'));
    header(&mut lines, &mut relation).map_err(|problem| vec![problem])?;
    let mut bad = Vec::new();
    for (line, content) in lines {
        match row(content, &relation.attributes) {
            Ok(cells) => relation.rows.push((line, cells)),
            Err(reason) => bad.push((line, reason)),
        }
    }
    if bad.is_empty() { Ok(relation) } else { Err(bad) }
}

/// Reads up to `@data`.
fn header<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    relation: &mut Relation,
) -> Result<(), (usize, String)> {
    let mut last = 0;
    // The name of a relational attribute that is open, and how many stand in it.
    let mut open: Option<(String, usize)> = None;
    for (line, content) in lines {
        last = line;
        let wrong = |reason: String| (line, reason);
        let (word, rest) = content.trim().split_once([' ', '\t']).unwrap_or((content.trim(), ""));
        match (word.to_lowercase().as_str(), &mut open) {
            ("@relation", None) => {}
            ("@data", None) if relation.attributes.is_empty() => {
                return Err(wrong("`@data` before any `@attribute`".into()));
            }
            ("@data", None) => return Ok(()),
            ("@end", Some((name, count))) => {
                let kind = AttributeKind::Relational(*count);
                relation.attributes.push(Attribute { name: std::mem::take(name), kind });
                open = None;
            }
            ("@attribute", inner) => {
                let (name, rest) = word_of(rest).map_err(wrong)?;
                let kind = kind(rest).map_err(wrong)?;
                match (inner, kind) {
                    (None, Some(kind)) => relation.attributes.push(Attribute { name, kind }),
                    (inner @ None, None) => *inner = Some((name, 0)),
                    (Some((_, count)), Some(AttributeKind::Numeric)) => *count += 1,
                    (Some(_), _) => return Err(wrong(format!("`{name}` within a relational attribute is no number"))),
                }
            }
            ("@data", Some((name, _))) => return Err(wrong(format!("`@data` before `@end {name}`"))),
            _ => return Err(wrong(format!("`{}` is no part of a header", short(word)))),
        }
    }
    Err((last.max(1), "the file has no `@data`".into()))
}

/// What an attribute holds; `None` for a relational one, whose attributes follow.
fn kind(text: &str) -> Result<Option<AttributeKind>, String> {
    let text = text.trim();
    if let Some(list) = text.strip_prefix('{') {
        let list = list.trim_end().strip_suffix('}').ok_or("a list of words that is not closed by `}`")?;
        return Ok(Some(AttributeKind::Nominal(cells(list)?.into_iter().map(|(word, _)| word).collect())));
    }
    let word = text.split([' ', '\t']).next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "numeric" | "real" | "integer" => Ok(Some(AttributeKind::Numeric)),
        "string" | "date" => Ok(Some(AttributeKind::Text)),
        "relational" => Ok(None),
        _ => Err(format!("`{}` is no kind of attribute: numeric, {{a, b}}, string, date or relational", short(text))),
    }
}

fn row(content: &str, attributes: &[Attribute]) -> Result<Vec<ArffCell>, String> {
    if content.trim_start().starts_with('{') {
        return Err("a sparse row, which is not read: write it with Weka's `SparseToNonSparse`".into());
    }
    let cells = cells(content)?;
    // Weka writes the weight of a row in braces behind it.
    let weighted = cells.len() == attributes.len() + 1 && cells.last().is_some_and(|(cell, _)| cell.starts_with('{'));
    if cells.len() != attributes.len() && !weighted {
        return Err(format!("{} cells, and there are {} attributes", cells.len(), attributes.len()));
    }
    let one = |(attribute, (text, quoted)): (&Attribute, (String, bool))| {
        let wrong = |reason: String| format!("`{}`: {reason}", attribute.name);
        if text == "?" && !quoted {
            return Ok(ArffCell::Missing);
        }
        match &attribute.kind {
            AttributeKind::Numeric => number(&text).map(|_| ArffCell::Text(text)).map_err(wrong),
            AttributeKind::Text => Ok(ArffCell::Text(text)),
            AttributeKind::Nominal(words) => match words.contains(&text) {
                true => Ok(ArffCell::Text(text)),
                false => Err(wrong(format!("`{}` is none of the words that the header lists", short(&text)))),
            },
            AttributeKind::Relational(width) => relation_of(&text, *width).map(ArffCell::Relation).map_err(wrong),
        }
    };
    attributes.iter().zip(cells).map(one).collect()
}

/// The rows of a relational cell, parted by line ends that are written as `\n`.
fn relation_of(text: &str, width: usize) -> Result<Vec<f64>, String> {
    let mut values = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let before = values.len();
        for cell in line.split(',').map(str::trim) {
            values.push(if cell == "?" { f64::NAN } else { number(cell)? });
        }
        if values.len() - before != width {
            return Err(format!("a row of {} numbers, and the header says {width}", values.len() - before));
        }
    }
    if values.is_empty() { Err("it holds no row".into()) } else { Ok(values) }
}

fn number(text: &str) -> Result<f64, String> {
    // Java writes NaN as it is.
    match text.trim().parse::<f64>() {
        Ok(value) if (value as f32).is_finite() || value.is_nan() => Ok(value),
        Ok(_) => Err(format!("`{}` is not a finite number", short(text))),
        Err(_) => Err(format!("`{}` is not a number", short(text))),
    }
}

/// The first word of a text, quoted or not, and what follows.
fn word_of(text: &str) -> Result<(String, &str), String> {
    let text = text.trim_start();
    if text.starts_with(['\'', '"']) {
        let (word, rest) = quoted(text)?;
        return Ok((word, rest));
    }
    let end = text.find([' ', '\t', '{']).unwrap_or(text.len());
    if end == 0 { Err("an attribute without a name".into()) } else { Ok((text[..end].to_string(), &text[end..])) }
}

/// A text in quotes, and what follows; within it a backslash stands before a letter that means something else.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut letters = text.char_indices();
    let Some((_, mark)) = letters.next() else { return Ok((String::new(), text)) };
    let mut word = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next().map(|(_, letter)| letter) {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('r') => word.push('\r'),
                Some(other) => word.push(other),
                None => break,
            },
            letter if letter == mark => return Ok((word, &text[at + letter.len_utf8()..])),
            letter => word.push(letter),
        }
    }
    Err(format!("a quote {mark} that is not closed"))
}

/// The cells of a line, and whether each stood in quotes.
fn cells(line: &str) -> Result<Vec<(String, bool)>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let is_quoted = rest.starts_with(['\'', '"']);
        let (cell, behind) = match is_quoted {
            true => quoted(rest)?,
            false => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_string(), &rest[end..])
            }
        };
        cells.push((cell, is_quoted));
        let behind = behind.trim_start();
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(cells),
            None => return Err(format!("`{}` behind a quoted cell", short(behind))),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_each_kind_and_quotes_are_read() {
        let text = "% made by hand\n@RELATION 'a b'\n@ATTRIBUTE \"x 1\" REAL\n@attribute name string\n\
                    @attribute class {yes, 'no, never'}\n@data\n1.5, 'it\\'s, so', yes\n?,?,'no, never'\n";
        let relation = parse(text).unwrap();
        assert_eq!(relation.attributes[0], Attribute { name: "x 1".into(), kind: AttributeKind::Numeric });
        assert_eq!(relation.attributes[2].kind, AttributeKind::Nominal(vec!["yes".into(), "no, never".into()]));
        let cell = |text: &str| ArffCell::Text(text.into());
        assert_eq!(relation.rows[0], (7, vec![cell("1.5"), cell("it's, so"), cell("yes")]));
        assert_eq!(relation.rows[1].1, [ArffCell::Missing, ArffCell::Missing, cell("no, never")]);
    }

    #[test]
    fn a_relational_cell_has_a_line_a_channel() {
        let text = "@relation r\n@attribute m relational\n@attribute a0 numeric\n@attribute a1 numeric\n\
                    @attribute a2 numeric\n@end m\n@attribute c {1,2}\n@data\n\"1,2,3\\n4,?,6\",2\n";
        let relation = parse(text).unwrap();
        assert_eq!(relation.attributes[0].kind, AttributeKind::Relational(3));
        let ArffCell::Relation(values) = &relation.rows[0].1[0] else { panic!("a relation") };
        assert_eq!(values[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(values[4].is_nan() && values[5] == 6.0);
    }

    #[test]
    fn all_bad_lines_are_named() {
        let begin = "@relation r\n@attribute a numeric\n@attribute c {x,y}\n@data\n";
        let bad = parse(&format!("{begin}1,x\ntwo,y\n3\n4,z\n1e99,x\n{{0 1}}\n1,'x\n")).unwrap_err();
        let lines: Vec<usize> = bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [6, 7, 8, 9, 10, 11]);
        assert_eq!(bad[0].1, "`a`: `two` is not a number");
        assert_eq!(bad[1].1, "1 cells, and there are 2 attributes");
        assert!(
            bad[2].1.contains("none of the words") && bad[4].1.contains("sparse") && bad[5].1.contains("not closed")
        );
        assert_eq!(parse("@relation r\n@attribute a color\n").unwrap_err()[0].0, 2);
        assert!(parse("@relation r\n").unwrap_err()[0].1.contains("no `@data`"));
    }
}
