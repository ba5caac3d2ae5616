//! Views: small changes that keep the label. One file an augmentation, one registry row each.

mod corpus;
mod crop;
mod cutout;
mod flip;
mod frequency_mask;
mod gain;
mod image_shift;
mod image_turn;
mod jitter;
mod magnitude_warp;
mod permutation;
mod rand_augment;
mod rotation;
mod scaling;
mod shift;
mod speed;
mod tf_idf_replace;
mod time_warp;
mod token_drop;
mod token_insert;
mod token_mask;
mod token_swap;
mod window_warp;

pub use corpus::Corpus;

use std::sync::Arc;

use rand::Rng;
use schemars::JsonSchema;
use semiseq_schema::{InputSize, Problem};
use serde::{Deserialize, Serialize};

use crate::formats::table::layout::Layout;
use crate::preparation::processor::Processor;
use crate::sequence::{Dataset, Sequence, Target};
use semiseq_audio::Frames;

/// `[data.augment]`: the changes that make each view, applied in order. An absent list means the
/// defaults for the kind of data; an empty list means none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// The weak view. Default: `jitter` and `scaling` for series, `shift`, `gain` and `jitter` for log-mel frames,
    /// nothing for tokens (their noise is the model's dropout).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weak: Option<Vec<AugmentationConfig>>,
    /// The strong view. Default: `time-warp`, `magnitude-warp`, `jitter` and `cutout` for series, `time-warp`, `gain`,
    /// `jitter`, `cutout` and `frequency-mask` for log-mel frames (SpecAugment), `token-drop` and `token-swap` for
    /// tokens; with a label per step those of them that leave each step in its place, and `token-mask` for tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strong: Option<Vec<AugmentationConfig>>,
}

/// Makes the views of sequences.
#[derive(Clone, Debug)]
pub struct Augmenter {
    weak: Vec<AugmentationConfig>,
    strong: Vec<AugmentationConfig>,
    corpus: Arc<Corpus>,
}

macro_rules! registry {
    ($($name:literal $variant:ident $config:ty, $kind:ident $(with $corpus:ident)?, $summary:literal;)*) => {
        /// One augmentation, such as `{ jitter = { deviation = 0.05 } }`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum AugmentationConfig {
            $(#[doc = $summary] #[serde(rename = $name)] $variant($config),)*
        }

        /// Name and one-line summary of every augmentation.
        pub const AUGMENTATIONS: &[(&str, &str)] = &[$(($name, $summary),)*];

        impl AugmentationConfig {
            /// The name in the config.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            fn check(&self) -> Option<String> {
                match self { $(Self::$variant(config) => config.check(),)* }
            }

            fn fits(&self, kind: &InputSize) -> bool {
                Self::works_on(self.name(), kind)
            }

            /// Whether the augmentation of a name works on data of a kind.
            fn works_on(name: &str, kind: &InputSize) -> bool {
                match name { $($name => matches!(kind, InputSize::$kind { .. }),)* _ => false }
            }

            fn apply(&self, sequence: &mut Sequence, corpus: &Corpus, rng: &mut impl Rng) {
                match self {
                    $(Self::$variant(config) => {
                        registry!(@apply $kind $(with $corpus)?, config, sequence, corpus, rng)
                    })*
                }
            }
        }
    };
    (@apply Values, $config:ident, $sequence:ident, $corpus:ident, $rng:ident) => {
        if let Sequence::Series(series) = $sequence { $config.apply(series, $rng) }
    };
    (@apply Tokens, $config:ident, $sequence:ident, $corpus:ident, $rng:ident) => {
        if let Sequence::Tokens(tokens) = $sequence { $config.apply(tokens, $rng) }
    };
    (@apply Tokens with corpus, $config:ident, $sequence:ident, $corpus:ident, $rng:ident) => {
        if let Sequence::Tokens(tokens) = $sequence { $config.apply(tokens, $corpus, $rng) }
    };
}

