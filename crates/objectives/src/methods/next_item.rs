//! The next item of each session (GRU4Rec: Hidasi, Karatzoglou, Baltrunas & Tikk 2016; losses and sampling of Hidasi &
//! Karatzoglou 2018, "Recurrent neural networks with top-k gains for session-based recommendations").
//!
//! From the encoder's vector at each step the item that follows has to be ranked above others. With cross-entropy
//! that is `-r_i + log Σ_j exp(r_j)` over the item itself and the others; with BPR-max (eq. 12 and 14)
//! `-log Σ_j s_j σ(r_i - r_j) + λ Σ_j s_j r_j²`, where `s` is the softmax over the others. The others are all items, or
//! with `negatives` those that the other sessions of the batch go on to at the same step, and so many that are drawn
//! once per step in proportion to `popularity^alpha`.
//!
//! The paper reads sessions side by side, one step of each at a time, and cuts the gradient after it; a session that
//! ends makes room for the next. Here a batch holds whole sessions side by side, the gradient goes through all steps,
//! and a session that has ended gives no negatives. An item that is the right one is no negative, though another
//! session goes on to it too or it was drawn. Embedding and output are weights of their own.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Batch, Pool, Sequence, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, StepOutputs};
use semiseq_schema::{Problem, check_range, problem, ranking};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::item_scores::ItemScores;
use crate::parts::losses::weighted_mean;
use crate::parts::memory::remembered;
use crate::parts::random::{Draws, step_seed};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// All items but the first of each session.
const PREDICTED_STEPS: Over = Over::Steps(1);
/// Scores of items that are judged at a time.
const JUDGED: usize = 1 << 22;

/// `[stage.objective.next-item]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NextItemConfig {
    /// `cross-entropy` or `bpr-max`, the paper's. Default `cross-entropy`.
    pub loss: ItemLoss,
    /// Items drawn per step, beside those of the batch, that the right one is told from. Default: all items, which is
    /// more exact, and slower beyond some ten thousand; the authors draw 2,048.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negatives: Option<usize>,
    /// The power of popularity that they are drawn by, in [0, 1]: 0 draws all items alike, 1 by how often they stand in
    /// the training part. Default 0.75, the authors'.
    pub alpha: f64,
    /// `λ`: how much large scores of other items cost with `bpr-max`, at least 0. Default 1, the authors'.
    pub regularisation: f64,
    /// Items that `predict` gives for a session, the likeliest first. Default 20.
    pub top: usize,
}

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ItemLoss {
    /// Cross-entropy of the right item against the others.
    #[default]
    CrossEntropy,
    /// That the right item ranks above the highest of the others, softly.
    BprMax,
}

impl Default for NextItemConfig {
    fn default() -> Self {
        Self { loss: ItemLoss::default(), negatives: None, alpha: 0.75, regularisation: 1.0, top: 20 }
    }
}

impl NextItemConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.alpha"), self.alpha, 0.0, 1.0, "the authors use 0 to 1, mostly 0.75");
        let (key, hint) = (format!("{path}.regularisation"), "the authors use 0 to 2");
        check_range(problems, &key, self.regularisation, 0.0, f64::INFINITY, hint);
        if self.top == 0 {
            problems.push(problem(format!("{path}.top"), "must be at least 1, got 0", Some("20 is usual")));
        }
    }

    /// Builds the objective with fresh weights of the items.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> NextItem {
        let vocabulary = match setting.model.input_size() {
            InputSize::Tokens(vocabulary) => vocabulary,
            // A run refuses values before it comes here.
            InputSize::Values(_) => 1,
        };
        let count = |item: usize| setting.token_counts.get(item).copied().unwrap_or(0);
        let counts: Vec<f32> = (0..vocabulary).map(|item| count(item) as f32).collect();
        let mut sum = 0.0;
        let weight = |item: usize| if count(item) == 0 { 0.0 } else { (count(item) as f64).powf(self.alpha) };
        let cumulative: Vec<f64> = (0..vocabulary)
            .map(|item| {
                sum += weight(item);
                sum
            })
            .collect();
        NextItem {
            head: LinearConfig::new(setting.model.pooled_size(), vocabulary).init(setting.device),
            popularity: remembered(Tensor::from_data(counts.as_slice(), setting.device)),
            settings: self.clone(),
            cumulative,
        }
    }
}

