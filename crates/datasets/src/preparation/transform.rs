//! `[data.transform]`: how sequences are prepared.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::sequence::Sequence;
use semiseq_audio::{LogMelConfig, MfccConfig, SoundConfig, WaveformConfig};

/// `[data.transform]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransformConfig {
    /// `none`, `series` (each series and channel to mean 0, deviation 1) or `channel` (each channel by
    /// the training part's mean and deviation). Default `channel`.
    pub normalize: Normalize,
    /// Resample each series to so many steps, by straight lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resample: Option<usize>,
    /// Cut sequences after so many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
    /// Fill series with zeros up to so many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<usize>,
    /// For text: `word`, `character`, or the path of a Hugging Face `tokenizer.json`. Chinese, Japanese, Thai and other
    /// scripts without spaces are cut into characters in any case.
    pub tokenize: TextUnit,
    /// For targets that are texts: what they are cut into, as `tokenize`. Default: `character` for transcripts
    /// (`[stage.objective.ctc]`), else what `tokenize` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenize_target: Option<TextUnit>,
    /// For text: tokens seen less often in the training part become `<unk>`. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_frequency: Option<usize>,
    /// For text: at most so many tokens in the vocabulary, the commonest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
    /// For sound: the logarithm of the power in mel bands, frame by frame. The default for sound; `normalize =
    /// "series"` scales each recording by itself.
    #[serde(rename = "log-mel", skip_serializing_if = "Option::is_none")]
    pub log_mel: Option<LogMelConfig>,
    /// For sound: mel-frequency cepstral coefficients, frame by frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfcc: Option<MfccConfig>,
    /// For sound: the samples themselves, thousands of steps per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waveform: Option<WaveformConfig>,
}

/// How values are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Normalize {
    /// Left as they are.
    None,
    /// Each series and channel by its own mean and deviation.
    Series,
    /// Each channel by the training part's mean and deviation.
    #[default]
    Channel,
}

/// What a token of text is: a word, a character, or an entry of a `tokenizer.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TextUnit(pub String);

impl TextUnit {
    /// An item of a session, an item per line: `[data.sessions]` asks for it, and no config.
    pub(crate) fn item() -> Self {
        Self("item".into())
    }
}

impl Default for TextUnit {
    fn default() -> Self {
        Self("word".into())
    }
}

impl TransformConfig {
    /// What recordings of sound are read as, where one of the three tables says so.
    pub fn sound(&self) -> Option<SoundConfig> {
        self.sounds().into_iter().next()
    }

    /// All of them; more than one is a mistake.
    fn sounds(&self) -> Vec<SoundConfig> {
        let log_mel = self.log_mel.clone().map(SoundConfig::LogMel);
        let mfcc = self.mfcc.clone().map(SoundConfig::Mfcc);
        let waveform = self.waveform.clone().map(SoundConfig::Waveform);
        log_mel.into_iter().chain(mfcc).chain(waveform).collect()
    }

    /// Refuses a key that has no effect on data of this kind: whoever wrote it expects one.
    pub(crate) fn check_effect(&self, name: &str, first: &Sequence) -> Result<(), DataError> {
        let tokens = self.tokenize != TextUnit::default();
        let of_text = [
            ("tokenize", tokens),
            ("min_frequency", self.min_frequency.is_some()),
            ("vocabulary", self.vocabulary.is_some()),
        ];
        let scales = !matches!(self.normalize, Normalize::Channel | Normalize::None);
        let of_series = [("normalize", scales), ("resample", self.resample.is_some()), ("pad", self.pad.is_some())];
        let given = |keys: &[(&'static str, bool)]| keys.iter().find(|(_, given)| *given).map(|(key, _)| *key);
        let (holds, void, effect) = match first {
            Sequence::Series(_) | Sequence::Window(_) | Sequence::Packed(_) => ("series", given(&of_text), "text"),
            Sequence::Text(_) => ("text", given(&of_series), "series"),
            Sequence::Tokens(_) => {
                ("tokens with numbers of their own", given(&of_series).or_else(|| given(&of_text)), "other data")
            }
        };
        match void {
            None => Ok(()),
            Some(key) => Err(DataError::new(
                format!("`data.transform.{key}` is for {effect}, and {name} holds {holds}"),
                match key {
                    "tokenize" => {
                        "remove the key: it would have no effect; targets that are texts are cut by \
                         `data.transform.tokenize_target`, and `data.text` names a column of texts"
                    }
                    _ => {
                        "remove the key: it would have no effect; or name a column of the other kind with `data.text` \
                         or `data.features`"
                    }
                },
            )),
        }
    }

    /// Notes every value out of range; `path` is the key of the table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note =
            |key: &str, message: String| problems.push(Problem { key: format!("{path}.{key}"), message, hint: None });
        for (key, value) in [
            ("resample", self.resample),
            ("truncate", self.truncate),
            ("pad", self.pad),
            ("min_frequency", self.min_frequency),
            ("vocabulary", self.vocabulary),
        ] {
            if value == Some(0) {
                note(key, "must be at least 1, got 0".into());
            }
        }
        let sounds = self.sounds();
        if let [first, second, ..] = &sounds[..] {
            note(second.key(), format!("stands beside `{}`, and sound is read as one of them", first.key()));
        }
        for sound in sounds {
            sound.check(&format!("{path}.{}", sound.key()), problems);
        }
    }
}