registry! {
    "jitter" Jitter jitter::JitterConfig, Values, "Normal noise on each value";
    "scaling" Scaling scaling::ScalingConfig, Values, "Each channel times a factor near 1";
    "magnitude-warp" MagnitudeWarp magnitude_warp::MagnitudeWarpConfig, Values, "Each channel times a smooth curve near 1";
    "time-warp" TimeWarp time_warp::TimeWarpConfig, Values, "Smoothly faster and slower";
    "shift" Shift shift::ShiftConfig, Values, "A few steps earlier or later";
    "crop" Crop crop::CropConfig, Values, "A window, stretched to the full length";
    "window-warp" WindowWarp window_warp::WindowWarpConfig, Values, "A window at half or at double speed";
    "permutation" Permutation permutation::PermutationConfig, Values, "Segments that change places";
    "rotation" Rotation rotation::RotationConfig, Values, "Channels that change places and signs, for sensors that sit any way round";
    "picture-shift" ImageShift image_shift::ImageShiftConfig, Values, "An image read by rows, moved a few points";
    "picture-turn" ImageTurn image_turn::ImageTurnConfig, Values, "An image read by rows, turned a little";
    "rand-augment" RandAugment rand_augment::RandAugmentConfig, Values, "A few changes of series, drawn anew for each view";
    "cutout" Cutout cutout::CutoutConfig, Values, "A stretch of zeros";
    "frequency-mask" FrequencyMask frequency_mask::FrequencyMaskConfig, Values, "Neighbouring channels hidden (SpecAugment)";
    "gain" Gain gain::GainConfig, Values, "One number added to all values: log-mel frames louder or softer";
    "speed" Speed speed::SpeedConfig, Values, "The whole faster or slower around its middle";
    "flip" Flip flip::FlipConfig, Values, "The sign turned round, where the label does not depend on it";
    "token-drop" TokenDrop token_drop::TokenDropConfig, Tokens, "Some tokens left out";
    "token-mask" TokenMask token_mask::TokenMaskConfig, Tokens, "Some tokens replaced by `<unk>`";
    "token-swap" TokenSwap token_swap::TokenSwapConfig, Tokens, "Some neighbours swapped";
    "token-insert" TokenInsert token_insert::TokenInsertConfig, Tokens with corpus, "Words of the vocabulary at random places";
    "tf-idf-replace" TfIdfReplace tf_idf_replace::TfIdfReplaceConfig, Tokens with corpus, "Words that say little for others that do";
}

impl AugmentationConfig {
    /// Whether each step of a view is that step of the sequence, so that a label per step still fits.
    pub fn keeps_steps(&self) -> bool {
        matches!(
            self,
            Self::Jitter(_)
                | Self::Scaling(_)
                | Self::MagnitudeWarp(_)
                | Self::Cutout(_)
                | Self::FrequencyMask(_)
                | Self::Gain(_)
                | Self::Flip(_)
                | Self::Rotation(_)
                | Self::TokenMask(_)
        )
    }
}

impl AugmentConfig {
    /// The first augmentation of the config that moves steps, by its key.
    pub fn moves_steps(&self) -> Option<String> {
        [("weak", &self.weak), ("strong", &self.strong)].into_iter().find_map(|(view, list)| {
            let place = list.iter().flatten().enumerate().find(|(_, augmentation)| !augmentation.keeps_steps());
            place.map(|(index, augmentation)| format!("{view}.{index}.{}", augmentation.name()))
        })
    }

    /// The first augmentation of the weak view after which a sequence no longer says all that it did, in the same
    /// order, by its key.
    pub fn parts_transcripts(&self) -> Option<String> {
        let parts = |one: &AugmentationConfig| {
            use AugmentationConfig as A;
            matches!(one, A::Crop(_) | A::Permutation(_) | A::RandAugment(_) | A::TokenSwap(_))
        };
        let (index, found) = self.weak.iter().flatten().enumerate().find(|(_, one)| parts(one))?;
        Some(format!("weak.{index}.{}", found.name()))
    }

    /// The first augmentation of the config that is for data of the other kind and does nothing on these, by its key.
    pub fn of_other_kind(&self, input: &InputSize) -> Option<String> {
        [("weak", &self.weak), ("strong", &self.strong)].into_iter().find_map(|(view, list)| {
            let place = list.iter().flatten().enumerate().find(|(_, augmentation)| !augmentation.fits(input));
            place.map(|(index, augmentation)| format!("{view}.{index}.{}", augmentation.name()))
        })
    }

    /// Names of the augmentations that work on data of this kind.
    pub fn for_kind(input: &InputSize) -> Vec<&'static str> {
        AUGMENTATIONS.iter().map(|(name, _)| *name).filter(|name| AugmentationConfig::works_on(name, input)).collect()
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (view, list) in [("weak", &self.weak), ("strong", &self.strong)] {
            for (index, augmentation) in list.iter().flatten().enumerate() {
                if let Some(message) = augmentation.check() {
                    problems.push(Problem {
                        key: format!("{path}.{view}.{index}.{}", augmentation.name()),
                        message,
                        hint: None,
                    });
                }
            }
        }
    }
}