/// The next-item objective, with the weights of the items that it trains.
#[derive(Module, Debug)]
pub struct NextItem {
    head: Linear,
    /// How often each item stands in the training part, `[vocabulary]`; others are never recommended.
    popularity: Param<Tensor<1>>,
    #[module(skip)]
    settings: NextItemConfig,
    /// Sums of `popularity^alpha`; all 0 in a finished run, which draws none.
    #[module(skip)]
    cumulative: Vec<f64>,
}

impl NextItem {
    /// `None` where no session has a second item.
    fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<Tensor<1>> {
        let [batch, time] = sequences.dims();
        if time < 2 {
            return None;
        }
        let (steps, rows) = (time - 1, batch * (time - 1));
        let states = model.states(sequences.clone()).narrow(1, 0, steps);
        let targets = items(sequences).narrow(1, 1, steps);
        let mask = sequences.mask.clone().map(|mask| mask.narrow(1, 1, steps));
        let each = match (self.settings.negatives, self.settings.loss) {
            (None, ItemLoss::CrossEntropy) => {
                StepOutputs::new(states, &self.head).cross_entropy(targets).reshape([rows])
            }
            (None, ItemLoss::BprMax) => {
                let [_, _, width] = states.dims();
                self.of_scores(self.against_all(states.reshape([rows, width]), targets.reshape([rows])))
            }
            (Some(count), _) => {
                let drawn = match self.cumulative.last() {
                    Some(sum) if *sum > 0.0 && count > 0 => {
                        Draws::new(step_seed(&states.device())).places(&self.cumulative, count)
                    }
                    _ => Vec::new(),
                };
                let by_time = mask.clone().map(|mask| mask.swap_dims(0, 1));
                let each = self.of_scores(ItemScores::sampled(&self.head, states, targets, by_time, &drawn));
                each.reshape([steps, batch]).swap_dims(0, 1).reshape([rows])
            }
        };
        Some(weighted_mean(each, mask.map(|mask| mask.reshape([rows]))))
    }

    /// The loss of each row, `[rows]`.
    fn of_scores(&self, scores: ItemScores) -> Tensor<1> {
        match self.settings.loss {
            ItemLoss::CrossEntropy => scores.cross_entropy(),
            ItemLoss::BprMax => scores.bpr_max(self.settings.regularisation),
        }
    }

    /// Against all items of the training part. States `[rows, width]`, targets `[rows]`.
    fn against_all(&self, states: Tensor<2>, targets: Tensor<1, Int>) -> ItemScores {
        ItemScores::of_all(&self.head, self.popularity.val(), states, targets)
    }

    /// The losses against all items, and the rank of each right item among all; equal scores share their places.
    /// States `[rows, width]`.
    fn judged(&self, states: Tensor<2>, targets: &[i32]) -> (Vec<f64>, Vec<f64>) {
        let rows = targets.len();
        let targets: Tensor<1, Int> = Tensor::from_data(targets, &states.device());
        let scores = self.against_all(states, targets.clone());
        let right = scores.right.clone().reshape([rows, 1]);
        let counted = |held: Tensor<2, Bool>| held.bool_and(scores.others.clone()).float().sum_dim(1).reshape([rows]);
        let above = counted(scores.all.clone().greater(right.clone()));
        let beside = counted(scores.all.clone().equal(right));
        let ranks = above + beside.mul_scalar(0.5) + 1.0;
        let losses = match self.settings.loss {
            ItemLoss::CrossEntropy => -log_softmax(scores.all, 1).gather(1, targets.reshape([rows, 1])).reshape([rows]),
            ItemLoss::BprMax => self.of_scores(scores),
        };
        (host(losses), host(ranks))
    }

    /// How often each item stands in the training part.
    fn popularities(&self) -> Vec<f32> {
        self.popularity.val().into_data().iter::<f32>().collect()
    }
}

fn host(values: Tensor<1>) -> Vec<f64> {
    values.into_data().iter::<f64>().collect()
}

