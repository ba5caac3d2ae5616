//! The recipe for a kind of data: what `docs/results.md` found to learn most from few labels, in steps.

use semiseq::prelude::*;

use super::found::Found;
use super::toml_text::quoted;

/// Tables of a config.
pub(super) struct Recipe {
    pub(super) transform: String,
    pub(super) model: String,
    pub(super) stages: String,
    /// Models from as many seeds, averaged.
    pub(super) members: usize,
    /// Expected time on two CPU cores.
    pub(super) seconds: f64,
}

/// Steps from which on series are read at fewer places: they cost time step by step.
const LONG: usize = 80;
/// Frames of a recording of middle length at most.
const FRAMES: usize = 150;
/// Seconds of a number that a pass over a batch computes: a sequence, a time step, a hidden unit. Measured on two cores
/// of an AMD EPYC with AVX-512, one thread each.
const SECONDS: f64 = 1.2e-8;
/// Seconds of a pair of series for the graphs of neighbours that teach, on the same machine.
const PAIR_SECONDS: f64 = 6e-7;
/// Sequences of which there are such graphs, at most.
const GRAPHED: usize = 20_000;
/// Models whose answers are averaged, where labels are so few that a single one depends on its seed.
const MEMBERS: usize = 3;
/// Passes of a step: forward and backward, and those of virtual adversarial training.
const PLAIN_PASSES: f64 = 3.0;
const ADVERSARIAL_PASSES: f64 = 9.0;

/// The recipe for what was found.
pub(super) fn of(found: &Found) -> Recipe {
    let (transform, time) = match found.train.kind {
        "text" => text(found),
        "audio" => audio(found),
        _ => series(found),
    };
    let model = model(found);
    let width = if found.text() { 128.0 } else { 96.0 };
    let cost = |steps: usize, rows: usize, passes: f64| SECONDS * passes * (steps * rows * time) as f64 * width;
    match found.task {
        TargetKind::Classify if found.semi_supervised() => {
            let batch = found.labeled().clamp(8, 20);
            let steps = if found.text() { 800 } else { 600 };
            let pairs = if found.text() { 0.0 } else { PAIR_SECONDS * (found.sequences().min(GRAPHED) as f64).powi(2) };
            let seconds = cost(steps, 5 * batch, ADVERSARIAL_PASSES) + pairs;
            Recipe {
                transform,
                model,
                stages: semi_supervised(found, steps, batch),
                members: MEMBERS,
                seconds: MEMBERS as f64 * seconds,
            }
        }
        TargetKind::Transcribe => {
            let batch = found.labeled().clamp(8, 32);
            let steps = (60 * found.labeled() / batch).clamp(750, 5000);
            let rows = if found.unlabeled > 0 { 2 * batch } else { batch };
            Recipe {
                transform,
                model,
                stages: transcripts(found, steps, batch),
                members: 1,
                seconds: cost(steps, rows, PLAIN_PASSES),
            }
        }
        TargetKind::Unsupervised => {
            let steps = (10 * found.sequences() / 32).clamp(200, 2000);
            let stages = autoencoder(steps);
            Recipe { transform, model, stages, members: 1, seconds: cost(steps, 32, 2.0 * PLAIN_PASSES) }
        }
        task => {
            let batch = found.labeled().clamp(8, 32);
            let steps = (30 * found.labeled() / batch).clamp(400, 3000);
            let adversarial = task == TargetKind::Classify;
            let passes = if adversarial { 2.0 * PLAIN_PASSES } else { PLAIN_PASSES };
            Recipe {
                transform,
                model,
                stages: labels_alone(steps, batch, adversarial),
                members: 1,
                seconds: cost(steps, batch, passes),
            }
        }
    }
}

/// How texts are prepared, and the tokens of one.
fn text(found: &Found) -> (String, usize) {
    let [_, median, _] = found.train.lengths;
    let (tokenize, hint, most) = match found.unspaced {
        true => (
            "character",
            "there are no spaces between words; or the path of a tokenizer.json",
            (2 * median).clamp(40, 300),
        ),
        // A word and its space take six letters.
        false => {
            ("word", "or \"character\", or the path of a Hugging Face tokenizer.json", (median / 3).clamp(40, 200))
        }
    };
    let views = match found.semi_supervised() {
        true => {
            "\n[data.augment]\nweak = [{ token-drop = { rate = 0.1 } }]\nstrong = [{ token-drop = { rate = 0.3 } }]\n"
        }
        false => "",
    };
    let text = format!(
        "\n[data.transform]\ntokenize = \"{tokenize}\"  # {hint}\nvocabulary = 8000           # rarer ones become \
         <unk>\n\
         truncate = {most}               # tokens; longer texts are cut\n{views}"
    );
    (text, most)
}

/// How series are prepared, and the steps of one.
fn series(found: &Found) -> (String, usize) {
    let [_, _, most] = found.train.lengths;
    if found.train.kind != "series" {
        return (String::new(), most.max(1));
    }
    let normalize = "\n[data.transform]\nnormalize = \"channel\"       # by the training part; or \"series\", each by \
                     its own mean and deviation\n";
    // A label per step needs its step, and a transcript one for each character.
    if most <= LONG || matches!(found.task, TargetKind::Tag | TargetKind::Transcribe) {
        return (normalize.into(), most.max(1));
    }
    let places = (most / 2).clamp(LONG, 128);
    (format!("{normalize}resample = {places}               # long series cost time step by step\n"), places)
}

