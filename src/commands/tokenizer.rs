//! `semiseq data tokenizer`.

use std::path::{Path, PathBuf};

use semiseq::datasets::{TokenizerKind, open, trained_tokenizer};
use semiseq::prelude::*;

use super::columns::Columns;
use super::{check_ending, print, tell, tell_notes, write_output};

/// Arguments of `data tokenizer`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Texts: files or folders in any format of texts, or built-in names, of which the training part is read
    #[arg(required = true)]
    corpus: Vec<String>,
    /// What tokens are
    #[arg(long, value_enum)]
    kind: Kind,
    /// Tokens at most
    #[arg(long, value_name = "N")]
    vocabulary: usize,
    /// Where to write, a name that ends in .json
    #[arg(long, default_value = "tokenizer.json")]
    output: PathBuf,
    #[command(flatten)]
    columns: Columns,
}

/// The kinds of tokenizers.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Byte-pair encoding over bytes, as GPT-2's
    Bpe,
    /// A unigram language model, as SentencePiece's
    Unigram,
}

impl From<Kind> for TokenizerKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Bpe => Self::Bpe,
            Kind::Unigram => Self::Unigram,
        }
    }
}

/// Trains a tokenizer on texts.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(Some(&arguments.output), &["json"])?;
    let mut parts = Vec::new();
    for path in &arguments.corpus {
        let source = open(&arguments.columns.config(path), TargetKind::Unsupervised)?;
        tell_notes(&source.notes());
        if source.train.sequences.iter().any(|sequence| !matches!(sequence, Sequence::Text(_))) {
            return Err(Error::input(
                format!("{path} holds values, and a tokenizer is trained on texts"),
                "name the column of the texts with `--text`, or the format with `--format lines`",
            ));
        }
        parts.push(source.train);
    }
    let texts: Vec<&str> = parts
        .iter()
        .flat_map(|part| &part.sequences)
        .filter_map(|sequence| if let Sequence::Text(text) = sequence { Some(text.as_str()) } else { None })
        .collect();
    let json = trained_tokenizer(&texts, arguments.kind.into(), arguments.vocabulary)?;
    write_output(Some(&arguments.output), json.as_bytes())?;
    tell_use(&arguments.output, texts.len());
    print(arguments.output.display())
}

fn tell_use(output: &Path, texts: usize) {
    tell(format!(
        "trained on {texts} texts; write `tokenize = \"{}\"` in `[data.transform]`, its path from the config's folder",
        output.display()
    ));
}