impl Augmenter {
    /// The views of a config for the kind of data that `processor` makes. Augmentations for the other
    /// kind do nothing. Those that put in words draw them as they stand in `train`, which is prepared already.
    pub fn new(config: &AugmentConfig, processor: &Processor, train: &Dataset) -> Self {
        use AugmentationConfig as A;
        let series = matches!(processor.input(), InputSize::Values(_));
        let tagged = train.targets.iter().any(|target| matches!(target, Target::Steps(_)));
        let windows = processor.forecast().is_some();
        // A transcript tells of both ends of a recording.
        let transcribed = train.targets.iter().any(|target| matches!(target, Target::Sequence(_)));
        let sound = processor.layout().and_then(Layout::frames).is_some_and(Frames::has_bands);
        let defaults = if windows {
            // What follows a window is in the window's own units: it may be hidden in part, not scaled.
            (Vec::new(), vec![A::Jitter(Default::default()), A::Cutout(Default::default())])
        } else if series && sound {
            let shift = Some(A::Shift(Default::default())).filter(|_| !transcribed);
            (
                shift.into_iter().chain([A::Gain(Default::default()), A::Jitter(Default::default())]).collect(),
                vec![
                    A::TimeWarp(Default::default()),
                    A::Gain(Default::default()),
                    A::Jitter(Default::default()),
                    A::Cutout(Default::default()),
                    A::FrequencyMask(Default::default()),
                ],
            )
        } else if series {
            (
                vec![A::Jitter(Default::default()), A::Scaling(Default::default())],
                vec![
                    A::TimeWarp(Default::default()),
                    A::MagnitudeWarp(Default::default()),
                    A::Jitter(Default::default()),
                    A::Cutout(Default::default()),
                ],
            )
        } else {
            let strong = if tagged {
                vec![A::TokenMask(Default::default())]
            } else {
                vec![A::TokenDrop(Default::default()), A::TokenSwap(Default::default())]
            };
            (Vec::new(), strong)
        };
        // With a label per step, only what leaves each step in its place; a run refuses the others where they are
        // named.
        let fits = |augmentation: &A| augmentation.fits(&processor.input()) && (!tagged || augmentation.keeps_steps());
        let fitting = |list: Vec<A>| list.into_iter().filter(fits).collect();
        Self {
            weak: fitting(config.weak.clone().unwrap_or(defaults.0)),
            strong: fitting(config.strong.clone().unwrap_or(defaults.1)),
            corpus: Arc::new(if series { Corpus::default() } else { Corpus::of(&train.sequences) }),
        }
    }

    /// No change in any view.
    pub fn none() -> Self {
        Self { weak: Vec::new(), strong: Vec::new(), corpus: Arc::default() }
    }

    /// A weak view of a sequence.
    pub fn weak(&self, sequence: &Sequence, rng: &mut impl Rng) -> Sequence {
        self.apply(&self.weak, sequence, rng)
    }

    /// A strong view of a sequence.
    pub fn strong(&self, sequence: &Sequence, rng: &mut impl Rng) -> Sequence {
        self.apply(&self.strong, sequence, rng)
    }

    /// Two draws of the weak view and two of the strong one of the sequence at `index`, for people to see.
    pub fn draws(&self, sequence: &Sequence, seed: u64, index: usize) -> [Vec<Sequence>; 2] {
        let mut rng = crate::random::generator(seed, index as u64);
        let weak = (0..2).map(|_| self.weak(sequence, &mut rng)).collect();
        [weak, (0..2).map(|_| self.strong(sequence, &mut rng)).collect()]
    }

    fn apply(&self, list: &[AugmentationConfig], sequence: &Sequence, rng: &mut impl Rng) -> Sequence {
        if list.is_empty() {
            return sequence.clone();
        }
        let mut view = sequence.clone().owned();
        for augmentation in list {
            augmentation.apply(&mut view, &self.corpus, rng);
        }
        view
    }
}

fn check_in(name: &str, value: f64, low: f64, high: f64) -> Option<String> {
    (!(low..=high).contains(&value)).then(|| format!("must have `{name}` in [{low}, {high}], got {value}"))
}

