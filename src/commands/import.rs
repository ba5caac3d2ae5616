//! `semiseq import`.

use std::path::PathBuf;

use semiseq::exchange::{FoundModel, modules, read, renamed, safetensors};
use semiseq::prelude::*;
use semiseq::training::files::write_atomic;

use super::{check_ending, print, refused, tell};

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A PyTorch checkpoint (`.pt`, `.pth`) or a safetensors file of `nn.RNN`, `nn.LSTM` or `nn.GRU`, with
    /// `nn.Embedding` and `nn.Linear` where there are some
    file: PathBuf,
    /// Where to write; default: the file's name with the ending `.safetensors`
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Imports.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["safetensors"])?;
    let file = &arguments.file;
    let path = arguments.output.clone().unwrap_or_else(|| file.with_extension("safetensors"));
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
    let found = renamed(&foreign).map_err(refused)?;
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
    if model.encoder == "rnn" {
        lines.push("activation = \"tanh\"    # `relu` where `nonlinearity` was; the file does not say".into());
    }
    lines.join("\n")
}
