//! Hugging Face's `tokenizers` behind one type, which a build without the feature `tokenizers` has too: there it
//! refuses every file in words.

/// What is expected where a file is none.
#[cfg(feature = "tokenizers")]
pub(crate) const HINT: &str = "give a `tokenizer.json` of the `tokenizers` library";
#[cfg(not(feature = "tokenizers"))]
pub(crate) const HINT: &str = "build semiseq with the feature `tokenizers`, or write `tokenize = \"word\"`";

#[cfg(feature = "tokenizers")]
mod library {
    use crate::guard::guarded;

    /// A tokenizer of the library.
    pub(crate) struct HuggingFace(tokenizers::Tokenizer);

    impl HuggingFace {
        /// Reads a `tokenizer.json`. Version 0.22 of the library panics over some files: where the JSON of a decoder is
        /// broken, or a `Precompiled` normaliser holds no such thing.
        pub(crate) fn parse(json: &str) -> Result<Self, String> {
            guarded(|| json.parse::<tokenizers::Tokenizer>())?.map(Self).map_err(|error| error.to_string())
        }

        /// Without padding and truncation of its own.
        pub(crate) fn bare(mut self) -> Result<Self, String> {
            self.0.with_padding(None);
            let cut = self.0.with_truncation(None).map(|_| ());
            cut.map(|()| self).map_err(|error| format!("its own truncation cannot be switched off: {error}"))
        }

        /// One above the largest number of the vocabulary: there may be holes between them.
        pub(crate) fn size(&self) -> usize {
            self.last_token().map_or(0, |(_, last)| last as usize + 1)
        }

        /// The token with the largest number.
        pub(crate) fn last_token(&self) -> Option<(String, u32)> {
            self.0.get_vocab(true).into_iter().max_by_key(|(_, number)| *number)
        }

        /// The number of the first of these tokens that there is.
        pub(crate) fn number_of_first(&self, tokens: &[&str]) -> Option<u32> {
            tokens.iter().find_map(|token| self.0.token_to_id(token))
        }

        /// The numbers of a text's tokens.
        pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
            let encoding = guarded(|| self.0.encode_fast(text, false))?.map_err(|error| error.to_string())?;
            Ok(encoding.get_ids().to_vec())
        }

        /// The text behind numbers.
        pub(crate) fn decode(&self, numbers: &[u32]) -> Option<String> {
            guarded(|| self.0.decode(numbers, true).ok()).ok().flatten()
        }
    }
}

#[cfg(not(feature = "tokenizers"))]
mod library {
    /// No tokenizer: this build has none.
    pub(crate) enum HuggingFace {}

    impl HuggingFace {
        pub(crate) fn parse(_json: &str) -> Result<Self, String> {
            Err("this build of semiseq cannot read `tokenizer.json`".into())
        }

        pub(crate) fn bare(self) -> Result<Self, String> {
            match self {}
        }

        pub(crate) fn size(&self) -> usize {
            match *self {}
        }

        pub(crate) fn last_token(&self) -> Option<(String, u32)> {
            match *self {}
        }

        pub(crate) fn number_of_first(&self, _tokens: &[&str]) -> Option<u32> {
            match *self {}
        }

        pub(crate) fn encode(&self, _text: &str) -> Result<Vec<u32>, String> {
            match *self {}
        }

        pub(crate) fn decode(&self, _numbers: &[u32]) -> Option<String> {
            match *self {}
        }
    }
}

pub(crate) use library::HuggingFace;