/// A smooth random curve around 1 with `knots` inner knots of the given deviation, joined by cosines.
fn smooth_curve(steps: usize, knots: usize, deviation: f64, rng: &mut impl Rng) -> Vec<f32> {
    let heights: Vec<f32> = (0..knots + 2).map(|_| 1.0 + deviation as f32 * crate::random::normal(rng)).collect();
    let along = |step: usize| step as f32 / steps.saturating_sub(1).max(1) as f32 * (knots + 1) as f32;
    (0..steps)
        .map(|step| {
            let place = along(step);
            let left = (place as usize).min(knots);
            let share = 0.5 - 0.5 * (std::f32::consts::PI * (place - left as f32)).cos();
            heights[left] * (1.0 - share) + heights[left + 1] * share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use semiseq_audio::SoundConfig;

    use super::*;
    use crate::random::generator;
    use crate::series::Series;

    fn is_text(name: &str) -> bool {
        name.starts_with("token") || name.starts_with("tf-idf")
    }

    #[test]
    fn windows_are_read_as_they_are_unless_the_config_says_otherwise() {
        let windows = crate::preparation::windows::WindowsConfig::default();
        let train = Dataset {
            sequences: vec![Sequence::Series(Series { values: vec![1.0; 8], channels: 1 })],
            targets: vec![Target::Missing],
            ..Dataset::default()
        };
        let mut processor = Processor::fit(&Default::default(), &train).unwrap();
        processor.set_forecast(crate::preparation::processor::Forecast::new(&windows, vec!["1".into()], &[]));
        assert!(Augmenter::new(&AugmentConfig::default(), &processor, &train).weak.is_empty());
        let config = AugmentConfig { weak: Some(vec![AugmentationConfig::Jitter(Default::default())]), strong: None };
        assert_eq!(Augmenter::new(&config, &processor, &train).weak.len(), 1);
    }

    #[test]
    fn bands_of_sound_are_hidden_by_default_and_cepstra_are_not() {
        let strong = |sound: SoundConfig| {
            let frames = sound.at(8_000).unwrap();
            let channels = frames.channels();
            let train = Dataset {
                sequences: vec![Sequence::Series(Series { values: vec![1.0; 2 * channels], channels })],
                targets: vec![Target::Missing],
                ..Dataset::default()
            };
            let layout = Some(Layout::of_sound(frames, None));
            let processor = Processor::fit(&Default::default(), &train).unwrap().with_layout(layout);
            let augmenter = Augmenter::new(&AugmentConfig::default(), &processor, &train);
            augmenter.strong.iter().map(AugmentationConfig::name).collect::<Vec<_>>()
        };
        assert_eq!(
            strong(SoundConfig::default()),
            ["time-warp", "gain", "jitter", "cutout", "frequency-mask"],
            "SpecAugment's masks of time and frequency"
        );
        assert!(!strong(SoundConfig::Mfcc(Default::default())).contains(&"frequency-mask"));
    }

    #[test]
    fn every_series_augmentation_keeps_the_shape_and_changes_values() {
        let series = Series { values: (0..80).map(|value| (value as f32 * 0.3).sin() + 2.0).collect(), channels: 2 };
        let corpus = Corpus::default();
        for (name, _) in AUGMENTATIONS.iter().filter(|(name, _)| !is_text(name)) {
            let augmentation: AugmentationConfig = serde_json::from_str(&format!("{{\"{name}\":{{}}}}")).unwrap();
            let mut changed = false;
            for seed in 0..8 {
                let mut view = Sequence::Series(series.clone());
                augmentation.apply(&mut view, &corpus, &mut generator(seed, 0));
                let Sequence::Series(view) = view else { panic!("a series") };
                assert_eq!((view.values.len(), view.channels), (80, 2), "{name}");
                assert!(view.values.iter().all(|value| value.is_finite()), "{name}");
                changed |= view != series;
            }
            assert!(changed, "{name}");
        }
    }

    #[test]
    fn every_token_augmentation_keeps_at_least_one_token() {
        let corpus = Corpus::of(&[Sequence::Tokens(vec![5, 6, 7, 8])]);
        for (name, _) in AUGMENTATIONS.iter().filter(|(name, _)| is_text(name)) {
            let augmentation: AugmentationConfig =
                serde_json::from_str(&format!("{{\"{name}\":{{\"rate\":0.9}}}}")).unwrap();
            for seed in 0..20 {
                let mut view = Sequence::Tokens(vec![5, 6, 7]);
                augmentation.apply(&mut view, &corpus, &mut generator(seed, 0));
                assert!((1..=6).contains(&view.len()), "{name}");
            }
        }
    }

    #[test]
    fn with_a_label_a_step_no_view_moves_steps() {
        let train = Dataset {
            name: "t".into(),
            sequences: vec![Sequence::Tokens(vec![2, 3, 4]); 2],
            targets: vec![Target::Steps(vec![0, 1, 0]); 2],
            classes: vec!["a".into(), "b".into()],
            ..Dataset::default()
        };
        let processor = Processor::fit(&Default::default(), &train).unwrap();
        let augmenter = Augmenter::new(&AugmentConfig::default(), &processor, &train);
        for seed in 0..20 {
            assert_eq!(augmenter.strong(&train.sequences[0], &mut generator(seed, 0)).len(), 3);
        }
        let named: AugmentConfig = serde_json::from_str(r#"{"strong": [{"jitter": {}}, {"time-warp": {}}]}"#).unwrap();
        assert_eq!(named.moves_steps().as_deref(), Some("strong.1.time-warp"));
    }

    #[test]
    fn the_same_seed_gives_the_same_view() {
        let augmenter = Augmenter { weak: vec![AugmentationConfig::Jitter(Default::default())], ..Augmenter::none() };
        let sequence = Sequence::Series(Series { values: vec![1.0; 10], channels: 1 });
        assert_eq!(augmenter.weak(&sequence, &mut generator(4, 0)), augmenter.weak(&sequence, &mut generator(4, 0)));
        assert_eq!(augmenter.strong(&sequence, &mut generator(4, 0)), sequence);
    }
}
