//! `semiseq new`: a commented config for the user's own data.

use std::path::{Path, PathBuf};

use semiseq::datasets::{
    Description, Recording, describe, is_built_in, open, recording, shown, written_without_spaces,
};
use semiseq::prelude::*;
use semiseq::training::config::seen_from;

use super::data::tell_of;
use super::{tell, tell_notes, write_output};

/// Arguments of `new`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The data: a file, a folder or a built-in name
    path: String,
    /// Column that holds the label or number
    #[arg(long)]
    target: Option<String>,
    /// Where to write; default: standard output
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Writes the config.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let data = DataConfig { source: arguments.path.clone(), target: arguments.target.clone(), ..DataConfig::default() };
    let text = match recording(&data)? {
        Some(Recording { channels, steps, notes }) => {
            tell_notes(&notes);
            forecasting(arguments, &channels, steps)
        }
        None => {
            let (found, task, unspaced) = look(&data)?;
            config(arguments, &found, task, unspaced)
        }
    };
    read_str("the new config", &text, &[])?;
    // A config's paths are relative to its own folder.
    let text = match arguments.output.as_deref().and_then(Path::parent) {
        Some(folder) if is_built_in(&arguments.path).is_none() => {
            let path = seen_from(folder, &arguments.path).display().to_string();
            text.replacen(&format!("source = {}", quoted(&arguments.path)), &format!("source = {}", quoted(&path)), 1)
        }
        _ => text,
    };
    write_output(arguments.output.as_deref(), text.as_bytes())?;
    if let Some(path) = &arguments.output {
        tell(format!("wrote {}; train it with `semiseq train {}`", path.display(), path.display()));
    }
    Ok(())
}

/// Numbers of more than this many kinds, or with fractions, are a regression's.
const MOST_CLASSES: usize = 20;

/// What the data is, what can be learned of it, and whether it is text without spaces between words.
fn look(data: &DataConfig) -> Result<(Description, Task, bool), Error> {
    let source = open(data, Task::Unsupervised)?;
    tell_of(&source);
    let one_class_a_row = source.one_class_a_row();
    let train = source.train;
    let found = describe(&train);
    let numeric = !found.classes.is_empty() && found.classes.iter().all(|(name, _)| name.parse::<f64>().is_ok());
    let fractions = found.classes.iter().any(|(name, _)| name.parse::<f64>().is_ok_and(|number| number.fract() != 0.0));
    let task = if train.targets.iter().any(|target| matches!(target, Target::Number(_)))
        || (numeric && (fractions || found.classes.len() > MOST_CLASSES))
    {
        Task::Regress
    } else if train.targets.iter().any(|target| matches!(target, Target::Steps(_))) {
        Task::Tag
    } else if found.classes.len() < 2 || one_class_a_row {
        Task::Unsupervised
    } else {
        Task::Classify
    };
    let unspaced = written_without_spaces(&train);
    Ok((found, task, unspaced))
}

/// The run's name, from that of the data.
fn run_name(path: &str) -> String {
    std::path::Path::new(path).file_stem().map_or("run".into(), |stem| {
        stem.to_string_lossy()
            .chars()
            .map(|letter| if letter.is_alphanumeric() || letter == '-' || letter == '_' { letter } else { '-' })
            .collect()
    })
}

