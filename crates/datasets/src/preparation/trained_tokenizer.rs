//! Tokenizers of Hugging Face's library, trained on the user's own texts: byte-pair encoding over bytes (Sennrich,
//! Haddow & Birch 2016; Radford et al. 2019) or a unigram language model (Kudo 2018).

use crate::error::DataError;

/// What a tokenizer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenizerKind {
    /// Byte-pair encoding over bytes, as GPT-2's: every text can be cut, and capitals stay.
    Bpe,
    /// A unigram language model over pieces with their spaces, as SentencePiece's.
    Unigram,
}

impl TokenizerKind {
    /// The fewest tokens that such a vocabulary can have.
    fn least(self) -> usize {
        match self {
            // A token for each byte, and one that holds two.
            Self::Bpe => 257,
            Self::Unigram => 8,
        }
    }
}

/// The text of a `tokenizer.json` with at most `vocabulary` tokens. Words are counted by all threads.
///
/// # Errors
///
/// Where there is no text, the vocabulary is too small or too large, or this build lacks the feature `tokenizers`.
pub fn trained_tokenizer(texts: &[&str], kind: TokenizerKind, vocabulary: usize) -> Result<String, DataError> {
    let most = crate::preparation::text::MOST_TOKENS;
    if !(kind.least()..=most).contains(&vocabulary) {
        return Err(DataError::new(
            format!("a vocabulary of this kind must have {} to {most} tokens, got {vocabulary}", kind.least()),
            "8000 to 32000 are usual",
        ));
    }
    if texts.iter().all(|text| text.trim().is_empty()) {
        return Err(DataError::new("there is no text to train a tokenizer on", "give files that hold texts"));
    }
    library::trained(texts, kind, vocabulary).map_err(|reason| {
        DataError::new(format!("the tokenizer cannot be trained: {reason}"), "give more text, or fewer tokens")
    })
}

#[cfg(feature = "tokenizers")]
mod library {
    use std::collections::HashMap;

    use tokenizers::models::TrainerWrapper;
    use tokenizers::models::bpe::{BPE, BpeTrainer};
    use tokenizers::models::unigram::{Unigram, UnigramTrainer};
    use tokenizers::normalizers::unicode::{NFC, NFKC};
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;
    use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
    use tokenizers::{AddedToken, ModelWrapper, Result, Tokenizer, Trainer};

    use super::TokenizerKind;
    use crate::guard::guarded;

    /// Letters at most that no piece was left of.
    const ALPHABET: usize = 1000;
    /// The unknown token of a unigram model.
    const UNKNOWN: &str = "<unk>";

    pub(super) fn trained(
        texts: &[&str],
        kind: TokenizerKind,
        vocabulary: usize,
    ) -> std::result::Result<String, String> {
        let made = guarded(|| -> Result<String> {
            let tokenizer = match kind {
                TokenizerKind::Bpe => bpe(texts, vocabulary)?,
                TokenizerKind::Unigram => unigram(texts, vocabulary)?,
            };
            tokenizer.to_string(true)
        });
        made?.map_err(|error| error.to_string())
    }

    fn bpe(texts: &[&str], vocabulary: usize) -> Result<Tokenizer> {
        let mut tokenizer = Tokenizer::new(BPE::default());
        tokenizer
            .with_normalizer(Some(NFC))
            .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
            .with_decoder(Some(ByteLevel::new(false, true, true)));
        let trainer = BpeTrainer::builder()
            .vocab_size(vocabulary)
            .min_frequency(2)
            .show_progress(false)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        tokenizer.train(&mut TrainerWrapper::from(trainer), texts.iter())?;
        Ok(tokenizer)
    }

    fn unigram(texts: &[&str], vocabulary: usize) -> Result<Tokenizer> {
        let mut tokenizer = Tokenizer::new(Unigram::default());
        let space = || Metaspace::new('▁', PrependScheme::Always, true);
        tokenizer.with_normalizer(Some(NFKC)).with_pre_tokenizer(Some(space())).with_decoder(Some(space()));
        let trainer = UnigramTrainer::builder()
            .vocab_size(vocabulary as u32)
            .show_progress(false)
            .unk_token(Some(UNKNOWN.into()))
            .special_tokens(vec![AddedToken::from(UNKNOWN, true)])
            .build()?;
        tokenizer.train(&mut InOrder { trainer, words: Vec::new() }, texts.iter())?;
        Ok(tokenizer)
    }

    /// The unigram trainer on words in alphabetical order and on one thread: in the order of a hash map, or of threads,
    /// each training would round its sums otherwise and may choose other pieces.
    struct InOrder {
        trainer: UnigramTrainer,
        words: Vec<(String, u32)>,
    }

    impl Trainer for InOrder {
        type Model = ModelWrapper;

        fn should_show_progress(&self) -> bool {
            false
        }

