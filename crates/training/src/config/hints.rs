//! What an unknown key or choice of a config was meant to be: names of other libraries and papers, and keys that stand
//! in another table.

use semiseq_schema::{nearest, plain};

/// Names elsewhere, without capitals and marks between words, and the name here.
const ALIASES: &[(&str, &str)] = &[
    // Objectives.
    ("vat", "virtual-adversarial"),
    ("virtualadversarialtraining", "virtual-adversarial"),
    ("adversarialtraining", "adversarial"),
    ("pi", "pi-model"),
    ("pseudolabeling", "pseudo-label"),
    ("pseudolabelling", "pseudo-label"),
    ("temporalensemble", "temporal-ensembling"),
    ("meanteachers", "mean-teacher"),
    ("mt", "mean-teacher"),
    ("entmin", "entropy-minimisation"),
    ("entropyminimization", "entropy-minimisation"),
    ("minent", "entropy-minimisation"),
    ("ict", "interpolation-consistency"),
    ("interpolationconsistencytraining", "interpolation-consistency"),
    ("cvt", "cross-view"),
    ("crossviewtraining", "cross-view"),
    ("cpc", "contrastive-predictive-coding"),
    ("lm", "language-model"),
    ("mlm", "masked-reconstruction"),
    ("masked", "masked-reconstruction"),
    ("ae", "autoencoder"),
    ("seq2seq", "sequence-to-sequence"),
    ("ctc-loss", "ctc"),
    ("transcription", "ctc"),
    ("tbptt", "truncated-backpropagation"),
    ("ssgan", "semi-supervised-gan"),
    ("m2", "semi-supervised-vae"),
    ("ssvae", "semi-supervised-vae"),
    ("fullysupervised", "supervised"),
    ("crossentropy", "supervised"),
    ("unsuperviseddataaugmentation", "uda"),
    // Models, encoders, optimisers, schedules.
    ("classification", "classifier"),
    ("regression", "regressor"),
    ("forecasting", "forecaster"),
    ("tagging", "tagger"),
    ("cnn", "convolutional"),
    ("conv", "convolutional"),
    ("mlp", "dense"),
    ("fc", "dense"),
    ("linear", "dense"),
    ("elman", "rnn"),
    ("bilstm", "lstm"),
    ("bigru", "gru"),
    ("cosineannealing", "cosine"),
    ("steplr", "step"),
    ("multistep", "step"),
    // Sound and its views.
    ("melspectrogram", "log-mel"),
    ("mel", "log-mel"),
    ("fbank", "log-mel"),
    ("specaugment", "frequency-mask"),
    ("freqmask", "frequency-mask"),
    ("frequencymasking", "frequency-mask"),
    ("timemask", "cutout"),
    ("timemasking", "cutout"),
    // Keys.
    ("nmels", "mels"),
    ("numcoefficients", "coefficients"),
    ("nmfcc", "coefficients"),
    ("samplerate", "rate"),
    ("samplingrate", "rate"),
    ("learningrate", "lr"),
    ("eta", "lr"),
    ("wd", "weight_decay"),
    ("l2", "weight_decay"),
    ("beta1", "beta_1"),
    ("beta2", "beta_2"),
    ("eps", "epsilon"),
    ("clip", "grad_clip_norm"),
    ("clipnorm", "grad_clip_norm"),
    ("gradclip", "grad_clip_norm"),
    ("clipgrad", "grad_clip_norm"),
    ("maxgradnorm", "grad_clip_norm"),
    ("gradientclipval", "grad_clip_norm"),
    ("numepochs", "epochs"),
    ("nepochs", "epochs"),
    ("epoch", "epochs"),
    ("maxepochs", "epochs"),
    ("numsteps", "steps"),
    ("maxsteps", "steps"),
    ("numtrainiter", "steps"),
    ("iterations", "steps"),
    ("batch", "batch_size"),
    ("bs", "batch_size"),
    ("uratio", "unlabeled_ratio"),
    ("mu", "unlabeled_ratio"),
    ("accumulation", "gradient_accumulation"),
    ("accumulatesteps", "gradient_accumulation"),
    ("ema", "weight_average"),
    ("emam", "ema_decay"),
    ("emadecay", "ema_decay"),
    ("alpha", "ema_decay"),
    ("lambda", "weight"),
    ("lambdau", "weight"),
    ("ulblossratio", "weight"),
    ("consistencyweight", "weight"),
    ("pcutoff", "threshold"),
    ("confidence", "threshold"),
    ("tau", "threshold"),
    ("rampup", "ramp_up"),
    ("unsupwarmup", "ramp_up"),
    ("hiddensize", "hidden"),
    ("hiddendim", "hidden"),
    ("hiddenunits", "hidden"),
    ("units", "hidden"),
    ("dmodel", "hidden"),
    ("numlayers", "layers"),
    ("nlayers", "layers"),
    ("depth", "layers"),
    ("bidir", "bidirectional"),
    ("dropoutrate", "dropout"),
    ("embeddingdim", "size"),
    ("embeddingsize", "size"),
    ("dim", "size"),
    ("latentdim", "latent"),
    ("latentsize", "latent"),
    ("zdim", "latent"),
    ("randomstate", "seed"),
    ("randomseed", "seed"),
    ("device", "backend"),
    ("accelerator", "backend"),
    ("dataset", "source"),
    ("path", "source"),
    ("file", "source"),
    ("labelcolumn", "target"),
    ("label", "target"),
    ("textcolumn", "text"),
    ("columns", "features"),
    ("valsplit", "validation"),
    ("validationsplit", "validation"),
    ("validationfraction", "validation"),
    ("validsize", "validation"),
    ("testsize", "test_fraction"),
    ("testsplit", "test_fraction"),
    ("val", "valid"),
    ("unlabelled", "unlabeled"),
    ("numlabels", "total"),
    ("nlabels", "total"),
    ("labelsperclass", "per_class"),
    ("imbalanceratio", "imbalance"),
    ("lbimbratio", "imbalance"),
    ("ulbimbratio", "unlabeled_imbalance"),
    ("standardize", "normalize"),
    ("normalise", "normalize"),
    ("tokenizer", "tokenize"),
    ("tokenise", "tokenize"),
    ("maxlen", "truncate"),
    ("maxlength", "truncate"),
    ("mindf", "min_frequency"),
    ("vocabsize", "vocabulary"),
    ("maxfeatures", "vocabulary"),
    ("window", "input"),
    ("lookback", "input"),
    ("seqlen", "input"),
    ("predlen", "horizon"),
    ("warmupratio", "warmup"),
];