/// How recordings are read as frames, and the frames of one.
fn audio(found: &Found) -> (String, usize) {
    let [_, median, most] = found.train.lengths;
    if found.task == TargetKind::Transcribe {
        let text = "\n[data.transform.log-mel]     # or mfcc\nwindow = 0.025               # seconds of a frame\nstep = \
                    0.01                  # seconds from a frame to the next: longer steps train faster, and need to \
                    be shorter than a character\nmels = 40\n";
        return (text.into(), most.max(1));
    }
    // As many times as long a step as brings most recordings down to some hundred frames; the window goes with it.
    let factor = median.div_ceil(FRAMES).clamp(1, 40);
    let (window, step) = (factor as f64 * 0.025, factor as f64 * 0.01);
    // A few long recordings, perhaps among those without a label, would make all batches as long.
    let longest = (3 * median.div_ceil(factor)).max(LONG);
    let text = format!(
        "\n[data.transform]\nnormalize = \"channel\"       # by the training part; or \"series\", each recording by \
         its own \
         mean and deviation\ntruncate = {longest}               # frames; longer recordings are cut\n\
         [data.transform.log-mel]     # or mfcc\nwindow = {window:.3}               # seconds of a \
         frame\nstep = {step:.2}                  # seconds from a frame to the next: longer steps train faster\nmels \
         = 40\n"
    );
    (text, most.div_ceil(factor).clamp(1, longest))
}

fn model(found: &Found) -> String {
    let head = match found.task {
        TargetKind::Regress => "regressor",
        TargetKind::Tag => "tagger",
        _ => "classifier",
    };
    if found.task == TargetKind::Transcribe {
        return "[model.transcriber.encoder.gru]    # or rnn, lstm\nhidden = 96\nbidirectional = true         # a \
                character is known by what follows it too\n"
            .into();
    }
    let pooling = match found.task {
        TargetKind::Tag => "",
        _ => "pooling = \"mean\"             # last, mean, max or attention\n",
    };
    if found.text() {
        let embedding = match &found.vectors {
            Some((path, width)) => format!("size = {width}, dropout = 0.2, vectors = {}", quoted(path)),
            None => "size = 64, dropout = 0.2".into(),
        };
        return format!(
            "[model.{head}]\n{pooling}dropout = 0.5\nembedding = {{ {embedding} }}\n\
             [model.{head}.encoder.gru]    # or rnn, lstm\nhidden = 64\n"
        );
    }
    format!(
        "[model.{head}]\n{pooling}dropout = 0.2\n[model.{head}.encoder.gru]    # or rnn, lstm\nhidden = \
         48\nbidirectional = true\n\
         stem = {{ widths = [5, 15, 31], filters = 16 }}  # convolutions before it, centred on each step\n"
    )
}

fn semi_supervised(found: &Found, steps: usize, batch: usize) -> String {
    let firm = "weight = 4.0                 # beside the labels themselves\n\
                temperature = 0.25           # nearly the class that they name\n\
                entropy_weights = false      # sequences of which they are not sure count too\n";
    let trust = "trust = 12.0                 # how much more those count that are right about left-out labels\n";
    let teachers = |named: &str| format!("teachers = {{ {named} }}  # on plain features\n");
    // Naive Bayes that has read all texts is right about most kinds of them, self-training on their components about
    // some more: labels that are left out tell which.
    let bayes = "\"naive Bayes\" = 1.0, \"self-training\" = 0.5";
    let (lr, epsilon, rest, taught) = match (found.text(), found.unspaced) {
        // A large noise makes characters others.
        (true, true) => ("2e-3", 0.02, "characters", teachers(bayes) + trust + firm),
        (true, false) if found.vectors.is_some() => {
            let named = format!("{bayes}, \"mean word vector: logistic regression\" = 0.5");
            ("2e-3", 0.1, "words", teachers(&named) + trust + firm)
        }
        (true, false) => ("2e-3", 0.1, "words", teachers(bayes) + trust + firm),
        // Self-training is surer of itself than label propagation is, and on series less often right.
        (false, _) => {
            ("1e-2", 0.1, "values", teachers("\"label propagation\" = 1.0, \"self-training\" = 0.25") + trust + firm)
        }
    };
    format!(
        include_str!("templates/few_labels.toml"),
        steps = steps,
        batch = batch,
        taught = taught.trim_end(),
        epsilon = epsilon,
        rest = rest,
        lr = lr,
    )
}

fn transcripts(found: &Found, steps: usize, batch: usize) -> String {
    let (beside, objective) = match found.unlabeled {
        0 => ("", "[stage.objective.ctc]\n"),
        _ => (
            "; beside it what was hidden of\n# all of them",
            "unlabeled_ratio = 1          # others for each of them\n\
             [[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.ctc]\n\
             [[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.masked-reconstruction]\n",
        ),
    };
    format!(
        include_str!("templates/transcripts.toml"),
        beside = beside,
        steps = steps,
        batch = batch,
        objective = objective
    )
}

fn labels_alone(steps: usize, batch: usize, adversarial: bool) -> String {
    let (comment, objective) = match adversarial {
        true => ("The classes, also under the noise that harms most.", "adversarial"),
        false => ("From the labels alone.", "supervised"),
    };
    format!(
        include_str!("templates/labels_alone.toml"),
        comment = comment,
        steps = steps,
        batch = batch,
        objective = objective,
    )
}

fn autoencoder(steps: usize) -> String {
    format!(include_str!("templates/autoencoder.toml"), steps = steps)
}
