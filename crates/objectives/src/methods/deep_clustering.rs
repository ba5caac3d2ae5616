//! Deep clustering (DEC: Xie, Girshick & Farhadi 2016, "Unsupervised deep embedding for clustering analysis"; IDEC:
//! Guo, Gao, Liu & Yin 2017, "Improved deep embedded clustering with local structure preservation"): encoder and
//! clusters learned together, without labels.
//!
//! The stage begins as an autoencoder, for its fraction `warm_up`. Then k-means of all training sequences' pooled
//! representations z gives the centres μ, which are parameters from there on. A sequence belongs to cluster j by the
//! Student t distribution, `q_ij ∝ (1 + ‖z_i - μ_j‖² / α)^(-(α+1)/2)` (DEC, eq. 1). Its target is sharper, and as
//! weighty for small clusters as for large ones: `p_ij ∝ q_ij² / Σ_i q_ij` (eq. 3), over all training sequences, made
//! anew `renewals` times and fixed in between.
//!
//! `L = reconstruction · L_r + weight · mean KL(p_i ‖ q_i)` (IDEC, eq. 3). The defaults are IDEC, γ = `weight` = 0.1
//! beside the reconstruction; DEC is `reconstruction = 0` and `weight = 1`. Both papers train the autoencoder first and
//! hand its decoder on, which here is the warm-up; with `warm_up = 0` an earlier stage has to have trained the encoder.
//!
//! As the last stage it makes a run that says clusters: `predict` writes the likeliest one and the probability of each,
//! and `cluster RUN INPUT` takes them in place of its own, with NMI and ARI where INPUT has labels.
//!
//! # Cost
//!
//! A pass of the encoder and one of the decoder; with `reconstruction = 0` the decoder is left out after the warm-up.
//! At each renewal a pass over the training part without gradients, and once k-means with twenty starts (of 20,000
//! sequences by chance, where there are more).
//!
//! # When it fails
//!
//! It sharpens what k-means found: where the autoencoder's vectors do not lie by what you look for, the clusters will
//! not. `largest_cluster` near 1 says that all sequences fell into one; then a smaller `weight`, a longer warm-up, or
//! more `reconstruction`. `changed`, the share of sequences that changed their cluster at the last renewal, tells when
//! it is done (the papers stop below 0.001). In stages of a few thousand steps γ = 0.1 changes little: try 1. The
//! number of clusters is yours to say.

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Feeding, Input, SequenceModel, Sequences};
use semiseq_schema::{Problem, Scores, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::autoencoder::{Autoencoder, AutoencoderConfig, DecoderKind};
use crate::objective::{Measure, Measures, Needs, Objective, Setting, Survey};
use crate::over::Over;
use crate::parts::k_means::k_means;
use crate::parts::memory::{places, remembered};
use crate::parts::random::{Draws, step_seed};
use crate::parts::soft_clusters::{SoftClusters, sharpened_by};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// Starts of k-means, the papers'.
const STARTS: usize = 20;
/// Vectors that k-means looks at, at most.
const LOOKED_AT: usize = 20_000;
/// Keeps logarithms finite.
const TINY: f64 = 1e-12;
/// A run is told of a cluster that holds more than this share of all sequences.
const NEARLY_ALL: f64 = 0.95;

/// `[stage.objective.deep-clustering]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeepClusteringConfig {
    /// Clusters, from 2 on. Default 10; say how many you look for.
    pub clusters: usize,
    /// γ ≥ 0, the weight of the clusters. Default 0.1, IDEC's; 1 for DEC.
    pub weight: f64,
    /// The weight of the reconstruction after the warm-up, ≥ 0. Default 1, IDEC's; 0 is DEC, which leaves it out.
    pub reconstruction: f64,
    /// Fraction of the stage in [0, 1) that is an autoencoder, before the clusters. Default 0.5. 0 where an earlier
    /// stage trained the encoder.
    pub warm_up: f64,
    /// Times that the targets are made, equally far apart, at least 1. Default 20; the papers renew them every 140
    /// steps.
    pub renewals: usize,
    /// α > 0, the degrees of freedom of the Student t distribution. Default 1, the papers'.
    pub alpha: f64,
    /// What rebuilds the sequence: `recurrent`, or `bag-of-words` for text. Default `recurrent`.
    pub decoder: DecoderKind,
    /// Hidden units of the recurrent decoder. Default 128.
    pub hidden: usize,
}

impl Default for DeepClusteringConfig {
    fn default() -> Self {
        Self {
            clusters: 10,
            weight: 0.1,
            reconstruction: 1.0,
            warm_up: 0.5,
            renewals: 20,
            alpha: 1.0,
            decoder: DecoderKind::Recurrent,
            hidden: 128,
        }
    }
}

