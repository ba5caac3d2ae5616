//! What augmentations of text know of the training texts: how often a token stands in them, and in how many.

use rand::Rng;

use crate::sequence::Sequence;

/// Counts of tokens. Empty for series.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    texts: f64,
    /// Texts that hold each token, by its number.
    holding: Vec<f64>,
    /// Sums of the counts up to each token, by its number.
    frequencies: Vec<f64>,
    /// Sums of `max S - S` up to each token, by its number; see [`Corpus::draw_common`].
    common: Vec<f64>,
}

/// Tokens below are padding and the unknown word.
const FIRST_WORD: usize = 2;

impl Corpus {
    /// Counts the tokens of texts.
    pub fn of(texts: &[Sequence]) -> Self {
        let mut corpus = Self { texts: texts.len() as f64, ..Self::default() };
        let mut counts: Vec<f64> = Vec::new();
        for text in texts {
            let text = text.loaded();
            let Sequence::Tokens(tokens) = &*text else { continue };
            let mut own = tokens.clone();
            for token in tokens {
                let token = *token as usize;
                if counts.len() <= token {
                    counts.resize(token + 1, 0.0);
                    corpus.holding.resize(token + 1, 0.0);
                }
                counts[token] += 1.0;
            }
            own.sort_unstable();
            own.dedup();
            own.iter().for_each(|token| corpus.holding[*token as usize] += 1.0);
        }
        let word = |token: usize| token >= FIRST_WORD && counts[token] > 0.0;
        let scores: Vec<f64> = (0..counts.len())
            .map(
                |token| if word(token) { counts[token] * corpus.inverse_document_frequency(token as u32) } else { 0.0 },
            )
            .collect();
        let largest = scores.iter().copied().fold(0.0, f64::max);
        corpus.common = sums((0..counts.len()).map(|token| if word(token) { largest - scores[token] } else { 0.0 }));
        corpus.frequencies = sums((0..counts.len()).map(|token| if word(token) { counts[token] } else { 0.0 }));
        corpus
    }

    /// `ln(texts / texts that hold the token)`; 0 for a token of no text.
    pub fn inverse_document_frequency(&self, token: u32) -> f64 {
        let holding = self.holding.get(token as usize).copied().unwrap_or(0.0);
        if holding > 0.0 { (self.texts / holding).ln() } else { 0.0 }
    }

    /// A word, as often as it stands in the texts.
    pub fn draw(&self, rng: &mut impl Rng) -> Option<u32> {
        pick(&self.frequencies, rng)
    }

    /// A word that says little: drawn in proportion to `max S - S`, `S` its count times its inverse document frequency.
    pub fn draw_common(&self, rng: &mut impl Rng) -> Option<u32> {
        pick(&self.common, rng).or_else(|| self.draw(rng))
    }
}

fn sums(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

fn pick(sums: &[f64], rng: &mut impl Rng) -> Option<u32> {
    let whole = sums.last().copied().filter(|whole| *whole > 0.0)?;
    let place = rng.random::<f64>() * whole;
    Some(sums.partition_point(|sum| *sum <= place).min(sums.len() - 1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn words_are_drawn_as_often_as_they_stand_there() {
        let corpus = Corpus::of(&[Sequence::Tokens(vec![1, 2, 2, 2]), Sequence::Tokens(vec![3])]);
        let mut rng = generator(0, 0);
        let drawn: Vec<u32> = (0..400).filter_map(|_| corpus.draw(&mut rng)).collect();
        let twos = drawn.iter().filter(|token| **token == 2).count();
        assert!(drawn.iter().all(|token| [2, 3].contains(token)), "never padding or the unknown word");
        assert!((260..340).contains(&twos), "{twos}");
        assert_eq!(Corpus::default().draw(&mut rng), None);
        assert!((corpus.inverse_document_frequency(3) - 2f64.ln()).abs() < 1e-12);
    }
}
