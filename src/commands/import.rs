//! `semiseq import`.

use std::path::{Path, PathBuf};

use semiseq::exchange::{FoundModel, modules, read, renamed, safetensors};
use semiseq::prelude::*;
use semiseq::training::files::write_atomic;

use super::{check_ending, print, refused, tell};

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A PyTorch checkpoint (`.pt`, `.pth`) or a safetensors file of `nn.RNN`, `nn.LSTM` or `nn.GRU`, with
    /// `nn.Embedding` and `nn.Linear` where there are some; or weights of Keras (`.weights.h5`, `.keras`, `.h5`) of
    /// `SimpleRNN`, `LSTM` or `GRU`, with `Bidirectional`, `Embedding` and `Dense`
    file: PathBuf,
    /// Where to write; default: the file's name with the ending `.safetensors`
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Imports.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["safetensors"])?;
    let file = &arguments.file;
    let path = arguments.output.clone().unwrap_or_else(|| beside(file));
    if path == *file {
        return Err(Error::input(
            format!("{}: would be written over", file.display()),
            "name another file with `--output`",
        ));
    }
    let foreign = read(file).map_err(refused)?;
    if foreign.keys().any(|name| name.contains("backbone.")) {
        return Err(Error::input(
            format!("{}: its tensors have semiseq's names already", file.display()),
            format!("write `[model] weights = \"{}\"` in a config", file.display()),
        ));
    }
    let found = renamed(&foreign)
        .map_err(|error| Error::input(format!("{}: {}", file.display(), error.message), error.hint()))?;
    write_atomic(&path, &safetensors::write(&found.tensors, None).map_err(refused)?)?;
    if !found.left.is_empty() {
        tell(format!(
            "note: {} of {} tensors are left over: {}",
            found.left.len(),
            foreign.len(),
            modules(&found.left)
        ));
    }
    tell(format!("{} tensors in {}; a config takes them by:", found.tensors.len(), path.display()));
    print(table(&found.model, &path.display().to_string()))
}

/// `model.safetensors` beside `model.pt`, and beside `model.weights.h5` too.
fn beside(file: &Path) -> PathBuf {
    let path = file.with_extension("");
    let path = if path.extension().is_some_and(|ending| ending == "weights") { path } else { file.to_path_buf() };
    path.with_extension("safetensors")
}

/// The tables of a config that the tensors go with.
fn table(model: &FoundModel, path: &str) -> String {
    let mut lines = vec!["[model]".to_string(), format!("weights = {}", toml::Value::from(path))];
    match model.outputs {
        Some(outputs) => lines.push(format!("weights_part = \"all\"    # the head has {outputs} outputs")),
        None if model.tokens.is_some() => {
            lines.push(
                "weights_part = \"encoder\"    # `all` takes the embedding too, where the words are the same".into(),
            );
        }
        None => {}
    }
    lines.push("[model.classifier]".into());
    let pooling = if model.attention { "attention" } else { "last" };
    lines.push(format!("pooling = \"{pooling}\"    # as the other program does it: last, mean, max or attention"));
    if let Some(tokens) = model.tokens {
        lines.push(format!("embedding = {{ size = {} }}    # of {tokens} tokens", model.input));
    }
    lines.push(format!("[model.classifier.encoder.{}]", model.encoder));
    lines.push(format!("hidden = {}", model.hidden));
    lines.push(format!("layers = {}", model.layers));
    lines.push(format!("bidirectional = {}", model.bidirectional));
    match (&*model.encoder, model.reset_before) {
        ("rnn", _) => lines.push("activation = \"tanh\"    # or `relu`, as there; the weights do not say".into()),
        ("gru", Some(true)) => lines.push("reset = \"before\"".into()),
        ("gru", None) => {
            lines.push(
                "reset = \"after\"    # `before` of `reset_after=False`; without biases the file does not say".into(),
            );
        }
        _ => {}
    }
    lines.join("\n")
}