impl DeepClusteringConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.clusters < 2 {
            problems.push(problem(
                format!("{path}.clusters"),
                format!("must be at least 2, got {}", self.clusters),
                Some("say how many groups you look for"),
            ));
        }
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "IDEC uses 0.1, DEC 1");
        check_range(
            problems,
            &format!("{path}.reconstruction"),
            self.reconstruction,
            0.0,
            f64::INFINITY,
            "IDEC uses 1, DEC 0",
        );
        check_range(
            problems,
            &format!("{path}.warm_up"),
            self.warm_up,
            0.0,
            0.99,
            "it is a fraction of the stage, and clusters come after it",
        );
        check_range(problems, &format!("{path}.alpha"), self.alpha, 1e-3, f64::INFINITY, "the papers use 1");
        for (key, value) in [("renewals", self.renewals), ("hidden", self.hidden)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
    }

    /// Whether sequences are rebuilt at any time.
    pub(crate) fn rebuilds(&self) -> bool {
        self.warm_up > 0.0 || self.reconstruction > 0.0
    }

    /// Builds the objective; there are no clusters yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> DeepClustering {
        let device = setting.device;
        let autoencoder =
            AutoencoderConfig { decoder: self.decoder, hidden: self.hidden, ..AutoencoderConfig::default() };
        DeepClustering {
            autoencoder: self.rebuilds().then(|| autoencoder.init(setting)),
            centres: Param::from_tensor(Tensor::zeros([self.clusters, setting.model.pooled_size()], device)),
            targets: remembered(Tensor::zeros([setting.train_size, self.clusters], device)),
            frequencies: remembered(Tensor::zeros([self.clusters], device)),
            groups: remembered(Tensor::full([setting.train_size], -1.0, device)),
            changed: remembered(Tensor::ones([1], device)),
            largest: remembered(Tensor::ones([1], device)),
            config: self.clone(),
        }
    }
}

/// The objective, with decoder, centres, and the targets that were made last.
#[derive(Module, Debug)]
pub struct DeepClustering {
    autoencoder: Option<Autoencoder>,
    /// μ, `[clusters, pooled_size]`; learned.
    centres: Param<Tensor<2>>,
    /// p of each training sequence, `[train, clusters]`.
    targets: Param<Tensor<2>>,
    /// `Σ_i q_ij` when they were made, `[clusters]`; zeros before there are clusters.
    frequencies: Param<Tensor<1>>,
    /// The cluster of each training sequence then, `[train]`.
    groups: Param<Tensor<1>>,
    /// The share of sequences that were of another cluster before, `[1]`.
    changed: Param<Tensor<1>>,
    /// The share of sequences in the largest cluster then, `[1]`.
    largest: Param<Tensor<1>>,
    #[module(skip)]
    config: DeepClusteringConfig,
}

impl DeepClustering {
    /// The step before which there are clusters.
    fn first(&self, total: usize) -> usize {
        (self.config.warm_up * total as f64).ceil() as usize
    }

    /// Whether k-means has been asked.
    fn begun(&self) -> bool {
        host(self.frequencies.val()).iter().any(|frequency| *frequency > 0.0)
    }

    /// Logits of q: their softmax is the Student t distribution, `[rows, clusters]`, of vectors `[rows, pooled_size]`.
    fn logits(&self, vectors: Tensor<2>) -> Tensor<2> {
        let [rows, width] = vectors.dims();
        let centres = self.centres.val();
        let [clusters, _] = centres.dims();
        let apart = vectors.reshape([rows, 1, width]) - centres.reshape([1, clusters, width]);
        let squared = (apart.clone() * apart).sum_dim(2).reshape([rows, clusters]);
        (squared / self.config.alpha).log1p() * (-0.5 * (self.config.alpha + 1.0))
    }

    /// `KL(p ‖ q)` of each row, `[rows]`; targets `[rows, clusters]`.
    fn divergence(&self, vectors: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let [rows, _] = targets.dims();
        let gap = targets.clone().clamp_min(TINY).log() - log_softmax(self.logits(vectors), 1);
        (targets * gap).sum_dim(1).reshape([rows])
    }

    fn reconstruction(&self, pooled: Tensor<2>, sequences: &Sequences) -> Option<Tensor<1>> {
        let autoencoder = self.autoencoder.as_ref()?;
        Some(autoencoder.loss_from(pooled, sequences, Feeding::default()))
    }
}

impl<M: SequenceModel> Objective<M> for DeepClustering {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn surveys(&self, context: &StepContext) -> bool {
        let first = self.first(context.total_steps);
        let apart = context.total_steps.saturating_sub(first).div_ceil(self.config.renewals).max(1);
        context.step >= first && (context.step - first).is_multiple_of(apart)
    }

