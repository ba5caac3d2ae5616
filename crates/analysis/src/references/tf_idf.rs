//! TF-IDF: how often a word or a character pair stands in a text, against in how many texts it does (Spärck Jones
//! 1972), with the choices of scikit-learn's `TfidfVectorizer(sublinear_tf=True, min_df=2)`.

use std::collections::HashMap;

use crate::references::features::SparseRows;

/// Rows in which a term stands, at least.
const LEAST: usize = 2;

/// What a text is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// Words: runs of letters and apostrophes, and runs of digits.
    Words,
    /// Characters and pairs of characters, for scripts without spaces.
    Characters,
}

/// A vocabulary with how rare each term is.
#[derive(Clone, Debug)]
pub struct TfIdf {
    terms: TermKind,
    places: HashMap<String, u32>,
    /// `ln((1 + n) / (1 + df)) + 1`
    rarity: Vec<f64>,
}

impl TfIdf {
    /// Of the terms that stand in two texts or more.
    pub fn fit(texts: &[&str], terms: TermKind) -> Self {
        let mut found: HashMap<String, usize> = HashMap::new();
        for text in texts {
            counted(text, terms).into_keys().for_each(|term| *found.entry(term).or_default() += 1);
        }
        let mut kept: Vec<(String, usize)> = found.into_iter().filter(|(_, count)| *count >= LEAST).collect();
        kept.sort_unstable();
        let all = 1.0 + texts.len() as f64;
        let rarity = kept.iter().map(|(_, count)| (all / (1.0 + *count as f64)).ln() + 1.0).collect();
        let places = kept.into_iter().zip(0..).map(|((term, _), place)| (term, place)).collect();
        Self { terms, places, rarity }
    }

    /// TermKind of the vocabulary.
    pub fn width(&self) -> usize {
        self.rarity.len()
    }

    /// `(1 + ln tf) · idf` of each term, each text per row of length 1.
    pub fn transform(&self, texts: &[&str]) -> SparseRows {
        let mut rows = SparseRows::new(self.width());
        for text in texts {
            let mut row: Vec<(u32, f64)> = counted(text, self.terms)
                .into_iter()
                .filter_map(|(term, count)| {
                    let place = *self.places.get(&term)?;
                    Some((place, (1.0 + (count as f64).ln()) * self.rarity[place as usize]))
                })
                .collect();
            // In the order of the vocabulary, so that sums do not depend on a hash.
            row.sort_unstable_by_key(|(place, _)| *place);
            let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
            rows.push(row.into_iter().map(|(place, value)| (place, value / length)));
        }
        rows
    }

    /// How rare a word is; 5 where the vocabulary lacks it.
    pub fn rarity(&self, term: &str) -> f64 {
        self.places.get(term).map_or(5.0, |place| self.rarity[*place as usize])
    }
}

/// The words of a text in small letters.
pub fn words(text: &str) -> Vec<String> {
    let kind = |letter: char| match letter {
        letter if letter.is_numeric() => 2,
        letter if letter.is_alphabetic() || letter == '\'' => 1,
        _ => 0,
    };
    let (mut found, mut last) = (Vec::new(), 0);
    for letter in text.chars().flat_map(char::to_lowercase) {
        let now = kind(letter);
        if now != 0 {
            match found.last_mut() {
                Some(word) if now == last => String::push(word, letter),
                _ => found.push(letter.to_string()),
            }
        }
        last = now;
    }
    found
}

/// How often each term stands in a text.
fn counted(text: &str, terms: TermKind) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    match terms {
        TermKind::Words => words(text).into_iter().for_each(|word| *counts.entry(word).or_default() += 1),
        TermKind::Characters => {
            let text = text.to_lowercase();
            // Runs of white space count as one.
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let letters: Vec<char> = text.chars().collect();
            for size in [1, 2] {
                letters.windows(size).for_each(|term| *counts.entry(term.iter().collect()).or_default() += 1);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::references::features::Features;

    #[test]
    fn words_are_runs_of_letters_or_of_digits() {
        assert_eq!(words("Don't stop 24h, ÉTÉ!"), ["don't", "stop", "24", "h", "été"]);
    }

    /// scikit-learn 1.9: `TfidfVectorizer(sublinear_tf=True, min_df=2)` on these texts.
    #[test]
    fn weights_are_scikit_learns() {
        let texts = ["a b b", "b c a a", "c c d"];
        let found = TfIdf::fit(&texts, TermKind::Words);
        assert_eq!(found.width(), 3, "`d` stands in one text alone");
        let rows = Features::Sparse(found.transform(&texts)).times(&Array2::eye(3));
        let expected = [[0.5085423, 0.8610370, 0.0], [0.7674946, 0.4532947, 0.4532947], [0.0, 0.0, 1.0]];
        for (found, expected) in rows.iter().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-6, "{rows}");
        }
    }

    #[test]
    fn characters_are_taken_alone_and_in_pairs() {
        let found = TfIdf::fit(&["ab  a", "ab a"], TermKind::Characters);
        // a, b, a space, `ab`, `b `, ` a`.
        assert_eq!(found.width(), 6);
    }
}