        fn train(&self, model: &mut ModelWrapper) -> Result<Vec<AddedToken>> {
            let mut unigram = Unigram::default();
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
            let special = alone.install(|| self.trainer.do_train(self.words.clone(), &mut unigram))?;
            *model = in_order(&unigram)?.into();
            Ok(special)
        }

        fn feed<I, S, F>(&mut self, texts: I, words_of: F) -> Result<()>
        where
            I: Iterator<Item = S> + Send,
            S: AsRef<str> + Send,
            F: Fn(&str) -> Result<Vec<String>> + Sync,
        {
            let texts: Vec<String> = texts.map(|text| text.as_ref().to_string()).collect();
            let counts = crate::preparation::counting::counted(&texts, |text, count| {
                words_of(text)?.into_iter().for_each(&mut *count);
                Ok::<(), tokenizers::Error>(())
            })?;
            self.words = sorted(counts);
            Ok(())
        }
    }

    /// What the library takes off the score of a letter for each that it added before, in the order of a hash map.
    const STEP: f64 = 1e-4;

    /// The same pieces in the order of their scores and letters. Letters that no piece was left of get the lowest score
    /// and steps above it, here in their own order.
    fn in_order(model: &Unigram) -> Result<Unigram> {
        let (special, mut pieces): (Vec<_>, Vec<_>) = model.iter().cloned().partition(|(piece, _)| piece == UNKNOWN);
        let least = pieces.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        let is_added = |(piece, score): &(String, f64)| {
            let steps = (score - least) / STEP;
            piece.chars().count() == 1 && (steps - steps.round()).abs() < 1e-6 && steps < ALPHABET as f64
        };
        let (mut letters, mut scores): (Vec<String>, Vec<f64>) =
            pieces.iter().filter(|piece| is_added(piece)).cloned().unzip();
        letters.sort_unstable();
        scores.sort_unstable_by(|left, right| right.total_cmp(left));
        pieces.retain(|piece| !is_added(piece));
        pieces.extend(letters.into_iter().zip(scores));
        pieces.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        Unigram::from(special.into_iter().chain(pieces).collect(), Some(0), false)
    }

    fn sorted(counts: HashMap<String, usize>) -> Vec<(String, u32)> {
        let mut words: Vec<(String, u32)> =
            counts.into_iter().map(|(word, count)| (word, u32::try_from(count).unwrap_or(u32::MAX))).collect();
        words.sort_unstable();
        words
    }
}

#[cfg(not(feature = "tokenizers"))]
mod library {
    use super::TokenizerKind;

    pub(super) fn trained(_texts: &[&str], _kind: TokenizerKind, _vocabulary: usize) -> Result<String, String> {
        Err("this build of semiseq lacks the feature `tokenizers`".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::preparation::text::Tokenizer;
    use crate::preparation::transform::{TextUnit, TransformConfig};

    fn texts() -> Vec<String> {
        let (adjectives, nouns) =
            (["small", "smaller", "smallest", "old", "older"], ["house", "houses", "tree", "trees"]);
        (0..400).map(|row| format!("The {} {} No{}", adjectives[row % 5], nouns[row % 4], row % 7)).collect()
    }

    #[test]
    fn a_trained_tokenizer_cuts_what_it_saw_and_is_the_same_again() {
        let texts = texts();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for (kind, vocabulary, unknown) in [(TokenizerKind::Bpe, 290, None), (TokenizerKind::Unigram, 60, Some(1))] {
            let json = trained_tokenizer(&texts, kind, vocabulary).unwrap();
            assert_eq!(json, trained_tokenizer(&texts, kind, vocabulary).unwrap(), "{kind:?}");
            let tokenize = TextUnit(file("tokenizer.json", &json).display().to_string());
            let config = TransformConfig { tokenize, ..TransformConfig::default() };
            let tokenizer = Tokenizer::fit(&config, std::iter::empty::<&str>()).unwrap();
            // Padding comes beside the vocabulary.
            assert!(tokenizer.size() <= vocabulary + 1, "{kind:?}: {}", tokenizer.size());
            assert_eq!(tokenizer.unknown(), unknown, "{kind:?}");
            let tokens = tokenizer.encoder().unwrap()("The smallest houses No3").unwrap();
            assert!((4..=12).contains(&tokens.len()), "{kind:?}: {tokens:?}");
            assert!(!tokens.contains(&1) || unknown.is_none(), "{kind:?}: {tokens:?}");
            let told = tokenizer.text(&tokens);
            assert_eq!(told.replace(' ', ""), "ThesmallesthousesNo3", "{kind:?}");
        }
    }

    #[test]
    fn too_few_tokens_and_no_text_are_refused() {
        let told = |texts: &[&str], vocabulary| {
            trained_tokenizer(texts, TokenizerKind::Bpe, vocabulary).unwrap_err().to_string()
        };
        assert!(told(&["a b"], 256).contains("must have 257 to"));
        assert!(told(&["", " "], 300).contains("no text"));
    }
}
