//! Which rows stand in the batches of an epoch: a pure function of seed and epoch.

use crate::loading::options::LoaderOptions;
use crate::loading::views::Pool;
use std::collections::BTreeMap;

use rand::Rng;

use crate::random::{generator, shuffle};
use crate::sequence::{Dataset, Target};

/// Rows of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub labeled: Vec<usize>,
    pub unlabeled: Vec<usize>,
    /// Labelled rows that are drawn class by class, beside the others.
    pub balanced: Vec<usize>,
}

/// Batches sorted by length together: large enough for little padding, small enough to stay shuffled.
const BUCKET: usize = 20;

/// Draws the rows of each step.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    /// Positions of labelled sequences.
    pub labeled: Vec<usize>,
    /// Positions of unlabelled ones.
    pub unlabeled: Vec<usize>,
    pub options: LoaderOptions,
}

impl Sampler {
    /// `labeled` and `unlabeled` are positions among `rows` sequences, of which the pool takes its own.
    pub fn new(rows: usize, labeled: Vec<usize>, unlabeled: Vec<usize>, options: LoaderOptions) -> Self {
        let (labeled, unlabeled) = match options.pool {
            Pool::Labeled | Pool::Streams => (labeled, Vec::new()),
            Pool::Paired => (labeled, unlabeled),
            Pool::All => (Vec::new(), (0..rows).collect()),
        };
        Self { labeled, unlabeled, options }
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        let (labeled, unlabeled) = self.batch_sizes();
        if self.options.pool == Pool::Streams {
            return self.options.steps_per_epoch.unwrap_or(self.labeled.len() / labeled.max(1));
        }
        let passes = |rows: usize, batch: usize| if batch == 0 { 0 } else { rows.div_ceil(batch) };
        let most = passes(self.labeled.len(), labeled).max(passes(self.unlabeled.len(), unlabeled));
        self.options.steps_per_epoch.unwrap_or(most)
    }

    /// Labelled and unlabelled rows per step; a pool smaller than its batch gives all it has.
    fn batch_sizes(&self) -> (usize, usize) {
        let options = &self.options;
        let unlabeled =
            if options.pool == Pool::All { options.batch_size } else { options.batch_size * options.unlabeled_ratio };
        (options.batch_size.min(self.labeled.len()), unlabeled.min(self.unlabeled.len()))
    }

    /// The rows of each step of an epoch; `train` holds the sequences that they are positions of.
    pub fn plan(&self, train: &Dataset, steps: usize, epoch: usize) -> Vec<Plan> {
        let (labeled, unlabeled) = self.batch_sizes();
        if self.options.pool == Pool::Streams {
            let length = (self.labeled.len() / labeled.max(1)).max(1);
            let row = |step: usize| (0..labeled).map(move |stream| self.labeled[stream * length + step % length]);
            return (0..steps).map(|step| Plan { labeled: row(step).collect(), ..Plan::default() }).collect();
        }
        let balanced = self.options.balanced.map(|power| self.balanced(train, labeled, power, steps, epoch));
        let (in_place, beside) = if self.options.beside { (None, balanced) } else { (balanced, None) };
        let labeled = in_place.unwrap_or_else(|| self.rows(train, &self.labeled, labeled, steps, epoch, 1));
        let unlabeled = self.rows(train, &self.unlabeled, unlabeled, steps, epoch, 2);
        let beside = beside.unwrap_or_else(|| vec![Vec::new(); steps]);
        let parts = labeled.into_iter().zip(unlabeled).zip(beside);
        parts.map(|((labeled, unlabeled), balanced)| Plan { labeled, unlabeled, balanced }).collect()
    }

    /// Batches of labelled rows whose classes are drawn, each class by its number of rows to a power; within a class
    /// each row comes once before any comes again.
    fn balanced(&self, train: &Dataset, batch: usize, power: f64, steps: usize, epoch: usize) -> Vec<Vec<usize>> {
        let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for row in &self.labeled {
            if let Target::Class(class) = &train.targets[*row] {
                classes.entry(*class).or_default().push(*row);
            }
        }
        let mut rng = generator(self.options.seed, ((epoch as u64) << 8) | 3);
        let mut classes: Vec<(Vec<usize>, usize)> = classes.into_values().map(|rows| (rows, 0)).collect();
        let weights: Vec<f64> = classes.iter().map(|(rows, _)| (rows.len() as f64).powf(power)).collect();
        let sum: f64 = weights.iter().sum();
        let mut row = || {
            let drawn = rng.random::<f64>() * sum;
            let ends = weights.iter().scan(0.0, |end, weight| {
                *end += weight;
                Some(*end)
            });
            let place = ends.take_while(|end| *end <= drawn).count().min(weights.len().saturating_sub(1));
            let (rows, next) = classes.get_mut(place)?;
            if *next == 0 {
                shuffle(rows, &mut rng);
            }
            let row = rows[*next];
            *next = (*next + 1) % rows.len();
            Some(row)
        };
        (0..steps).map(|_| (0..batch).filter_map(|_| row()).collect()).collect()
    }

    /// Batches of rows: the pool shuffled again and again until all steps are filled, sorted by length in
    /// windows, the batches shuffled. No batch holds a row twice.
    fn rows(
        &self,
        train: &Dataset,
        pool: &[usize],
        batch: usize,
        steps: usize,
        epoch: usize,
        purpose: u64,
    ) -> Vec<Vec<usize>> {
        if batch == 0 {
            return vec![Vec::new(); steps];
        }
        let mut rng = generator(self.options.seed, ((epoch as u64) << 8) | purpose);
        let mut batches: Vec<Vec<usize>> = Vec::with_capacity(steps);
        while batches.len() < steps {
            let mut order = pool.to_vec();
            shuffle(&mut order, &mut rng);
            // The last rows of a pass that fill no batch are filled up from its beginning. They are a batch by
            // themselves, not sorted with the others: next to its copy a row could stand twice in a batch.
            let mut last = order.split_off(order.len() / batch * batch);
            if !last.is_empty() {
                last.extend_from_slice(&order[..batch - last.len()]);
            }
            let mut pass: Vec<Vec<usize>> = Vec::new();
            for window in order.chunks_mut(BUCKET * batch) {
                window.sort_by_key(|row| train.sequences[*row].len());
                pass.extend(window.chunks(batch).map(<[usize]>::to_vec));
            }
            pass.extend(Some(last).filter(|last| !last.is_empty()));
            shuffle(&mut pass, &mut rng);
            batches.append(&mut pass);
        }
        batches.truncate(steps);
        batches
    }
}
