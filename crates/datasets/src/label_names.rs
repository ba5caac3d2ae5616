//! What labels mean: which marks stand for none, and that `1` and `1.0` are one class.

use std::collections::HashMap;

use crate::codes;
use crate::preparation::unicode::composed;

/// Marks that programs write for a label that is not there: ARFF and UCR, pandas, R, SQL, Excel. In any case of
/// letters.
const MISSING: [&str; 8] = ["", "?", "nan", "na", "n/a", "<na>", "null", "#n/a"];
/// Words that may mean no label and may be a class: the user is asked.
const DOUBTFUL: [&str; 10] =
    ["none", "-", "--", ".", "nil", "missing", "unknown", "unlabeled", "unlabelled", "undefined"];
/// Significant digits that a double holds exactly; longer numbers are names.
const EXACT: usize = 15;

/// Whether a label is a mark for none.
pub(crate) fn is_missing(label: &str) -> bool {
    let label = label.trim();
    MISSING.iter().any(|mark| label.eq_ignore_ascii_case(mark))
}

/// What two spellings of one class have in common: `1`, `1.0` and `1e0` are one number, `01` and `A1` are names; `é` is
/// one letter however it is composed.
pub(crate) fn key(label: &str) -> String {
    let label = label.trim();
    let digits = label.strip_prefix(['+', '-']).unwrap_or(label);
    let coded = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let plain = digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') && !coded;
    match label.parse::<f64>() {
        // Without the sign of `-0`.
        Ok(number) if plain && significant(digits) <= EXACT && number.is_finite() => (number + 0.0).to_string(),
        // macOS writes names of folders decomposed.
        _ => composed(label).into_owned(),
    }
}

/// Whether two spellings are those of one class.
pub(crate) fn are_one(left: &str, right: &str) -> bool {
    left == right || key(left) == key(right)
}

/// Digits of a number without a sign that say something: none of the power of ten, no zeros before or behind, which
/// `numpy.savetxt` writes in plenty.
fn significant(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// The classes that labels name, in order, each in its shortest spelling, and the class of each label; an empty one has
/// none.
pub(crate) fn classes(labels: &[String]) -> (Vec<String>, Vec<Option<usize>>) {
    let mut spellings: HashMap<String, &str> = HashMap::new();
    let keys: Vec<Option<String>> = labels.iter().map(|label| (!label.is_empty()).then(|| key(label))).collect();
    for (label, key) in labels.iter().zip(&keys) {
        let Some(key) = key else { continue };
        match spellings.get_mut(key) {
            Some(known) => *known = shorter(known, label),
            None => {
                spellings.insert(key.clone(), label);
            }
        }
    }
    let mut sorted: Vec<(String, &str)> = spellings.into_iter().collect();
    sorted.sort_by(|left, right| compare(left.1, right.1));
    let places: HashMap<&str, usize> = sorted.iter().zip(0..).map(|((key, _), place)| (key.as_str(), place)).collect();
    let numbers = keys.iter().map(|key| key.as_ref().and_then(|key| places.get(key.as_str()).copied())).collect();
    (sorted.iter().map(|(_, name)| name.to_string()).collect(), numbers)
}

fn shorter<'a>(left: &'a str, right: &'a str) -> &'a str {
    std::cmp::min_by_key(left, right, |label| (label.len(), *label))
}

/// Numbers first and by value, then everything else by letters.
fn compare(left: &str, right: &str) -> std::cmp::Ordering {
    use std::cmp::Ordering::{Greater, Less};
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b).then_with(|| left.cmp(right)),
        (Ok(_), Err(_)) => Less,
        (Err(_), Ok(_)) => Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

/// Empties the labels that are marks for none, and says which there were; `name` stands in the line.
pub(crate) fn without_marks(labels: &mut [String], name: &str) -> Option<String> {
    let mut marks: Vec<String> = Vec::new();
    let mut count = 0;
    for label in labels.iter_mut().filter(|label| is_missing(label)) {
        if !label.is_empty() {
            count += 1;
            let mark = format!("`{}`", label.trim());
            if !marks.contains(&mark) {
                marks.push(mark);
            }
            label.clear();
        }
    }
    let rows = if count == 1 { "1 row is".to_string() } else { format!("{count} rows are") };
    (count > 0).then(|| format!("{name}: {rows} unlabelled: the label is {}", marks.join(" or ")))
}

/// Empties the labels that the user's own mark stands for.
pub(crate) fn without(labels: &mut [String], mark: &str) {
    let mark = key(mark);
    labels.iter_mut().filter(|label| key(label) == mark).for_each(String::clear);
}

/// A class that may mean no label: scikit-learn's -1 beside classes that begin at 0 or 1, or a word such as `None`.
pub(crate) fn doubtful(classes: &[String], counts: &[usize], name: &str) -> Option<String> {
    let place = classes.iter().position(|class| DOUBTFUL.iter().any(|word| class.trim().eq_ignore_ascii_case(word)));
    let place = place.or_else(|| minus_one(classes)).filter(|_| classes.len() > 2)?;
    let class = &classes[place];
    Some(format!(
        "{name}: `{class}` is read as a class, of {} rows; if it means unlabelled, empty these cells or set \
         `data.labels.missing = \"{class}\"`",
        counts.get(place).copied().unwrap_or(0)
    ))
}

/// Names, such as classes, that differ in capitals or in leading zeros alone, which is seldom meant: `Yes` and `yes`,
/// `01` and `1`; `many` is what several are called.
pub(crate) fn alike(classes: &[String], name: &str, many: &str) -> Option<String> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<String>> = Vec::new();
    for class in classes {
        let place = *places.entry(plain(class)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(format!("`{class}`")),
            None => groups.push(vec![format!("`{class}`")]),
        }
    }
    groups.retain(|group| group.len() > 1);
    let (first, rest) = groups.split_first()?;
    let shown: Vec<String> = groups.iter().take(MOST_SHOWN).map(|group| group.join(" and ")).collect();
    let shown = shown.join(", ");
    let more = groups.len().saturating_sub(MOST_SHOWN);
    let more = if more > 0 { format!(" and {more} more of this kind") } else { String::new() };
    let two = rest.is_empty() && first.len() == 2;
    let read = if two { format!("two {many}") } else { format!("{many} of their own") };
    Some(format!("{name}: {shown}{more} are read as {read}; write them alike if they are one"))
}

