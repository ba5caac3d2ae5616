//! Arguments of `new`.

use std::path::PathBuf;

/// Arguments of `new`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The data, with labels: a file, a folder or a built-in name
    pub(super) path: String,
    /// More sequences, whose labels (if any) are not looked at: a file or a folder
    #[arg(long, value_name = "PATH")]
    pub(super) unlabeled: Option<String>,
    /// The test part: a file or a folder
    #[arg(long, value_name = "PATH")]
    pub(super) test: Option<String>,
    /// Word vectors to begin with: GloVe's or word2vec's text, word2vec's binary or fastText's .vec, packed or not
    #[arg(long, value_name = "FILE")]
    pub(super) vectors: Option<String>,
    /// Column that holds the label or number
    #[arg(long, value_name = "COLUMN")]
    pub(super) target: Option<String>,
    /// Where to write; default: standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[cfg(test)]
impl Arguments {
    pub(super) fn of(path: &str) -> Self {
        Self { path: path.into(), unlabeled: None, test: None, vectors: None, target: None, output: None }
    }
}