fn items(sequences: &Sequences) -> Tensor<2, Int> {
    let Input::Tokens(items) = &sequences.input else { panic!("next items need tokens") };
    items.clone()
}

/// The length of each session.
fn lengths(sequences: &Sequences) -> Vec<usize> {
    let [batch, time] = sequences.dims();
    match &sequences.mask {
        Some(mask) => {
            host(mask.clone().sum_dim(1).reshape([batch])).into_iter().map(|length| length as usize).collect()
        }
        None => vec![time; batch],
    }
}

impl<M: SequenceModel> Objective<M> for NextItem {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let loss = step.unlabeled.as_ref().and_then(|part| self.loss(model, &part.weak));
        loss.map_or_else(Terms::default, |loss| Terms::default().add("next_item", 1.0, loss).over(PREDICTED_STEPS))
    }

    /// Against all items of the training part, whatever a step is trained against; items that it lacks do not count.
    fn measure(&self, model: &M, part: &Part) -> Measures {
        let [batch, time] = part.weak.dims();
        if time < 2 {
            return Measures::new();
        }
        let numbers: Vec<i32> = items(&part.weak).into_data().iter::<i32>().collect();
        let popularities = self.popularities();
        let known = |item: i32| popularities.get(item as usize).is_some_and(|count| *count > 0.0);
        let of_session = |(session, length): (usize, usize)| (1..length).map(move |step| session * time + step);
        let places = lengths(&part.weak).into_iter().enumerate().flat_map(of_session);
        let places: Vec<usize> = places.filter(|place| known(numbers[*place])).collect();
        if places.is_empty() {
            return Measures::new();
        }
        let states = model.states(part.weak.clone());
        let [_, _, width] = states.dims();
        let states = states.reshape([batch * time, width]);
        let (mut losses, mut ranks) = (Vec::new(), Vec::new());
        for places in places.chunks((JUDGED / popularities.len().max(1)).max(1)) {
            let before: Vec<i32> = places.iter().map(|place| *place as i32 - 1).collect();
            let before: Tensor<1, Int> = Tensor::from_data(before.as_slice(), &states.device());
            let targets: Vec<i32> = places.iter().map(|place| numbers[*place]).collect();
            let (lost, ranked) = self.judged(states.clone().select(0, before), &targets);
            losses.extend(lost);
            ranks.extend(ranked);
        }
        let count = places.len() as f64;
        let over = Over::Counted(Arc::new(move |_: &Batch| count));
        let device = states.device();
        let measure = |name, mean: f64| Measure::new(name, Tensor::from_data([mean as f32], &device), over.clone());
        let loss = measure("loss", losses.iter().sum::<f64>() / count);
        std::iter::once(loss).chain(ranking(&ranks).into_iter().map(|(name, mean)| measure(name, mean))).collect()
    }

    /// The items that follow each session, the likeliest first.
    fn answer(&self, model: &M, sequences: &Sequences) -> Option<Vec<Sequence>> {
        let [batch, time] = sequences.dims();
        let states = model.states(sequences.clone());
        let [_, _, width] = states.dims();
        let last = lengths(sequences).into_iter().enumerate();
        let last: Vec<i32> = last.map(|(session, length)| (session * time + length.max(1) - 1) as i32).collect();
        let last: Tensor<1, Int> = Tensor::from_data(last.as_slice(), &states.device());
        let scores = self.head.forward(states.reshape([batch * time, width]).select(0, last));
        let [_, vocabulary] = scores.dims();
        let scores: Vec<f32> = scores.into_data().iter::<f32>().collect();
        let popularities = self.popularities();
        let best = |scores: &[f32]| {
            let mut items: Vec<u32> =
                (0..vocabulary as u32).filter(|item| popularities[*item as usize] > 0.0).collect();
            let score = |item: &u32| scores[*item as usize];
            items.sort_by(|left, right| score(right).total_cmp(&score(left)).then(left.cmp(right)));
            items.truncate(self.settings.top);
            Sequence::Tokens(items)
        };
        Some(scores.chunks(vocabulary.max(1)).map(best).collect())
    }
}
