//! Names that are nearly right: what a user may have meant.

/// The known name nearest to `name` by edit distance, if it is near enough to be meant. Capitals, `_`, `-` and spaces
/// make no difference: `MeanTeacher` means `mean-teacher`.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = plain(name);
    // An endless name is no slip of the pen, and its table of distances would be as endless.
    if plain.is_empty() || plain.len() > LONGEST_NAME {
        return None;
    }
    let others = known.iter().filter(|known| **known != name && known.len() <= LONGEST_NAME);
    let best = others.map(|known| (strsim::osa_distance(&plain, &self::plain(known)), *known)).min()?;
    (best.0 <= (plain.len() / 3).max(1)).then_some(best.1)
}

/// Letters of a name that may be meant for another.
const LONGEST_NAME: usize = 80;

/// A name without what people write in more than one way.
pub fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
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