    fn survey(mut self, survey: &Survey) -> Self {
        let device = survey.vectors.device();
        let [train, width] = survey.vectors.dims();
        let vectors = host(survey.vectors.clone());
        let clusters = self.config.clusters;
        if !self.begun() {
            let seed = step_seed(&device);
            let centres = match train > LOOKED_AT {
                true => k_means(&chosen(&vectors, width, seed), width, clusters, STARTS, seed),
                false => k_means(&vectors, width, clusters, STARTS, seed),
            };
            let centres: Vec<f32> = centres.into_iter().map(|value| value as f32).collect();
            self.centres = self.centres.map(|_| {
                Tensor::from_data(TensorData::new(centres.clone(), [clusters, width]), &device).require_grad()
            });
        }
        let said = SoftClusters::of(&vectors, &host(self.centres.val()), width, self.config.alpha);
        let before = host(self.groups.val());
        let moved = said.groups.iter().zip(before).filter(|(group, before)| **group as f64 != *before).count();
        let values = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
        let row = |values: Vec<f32>| remembered(Tensor::from_data(values.as_slice(), &device));
        self.targets =
            remembered(Tensor::from_data(TensorData::new(values(&said.targets), [train, clusters]), &device));
        self.frequencies = row(values(&said.frequencies));
        self.groups = row(said.groups.iter().map(|group| *group as f32).collect());
        let mut sizes = vec![0; clusters];
        said.groups.iter().for_each(|group| sizes[*group] += 1);
        let share = |count: usize| row(vec![count as f32 / train.max(1) as f32]);
        self.changed = share(moved);
        self.largest = share(sizes.into_iter().max().unwrap_or(0));
        self
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(part) = &step.unlabeled else { return Terms::default() };
        let pooled = model.pooled(part.weak.clone());
        let clustered = context.step >= self.first(context.total_steps);
        let weight = if clustered { self.config.reconstruction } else { 1.0 };
        let mut terms = Terms::default();
        if weight > 0.0
            && let Some(loss) = self.reconstruction(pooled.clone(), &part.weak)
        {
            terms = terms.add("reconstruction", weight, loss).over(Over::Steps(0));
        }
        if !clustered {
            return terms;
        }
        let targets = self.targets.val().detach();
        let targets = targets.clone().select(0, places(&part.indices, &targets.device()));
        terms
            .add("clustering", self.config.weight, self.divergence(pooled, targets).mean())
            .over(Over::Sequences)
            .monitor_over("changed", self.changed.val().detach(), Over::Batch)
            .monitor_over("largest_cluster", self.largest.val().detach(), Over::Batch)
    }

    /// Nothing before there are clusters, so that no validation of the warm-up is better than one of theirs.
    fn measure(&self, model: &M, part: &Part) -> Measures {
        if !self.begun() {
            return Measures::new();
        }
        let pooled = model.pooled(part.weak.clone());
        let assigned = log_softmax(self.logits(pooled.clone()), 1).exp();
        let targets = sharpened_by(assigned, self.frequencies.val().detach());
        let mut measures = vec![Measure::new("loss", self.divergence(pooled.clone(), targets).mean(), Over::Sequences)];
        if self.config.reconstruction > 0.0
            && let Some(loss) = self.reconstruction(pooled, &part.weak)
        {
            measures.push(Measure::new("reconstruction", loss, Over::Steps(0)));
        }
        measures
    }

    fn warning(&self, train: &Scores, _context: &StepContext) -> Option<String> {
        let share = train.get("largest_cluster").copied().filter(|share| *share > NEARLY_ALL)?;
        Some(format!(
            "{:.0} % of the sequences are in one of {} clusters: lower `weight`, lengthen `warm_up`, or raise \
             `reconstruction`",
            100.0 * share,
            self.config.clusters
        ))
    }

    fn rebuild(&self, model: &M, sequences: &Sequences) -> Option<Input> {
        self.autoencoder.as_ref()?.rebuild(model, sequences)
    }

    /// Of clusters in place of classes: logits of q, `[rows, clusters]`.
    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        Some(self.logits(model.pooled(sequences.clone())))
    }
}

/// As many of the vectors as k-means looks at, by chance.
fn chosen(vectors: &[f64], width: usize, seed: u64) -> Vec<f64> {
    let rows = Draws::new(seed).shuffled(vectors.len() / width.max(1)).into_iter().take(LOOKED_AT);
    rows.flat_map(|row| vectors[row * width..(row + 1) * width].iter().copied()).collect()
}

/// The values on the host.
fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f32>().map(f64::from).collect()
}