/// A name as a TOML string on one line, be it in a comment: a line break in a column's name must not begin a line of the
/// config.
fn quoted(name: &str) -> String {
    let escape = |letter: char| match letter {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        letter if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", name.chars().map(escape).collect::<String>())
}

/// A config that forecasts a recording.
fn forecasting(arguments: &Arguments, channels: &[String], steps: usize) -> String {
    // Short recordings get short windows, so that each part holds some.
    let horizon = (steps / 100).clamp(1, 24);
    let target = match (&arguments.target, channels.last()) {
        (Some(target), _) => format!("target = {}\n", quoted(target)),
        (None, Some(last)) => {
            format!("# target = {}          # forecast this column alone\n", quoted(last))
        }
        (None, None) => String::new(),
    };
    format!(
        "# Train with: cargo xtask train THIS_FILE\n# A recording of {steps} steps; channels: {}.\nname = \"{}\"\nseed = 0\n\
         backend = \"flex\"             # flex or ndarray (CPU), wgpu or cuda (GPU)\n\n[data]\nsource = {}\n{target}\n\
         [data.windows]\ninput = {}                   # steps that the model reads\n\
         horizon = {horizon}                 # steps after them that it forecasts\n\
         split = [0.6, 0.2, 0.2]      # training, validation and test part in the order of time\n\
         # season = 24                # also show the forecast that repeats the last so many steps\n\n\
         [model.forecaster]\ninstance_norm = true         # where the level drifts\ndropout = 0.1\n\
         [model.forecaster.encoder.lstm]  # or rnn, gru\nhidden = 64\n\n[[stage]]\nepochs = 10\nbatch_size = 64\n\
         [stage.objective.supervised]\n[stage.optimizer.adam]\nlr = 1e-3\ngrad_clip_norm = 1.0\n\
         [stage.schedule.cosine]\n",
        shown(&channels.join(", ")),
        run_name(&arguments.path),
        quoted(&arguments.path),
        4 * horizon,
    )
}

fn config(arguments: &Arguments, found: &Description, task: Task, unspaced: bool) -> String {
    let path = quoted(&arguments.path);
    let name = run_name(&arguments.path);
    let target = arguments.target.as_ref().map_or(String::new(), |target| format!("target = {}\n", quoted(target)));
    let [least, median, most] = found.lengths;
    let about = format!(
        "# {} sequences of {}, length {least} to {most} (median {median}), {} without a label.",
        found.sequences, found.kind, found.unlabeled
    );
    let transform = match found.kind {
        "text" if unspaced => {
            "\n[data.transform]\ntokenize = \"character\"      # there are no spaces between words; or the path of a Hugging Face tokenizer.json\ntruncate = 400              # characters; longer texts are cut\nmin_frequency = 2           # rarer ones become <unk>\n"
        }
        "text" => {
            "\n[data.transform]\ntokenize = \"word\"           # or \"character\", or the path of a Hugging Face tokenizer.json\ntruncate = 200              # tokens; longer texts are cut\nmin_frequency = 2           # rarer words become <unk>\n"
        }
        _ if most > 400 => {
            "\n[data.transform]\nnormalize = \"channel\"       # by the training part; or \"series\", each by its own mean and deviation\nresample = 200              # long series cost time step by step\n"
        }
        "series" => {
            "\n[data.transform]\nnormalize = \"channel\"       # by the training part; or \"series\", each by its own mean and deviation\n"
        }
        _ => "",
    };
    let head = match task {
        Task::Regress => "regressor",
        Task::Tag => "tagger",
        _ => "classifier",
    };
    let smallest = found.classes.iter().map(|(_, count)| *count).min().unwrap_or(0);
    let labels = if task == Task::Classify && found.unlabeled == 0 && smallest >= 25 {
        "\n# How much of the labels the learner may see. Remove this table to use all of them.\n[data.labels]\nper_class = 10\n"
    } else {
        ""
    };
    let pooling = if head == "tagger" { "" } else { "pooling = \"mean\"            # last, mean, max or attention\n" };
    let semi = task == Task::Classify && (found.unlabeled > 0 || !labels.is_empty());
    let last = match task {
        Task::Unsupervised => "",
        _ if semi => {
            "\n[[stage]]\nepochs = 30\nbatch_size = 32              # labelled sequences a step\nunlabeled_ratio = 4          # unlabelled ones for each labelled one\n[stage.objective.mean-teacher]\nweight = 8.0                 # of the consistency term; lower it when all predictions become the same\n[stage.optimizer.adam]\nlr = 1e-3\ngrad_clip_norm = 1.0\n"
        }
        _ => {
            "\n[[stage]]\nepochs = 30\nbatch_size = 32\n[stage.objective.supervised]\n[stage.optimizer.adam]\nlr = 1e-3\ngrad_clip_norm = 1.0\n"
        }
    };
    let first = if semi || task == Task::Unsupervised {
        "\n# Learn the shape of the sequences first; this needs no labels.\n[[stage]]\nepochs = 10\n[stage.objective.autoencoder]\n[stage.optimizer.adam]\nlr = 1e-3\ngrad_clip_norm = 1.0\n"
    } else {
        ""
    };
    let baseline = if semi {
        "\n# The same model on the labelled part alone, to see what the unlabelled data bought.\n[baseline]\nenabled = true\n"
    } else {
        ""
    };
    format!(
        "# Train with: cargo xtask train THIS_FILE\n{about}\nname = \"{name}\"\nseed = 0\nbackend = \"flex\"             # flex or ndarray (CPU), wgpu or cuda (GPU)\n\n[data]\nsource = {path}\n{target}valid_fraction = 0.2         # of the training part, to choose the best epoch\n{labels}{transform}\n[model.{head}]\n{pooling}dropout = 0.3\n[model.{head}.encoder.lstm]  # or rnn, gru\nhidden = 64\nbidirectional = true\n{first}{last}{baseline}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_cannot_write_keys_into_the_config() {
        let name = "load\nseed = 7\r[data]\"x\\";
        assert_eq!(quoted(name), "\"load\\u000Aseed = 7\\u000D[data]\\\"x\\\\\"");
        let table: toml::Table = format!("target = {}", quoted(name)).parse().unwrap();
        assert_eq!(table["target"].as_str(), Some(name));
        let arguments = Arguments { path: "a.csv".into(), target: None, output: None };
        let text = forecasting(&arguments, &["date".into(), name.into()], 200);
        assert_eq!(read_str("t", &text, &[]).unwrap().seed, 0);
        assert_eq!(text.lines().filter(|line| line.starts_with("seed")).count(), 1, "{text}");
    }
}
