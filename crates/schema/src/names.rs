//! Names that are nearly right: what a user may have meant.

/// The known name nearest to `name` by edit distance, if it is near enough to be meant. Capitals, `_`, `-` and spaces make no
/// difference: `MeanTeacher` means `mean-teacher`.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = plain(name);
    // An endless name is no slip of the pen, and its table of distances would be as endless.
    if plain.is_empty() || plain.len() > LONGEST_NAME {
        return None;
    }
    let others = known.iter().filter(|known| **known != name && known.len() <= LONGEST_NAME);
    let best = others.map(|known| (edit_distance(&plain, &self::plain(known)), *known)).min()?;
    (best.0 <= (plain.len() / 3).max(1)).then_some(best.1)
}

/// Letters of a name that may be meant for another.
const LONGEST_NAME: usize = 80;

/// A name without what people write in more than one way.
pub fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance, two neighbours swapped counting one.
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // Row and column 0: so many letters are added or left out.
    let mut rows: Vec<Vec<usize>> = (0..=left.len()).map(|row| (row..=row + right.len()).collect()).collect();
    for row in 1..=left.len() {
        for column in 1..=right.len() {
            let change = usize::from(left[row - 1] != right[column - 1]);
            let mut best =
                (rows[row - 1][column] + 1).min(rows[row][column - 1] + 1).min(rows[row - 1][column - 1] + change);
            if row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1] {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_a_swap_and_refuses_a_stranger() {
        assert_eq!(nearest("weigth", &["weight", "ramp_up"]), Some("weight"));
        assert_eq!(nearest("banana", &["weight", "ramp_up"]), None);
    }

    #[test]
    fn capitals_and_the_marks_between_words_make_no_difference() {
        let known = ["mean-teacher", "temporal-ensembling", "batch_size"];
        assert_eq!(nearest("MeanTeacher", &known), Some("mean-teacher"));
        assert_eq!(nearest("Temporal Ensembling", &known), Some("temporal-ensembling"));
        assert_eq!(nearest("batch-size", &known), Some("batch_size"));
        assert_eq!(nearest(&"m".repeat(3_000_000), &known), None);
    }
}