/// Groups of classes that are shown in a line.
const MOST_SHOWN: usize = 8;

/// A class in small letters and without leading zeros.
fn plain(class: &str) -> String {
    let class = class.trim();
    let bare = class.trim_start_matches('0');
    let number = bare.len() < class.len() && class.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match number {
        true if bare.is_empty() || bare.starts_with('.') => key(&format!("0{bare}")),
        true => key(bare),
        false => key(class).to_lowercase(),
    }
}

/// Where -1, or a code such as -99 or 999, stands among classes that are otherwise whole numbers from 0 on; one above 0
/// is at least ten times as large as they are.
fn minus_one(classes: &[String]) -> Option<usize> {
    let numbers: Vec<f64> = classes.iter().map(|class| class.parse().ok()).collect::<Option<_>>()?;
    let is_code = |place: &usize| {
        let code = numbers[*place];
        let mut others = numbers.iter().enumerate().filter(|(other, _)| other != place);
        (code == -1.0 || codes::place(code).is_some())
            && others.all(|(_, number)| {
                *number >= 0.0 && number.fract() == 0.0 && (code < 0.0 || 10.0 * number.max(0.5) <= code)
            })
    };
    (0..numbers.len()).find(is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(labels: &[&str]) -> Vec<String> {
        labels.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_number_is_one_class_however_it_is_written() {
        let (names, numbers) = classes(&texts(&["1.0", "2", "1", "", "2.00", "+1", "1e0"]));
        assert_eq!(names, ["1", "2"]);
        assert_eq!(numbers, [Some(0), Some(1), Some(0), None, Some(1), Some(0), Some(0)]);
        // A single spelling stays as it was written.
        assert_eq!(classes(&texts(&["2.0", "1.0"])).0, ["1.0", "2.0"]);
        assert_eq!(classes(&texts(&["-1", "1", "-1.0"])).0, ["-1", "1"]);
        assert_eq!(classes(&texts(&["0", "-0.0"])).0, ["0"]);
        // As `numpy.savetxt` writes them.
        let written =
            ["0.000000000000000000e+00", "0", "1.000000000000000000e+00", "1", "-1.000000000000000000e+00", "-1"];
        assert_eq!(classes(&texts(&written)).0, ["-1", "0", "1"]);
        assert_eq!(classes(&texts(&["1.5e1", "15", "1.50000000000000000000"])).0, ["1.50000000000000000000", "15"]);
        assert_eq!(classes(&texts(&["e\u{301}te\u{301}", "été"])), (texts(&["été"]), vec![Some(0), Some(0)]));
    }

    #[test]
    fn codes_and_words_are_no_numbers() {
        assert_eq!(classes(&texts(&["1", "01", "001"])).0.len(), 3);
        assert_eq!(classes(&texts(&["9007199254740993", "9007199254740992"])).0.len(), 2);
        assert_eq!(classes(&texts(&["inf", "infinity", "1a", "1"])).0.len(), 4);
    }

    #[test]
    fn numbers_and_words_have_one_order() {
        assert_eq!(classes(&texts(&["b", "10", "9", "a", "2.5"])).0, ["2.5", "9", "10", "a", "b"]);
    }

    #[test]
    fn marks_for_none_are_emptied_and_told() {
        let mut labels = texts(&["NaN", "a", "", "NA", "?", "null", "N/A", "nan", "#N/A", "none", "-1"]);
        let told = without_marks(&mut labels, "x.csv").unwrap();
        assert_eq!(labels, ["", "a", "", "", "", "", "", "", "", "none", "-1"]);
        assert_eq!(
            told,
            "x.csv: 7 rows are unlabelled: the label is `NaN` or `NA` or `?` or `null` or `N/A` or `nan` or `#N/A`"
        );
        assert_eq!(without_marks(&mut texts(&["a", ""]), "x.csv"), None);
    }

    #[test]
    fn the_users_own_mark_is_emptied_in_each_spelling() {
        let mut labels = texts(&["-1", "0", "-1.0", "1"]);
        without(&mut labels, "-1");
        assert_eq!(labels, ["", "0", "", "1"]);
    }

    #[test]
    fn classes_that_differ_in_capitals_are_told() {
        let told = |classes: &[&str]| alike(&texts(classes), "x.csv", "classes");
        assert_eq!(
            told(&["Yes", "no", "yes"]).unwrap(),
            "x.csv: `Yes` and `yes` are read as two classes; write them alike if they are one"
        );
        assert_eq!(told(&["Yes", "no"]), None);
    }

    #[test]
    fn all_classes_that_differ_in_capitals_or_zeros_are_told_in_one_line() {
        let told = |classes: &[&str]| alike(&texts(classes), "x.csv", "classes");
        assert_eq!(
            told(&["01", "1"]).unwrap(),
            "x.csv: `01` and `1` are read as two classes; write them alike if they are one"
        );
        assert_eq!(
            told(&["FALSE", "False", "TRUE", "True", "true"]).unwrap(),
            "x.csv: `FALSE` and `False`, `TRUE` and `True` and `true` are read as classes of their own; write them \
             alike if they are one"
        );
        let line = told(&["002", "2", "1.0", "01", "0", "00", "0.5", "00.50"]).unwrap();
        assert!(line.contains("`002` and `2`, `1.0` and `01`, `0` and `00`, `0.5` and `00.50` are read"), "{line}");
        let many: Vec<String> = (1..20).flat_map(|class| [format!("0{class}"), class.to_string()]).collect();
        assert!(alike(&many, "x.csv", "classes").unwrap().contains("`08` and `8` and 11 more of this kind are read"));
        for sound in [&["1", "10", "100"][..], &["A01", "A1"], &["-1", "1"], &["0", "0.5"], &["x", "0x"]] {
            assert_eq!(told(sound), None, "{sound:?}");
        }
    }

    #[test]
    fn minus_one_beside_zero_and_one_is_asked_about() {
        let asked = |classes: &[&str]| doubtful(&texts(classes), &vec![7; classes.len()], "x.csv");
        let told = asked(&["-1", "0", "1"]).unwrap();
        assert!(
            told.contains("`-1` is read as a class, of 7 rows") && told.contains("`data.labels.missing = \"-1\"`"),
            "{told}"
        );
        assert!(asked(&["-1.0", "1.0", "2.0"]).is_some());
        assert!(asked(&["None", "a", "b"]).is_some());
        assert!(asked(&["-99", "0", "1"]).unwrap().contains("`data.labels.missing = \"-99\"`"));
        for codes in [&["0", "1", "9999"][..], &["-9", "1", "2"], &["1", "2", "99.0"]] {
            assert!(asked(codes).is_some(), "{codes:?}");
        }
        assert_eq!(asked(&["98", "99", "100"]), None);
        assert_eq!(asked(&["-99", "-98", "1"]), None);
        for sound in [&["-1", "1"][..], &["-2", "-1", "0", "1"], &["-1", "0.5", "1"], &["a", "b", "c"], &["None", "b"]]
        {
            assert_eq!(asked(sound), None, "{sound:?}");
        }
    }
}