/// Keys and the table in which they stand.
const HOMES: &[(&str, &str)] = &[
    ("lr", "[stage.optimizer.adam]"),
    ("weight_decay", "[stage.optimizer.adam]"),
    ("momentum", "[stage.optimizer.momentum]"),
    ("beta_1", "[stage.optimizer.adam]"),
    ("beta_2", "[stage.optimizer.adam]"),
    ("epsilon", "[stage.optimizer.adam]"),
    ("grad_clip_norm", "[stage.optimizer.adam]"),
    ("grad_clip_value", "[stage.optimizer.adam]"),
    ("warmup", "[stage.schedule.cosine]"),
    ("epochs", "[[stage]]"),
    ("steps", "[[stage]]"),
    ("batch_size", "[[stage]]"),
    ("unlabeled_ratio", "[[stage]]"),
    ("gradient_accumulation", "[[stage]]"),
    ("weight_average", "[[stage]]"),
    ("early_stopping", "[[stage]]"),
    ("layers", "[model.classifier.encoder.lstm]"),
    ("hidden", "[model.classifier.encoder.lstm]"),
    ("bidirectional", "[model.classifier.encoder.lstm]"),
    ("pooling", "[model.classifier]"),
    ("embedding", "[model.classifier]"),
    ("encoder", "[model.classifier]"),
    ("ema_decay", "[stage.objective.mean-teacher]"),
    ("threshold", "[stage.objective.fixmatch]"),
    ("weight", "[stage.objective.NAME]"),
    ("source", "[data]"),
    ("target", "[data]"),
    ("text", "[data]"),
    ("features", "[data]"),
    ("validation", "[data]"),
    ("valid_fraction", "[data]"),
    ("test_fraction", "[data]"),
    ("unlabeled", "[data]"),
    ("per_class", "[data.labels]"),
    ("total", "[data.labels]"),
    ("fraction", "[data.labels]"),
    ("imbalance", "[data.labels]"),
    ("unlabeled_imbalance", "[data.labels]"),
    ("normalize", "[data.transform]"),
    ("resample", "[data.transform]"),
    ("truncate", "[data.transform]"),
    ("pad", "[data.transform]"),
    ("tokenize", "[data.transform]"),
    ("tokenize_target", "[data.transform]"),
    ("min_frequency", "[data.transform]"),
    ("vocabulary", "[data.transform]"),
    ("log-mel", "[data.transform]"),
    ("mfcc", "[data.transform]"),
    ("mels", "[data.transform.log-mel]"),
    ("n_fft", "[data.transform.log-mel]"),
    ("coefficients", "[data.transform.mfcc]"),
    ("weak", "[data.augment]"),
    ("strong", "[data.augment]"),
    ("input", "[data.windows]"),
    ("horizon", "[data.windows]"),
    ("stride", "[data.windows]"),
    ("season", "[data.windows]"),
    ("seed", "the first lines, above all tables"),
    ("backend", "the first lines, above all tables"),
];

/// What a name that a table does not know was meant to be.
pub(super) enum Meant {
    /// Another name of the same table.
    Name(String),
    /// A name of another table, and that table.
    Elsewhere(String, &'static str),
    /// Nothing that is known.
    Nothing,
}

/// Looks for `name` among the `known` names of a table, then in other tables, then among the known names that are
/// spelled like it.
pub(super) fn meant(name: &str, known: &[&str]) -> Meant {
    let plainly = plain(name);
    let alias = ALIASES.iter().find(|(other, _)| *other == plainly).map(|(_, here)| *here);
    let same = known.iter().find(|known| plain(known) == plainly || alias == Some(**known));
    if let Some(known) = same {
        return Meant::Name((*known).to_string());
    }
    let home = HOMES.iter().find(|(key, _)| plain(key) == plainly || alias == Some(*key));
    if let Some((key, table)) = home {
        return Meant::Elsewhere((*key).to_string(), table);
    }
    nearest(name, known).map_or(Meant::Nothing, |known| Meant::Name(known.to_string()))
}

/// The known name that `name` was meant to be: that of another library or paper, one that is written otherwise, or the
/// nearest.
pub fn meant_among(name: &str, known: &[&str]) -> Option<String> {
    match meant(name, known) {
        Meant::Name(name) => Some(name),
        Meant::Elsewhere(..) | Meant::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use semiseq_objectives::OBJECTIVES;

    fn name(found: Meant) -> String {
        match found {
            Meant::Name(name) => name,
            Meant::Elsewhere(name, table) => format!("{name} in {table}"),
            Meant::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn names_of_papers_and_libraries_are_known() {
        let objectives: Vec<&str> = OBJECTIVES.iter().map(|(name, _)| *name).collect();
        for (written, here) in [
            ("vat", "virtual-adversarial"),
            ("VAT", "virtual-adversarial"),
            ("mean_teacher", "mean-teacher"),
            ("MeanTeacher", "mean-teacher"),
            ("FixMatch", "fixmatch"),
            ("ict", "interpolation-consistency"),
            ("Pseudo_Label", "pseudo-label"),
            ("mean-techer", "mean-teacher"),
        ] {
            assert_eq!(name(meant(written, &objectives)), here, "{written}");
        }
        assert_eq!(name(meant("learning_rate", &["lr", "epsilon"])), "lr");
        assert_eq!(name(meant("lr", &["epochs", "layers"])), "lr in [stage.optimizer.adam]");
        assert_eq!(name(meant("learning-rate", &["epochs", "layers"])), "lr in [stage.optimizer.adam]");
        assert_eq!(name(meant("banana", &["epochs"])), "nothing");
    }

    #[test]
    fn every_alias_of_an_objective_names_one() {
        for (_, here) in ALIASES.iter().take_while(|(other, _)| *other != "classification") {
            assert!(OBJECTIVES.iter().any(|(name, _)| name == here), "{here}");
        }
    }
}
