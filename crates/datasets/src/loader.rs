//! Steps of labelled and unlabelled batches in the views an objective asks for, made ahead by worker
//! threads. An epoch is a pure function of the options' seed and its number.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rand::Rng;

use crate::augment::Augmenter;
use crate::batch::Batch;
use crate::random::{generator, shuffle};
use crate::sequence::{Dataset, Sequence};

/// A set of views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views(u8);

impl Views {
    /// The weakly augmented sequences; plain ones where no augmentation is set. Always made.
    pub const WEAK: Self = Self(1);
    /// Another draw of the weak view.
    pub const SECOND: Self = Self(2);
    /// The strongly augmented sequences.
    pub const STRONG: Self = Self(4);
    /// Another draw of the strong view.
    pub const SECOND_STRONG: Self = Self(8);
    /// The sequences as they are, without any augmentation: the same at every visit.
    pub const PLAIN: Self = Self(16);

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Views {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Which sequences an objective uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Labelled ones only.
    Labeled,
    /// Labelled and unlabelled side by side.
    Paired,
    /// The whole training part, as if unlabelled.
    All,
    /// Labelled ones only, in their order: as many streams side by side as a batch has rows.
    Streams,
}

/// One step's batches.
#[derive(Clone, Debug)]
pub struct StepBatches {
    /// Absent for [`Pool::All`].
    pub labeled: Option<ViewBatches>,
    /// Absent for [`Pool::Labeled`] and [`Pool::Streams`], and where no unlabelled sequence exists.
    pub unlabeled: Option<ViewBatches>,
}

/// The same rows in the views asked for.
#[derive(Clone, Debug)]
pub struct ViewBatches {
    /// The weak view.
    pub weak: Batch,
    /// Another draw of it.
    pub second: Option<Batch>,
    /// The strong view.
    pub strong: Option<Batch>,
    /// Another draw of it.
    pub second_strong: Option<Batch>,
    /// The sequences as they are.
    pub plain: Option<Batch>,
}

/// How steps are made.
#[derive(Clone, Copy, Debug)]
pub struct LoaderOptions {
    /// Labelled sequences a step.
    pub batch_size: usize,
    /// Unlabelled ones for each labelled one.
    pub unlabeled_ratio: usize,
    /// The views to make.
    pub views: Views,
    /// The sequences to use.
    pub pool: Pool,
    /// Seeds order and views.
    pub seed: u64,
    /// Threads that make steps ahead.
    pub workers: usize,
    /// Steps of an epoch; default: one pass over the larger pool.
    pub steps_per_epoch: Option<usize>,
}

/// Makes the steps of each epoch.
#[derive(Clone, Debug)]
pub struct Loader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    train: Arc<Dataset>,
    labeled: Vec<usize>,
    unlabeled: Vec<usize>,
    augment: Augmenter,
    options: LoaderOptions,
}

/// Rows of a step: labelled, unlabelled.
type Plan = (Vec<usize>, Vec<usize>);

/// Batches sorted by length together: large enough for little padding, small enough to stay shuffled.
const BUCKET: usize = 20;
/// Steps each worker makes ahead.
const AHEAD: usize = 3;

impl Loader {
    /// `labeled` and `unlabeled` are positions in `train`.
    pub fn new(
        train: Arc<Dataset>,
        labeled: Vec<usize>,
        unlabeled: Vec<usize>,
        augment: Augmenter,
        options: LoaderOptions,
    ) -> Self {
        let (labeled, unlabeled) = match options.pool {
            Pool::Labeled | Pool::Streams => (labeled, Vec::new()),
            Pool::Paired => (labeled, unlabeled),
            Pool::All => (Vec::new(), (0..train.len()).collect()),
        };
        Self { shared: Arc::new(Shared { train, labeled, unlabeled, augment, options }) }
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        let shared = &self.shared;
        let (labeled, unlabeled) = shared.batch_sizes();
        if shared.options.pool == Pool::Streams {
            return shared.options.steps_per_epoch.unwrap_or(shared.labeled.len() / labeled.max(1));
        }
        let passes = |rows: usize, batch: usize| if batch == 0 { 0 } else { rows.div_ceil(batch) };
        let most = passes(shared.labeled.len(), labeled).max(passes(shared.unlabeled.len(), unlabeled));
        shared.options.steps_per_epoch.unwrap_or(most)
    }

    /// The steps of an epoch, in order. Dropping the iterator early stops the workers.
    pub fn epoch(&self, epoch: usize) -> impl Iterator<Item = StepBatches> + use<> {
        self.epoch_from(epoch, 0)
    }

    /// The steps of an epoch without the first ones, which are not made.
    pub fn epoch_from(&self, epoch: usize, first: usize) -> impl Iterator<Item = StepBatches> + use<> {
        let plans = Arc::new(self.shared.plan(self.steps_per_epoch(), epoch));
        let workers = self.shared.options.workers.max(1);
        let receivers: Vec<Receiver<StepBatches>> = (0..workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(AHEAD);
                let (shared, plans) = (Arc::clone(&self.shared), Arc::clone(&plans));
                thread::spawn(move || {
                    for step in (first + worker..plans.len()).step_by(workers) {
                        let (labeled, unlabeled) = &plans[step];
                        if sender.send(shared.make(labeled, unlabeled, epoch, step)).is_err() {
                            return;
                        }
                    }
                });
                receiver
            })
            .collect();
        let steps = plans.len();
        (first..steps).map_while(move |step| receivers[(step - first) % receivers.len()].recv().ok())
    }
}

impl Shared {
    /// Labelled and unlabelled rows a step; a pool smaller than its batch gives all it has.
    fn batch_sizes(&self) -> (usize, usize) {
        let options = &self.options;
        let unlabeled =
            if options.pool == Pool::All { options.batch_size } else { options.batch_size * options.unlabeled_ratio };
        (options.batch_size.min(self.labeled.len()), unlabeled.min(self.unlabeled.len()))
    }

    fn plan(&self, steps: usize, epoch: usize) -> Vec<Plan> {
        let (labeled, unlabeled) = self.batch_sizes();
        if self.options.pool == Pool::Streams {
            let length = (self.labeled.len() / labeled.max(1)).max(1);
            let row = |step: usize| (0..labeled).map(move |stream| self.labeled[stream * length + step % length]);
            return (0..steps).map(|step| (row(step).collect(), Vec::new())).collect();
        }
        let labeled = self.rows(&self.labeled, labeled, steps, epoch, 1);
        let unlabeled = self.rows(&self.unlabeled, unlabeled, steps, epoch, 2);
        labeled.into_iter().zip(unlabeled).collect()
    }

    /// Batches of rows: the pool shuffled again and again until all steps are filled, sorted by length in
    /// windows, the batches shuffled. No batch holds a row twice.
    fn rows(&self, pool: &[usize], batch: usize, steps: usize, epoch: usize, purpose: u64) -> Vec<Vec<usize>> {
        if batch == 0 {
            return vec![Vec::new(); steps];
        }
        let mut rng = generator(self.options.seed, ((epoch as u64) << 8) | purpose);
        let mut batches: Vec<Vec<usize>> = Vec::with_capacity(steps);
        while batches.len() < steps {
            let mut order = pool.to_vec();
            shuffle(&mut order, &mut rng);
            // The last rows of a pass that fill no batch are filled up from its beginning. They are a batch by themselves,
            // not sorted with the others: next to its copy a row could stand twice in a batch.
            let mut last = order.split_off(order.len() / batch * batch);
            if !last.is_empty() {
                last.extend_from_slice(&order[..batch - last.len()]);
            }
            let mut pass: Vec<Vec<usize>> = Vec::new();
            for window in order.chunks_mut(BUCKET * batch) {
                window.sort_by_key(|row| self.train.sequences[*row].len());
                pass.extend(window.chunks(batch).map(<[usize]>::to_vec));
            }
            pass.extend(Some(last).filter(|last| !last.is_empty()));
            shuffle(&mut pass, &mut rng);
            batches.append(&mut pass);
        }
        batches.truncate(steps);
        batches
    }

    fn make(&self, labeled: &[usize], unlabeled: &[usize], epoch: usize, step: usize) -> StepBatches {
        let mut rng = generator(self.options.seed, ((epoch as u64) << 32) | ((step as u64) << 8) | 3);
        StepBatches { labeled: self.views(labeled, &mut rng), unlabeled: self.views(unlabeled, &mut rng) }
    }

    fn views(&self, rows: &[usize], rng: &mut impl Rng) -> Option<ViewBatches> {
        if rows.is_empty() {
            return None;
        }
        let weak = |rng: &mut _| self.view(rows, |sequence, rng| self.augment.weak(sequence, rng), rng);
        let strong = |rng: &mut _| self.view(rows, |sequence, rng| self.augment.strong(sequence, rng), rng);
        let plain = |rng: &mut _| self.view(rows, |sequence, _| sequence.clone(), rng);
        let views = self.options.views;
        Some(ViewBatches {
            weak: weak(rng),
            second: views.contains(Views::SECOND).then(|| weak(rng)),
            strong: views.contains(Views::STRONG).then(|| strong(rng)),
            second_strong: views.contains(Views::SECOND_STRONG).then(|| strong(rng)),
            plain: views.contains(Views::PLAIN).then(|| plain(rng)),
        })
    }

    fn view<R: Rng>(
        &self,
        rows: &[usize],
        mut change: impl FnMut(&Sequence, &mut R) -> Sequence,
        rng: &mut R,
    ) -> Batch {
        let sequences: Vec<Sequence> = rows.iter().map(|row| change(&self.train.sequences[*row], rng)).collect();
        Batch::collate(&self.train, rows, &sequences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchInputs;
    use crate::processor::Processor;
    use crate::sequence::{Series, Target};

    fn loader(workers: usize, pool: Pool) -> Loader {
        let sequences: Vec<Sequence> = (0..50).map(|row| Sequence::Tokens(vec![1; 1 + row % 7])).collect();
        let targets = vec![Target::Class(0); 50];
        let train = Dataset { targets, sequences, classes: vec!["a".into()], ..Dataset::default() };
        let options = LoaderOptions { views: Views::WEAK | Views::SECOND, pool, workers, ..OPTIONS };
        Loader::new(Arc::new(train), (0..10).collect(), (10..50).collect(), Augmenter::none(), options)
    }

    const OPTIONS: LoaderOptions = LoaderOptions {
        batch_size: 4,
        unlabeled_ratio: 2,
        views: Views::WEAK,
        pool: Pool::Paired,
        seed: 9,
        workers: 1,
        steps_per_epoch: None,
    };

    /// Sequences of 1 to 13 steps, the first of them labelled.
    fn uneven(rows: usize, labeled: usize, options: LoaderOptions) -> Loader {
        let sequences: Vec<Sequence> = (0..rows).map(|row| Sequence::Tokens(vec![1; 1 + row * 5 % 13])).collect();
        let targets = vec![Target::Missing; rows];
        let train = Dataset { targets, sequences, ..Dataset::default() };
        Loader::new(Arc::new(train), (0..labeled).collect(), (labeled..rows).collect(), Augmenter::none(), options)
    }

    fn rows(loader: &Loader, epoch: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
        let indices = |part: Option<ViewBatches>| part.map_or(Vec::new(), |part| part.weak.indices);
        loader.epoch(epoch).map(|step| (indices(step.labeled), indices(step.unlabeled))).collect()
    }

    #[test]
    fn an_epoch_is_one_pass_over_the_larger_pool() {
        // 40 unlabelled rows in batches of 4 · 2: five steps.
        let steps = rows(&loader(1, Pool::Paired), 1);
        assert_eq!(steps.len(), 5);
        let mut seen: Vec<usize> = steps.iter().flat_map(|(_, unlabeled)| unlabeled.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (10..50).collect::<Vec<_>>());
        assert!(steps.iter().all(|(labeled, _)| labeled.len() == 4 && labeled.iter().all(|row| *row < 10)));
    }

    #[test]
    fn the_number_of_workers_changes_nothing_and_the_epoch_does() {
        assert_eq!(rows(&loader(1, Pool::Paired), 1), rows(&loader(3, Pool::Paired), 1));
        assert_ne!(rows(&loader(1, Pool::Paired), 1), rows(&loader(1, Pool::Paired), 2));
    }

    #[test]
    fn the_rest_of_an_epoch_is_that_of_the_whole() {
        let inputs = |steps: Vec<StepBatches>| -> Vec<String> {
            steps.iter().map(|step| format!("{:?}", step.unlabeled.as_ref().map(|part| &part.weak))).collect()
        };
        let loader = loader(2, Pool::Paired);
        let whole = inputs(loader.epoch(1).collect());
        assert_eq!(inputs(loader.epoch_from(1, 3).collect()), whole[3..]);
        assert_eq!(loader.epoch_from(1, 5).count(), 0);
    }

    #[test]
    fn all_rows_stand_in_the_unlabelled_slot() {
        let steps = rows(&loader(1, Pool::All), 1);
        assert_eq!(steps.len(), 13);
        assert!(steps.iter().all(|(labeled, unlabeled)| labeled.is_empty() && unlabeled.len() == 4));
    }

    /// A plan of every size of pool and batch up to some limit, several passes long, over sequences of unequal lengths.
    #[test]
    fn no_batch_holds_a_row_twice_all_are_full_and_each_pass_covers_the_pool() {
        let mut plans = 0;
        for rows in 1..=45usize {
            for batch_size in [1, 2, 3, 4, 5, 7, 8, 16, 40, 64] {
                for unlabeled_ratio in [1, 2, 7] {
                    let seed = (rows * 31 + batch_size) as u64;
                    let labeled = rows.div_ceil(3);
                    let loader = uneven(rows, labeled, LoaderOptions { batch_size, unlabeled_ratio, seed, ..OPTIONS });
                    let (few, many) = (batch_size.min(labeled), (batch_size * unlabeled_ratio).min(rows - labeled));
                    let plan = loader.shared.plan(3 * loader.steps_per_epoch() + 1, 1 + rows % 4);
                    for (parts, pool, batch) in [
                        (plan.iter().map(|(rows, _)| rows).collect::<Vec<_>>(), 0..labeled, few),
                        (plan.iter().map(|(_, rows)| rows).collect::<Vec<_>>(), labeled..rows, many),
                    ] {
                        for part in &parts {
                            let mut once: Vec<usize> = (*part).clone();
                            once.sort_unstable();
                            once.dedup();
                            assert_eq!((once.len(), part.len()), (batch, batch), "{rows} rows: {part:?}");
                        }
                        let pass = if batch == 0 { 1 } else { pool.len().div_ceil(batch) };
                        for batches in parts.chunks_exact(pass) {
                            let mut seen: Vec<usize> = batches.iter().copied().flatten().copied().collect();
                            seen.sort_unstable();
                            seen.dedup();
                            assert_eq!(seen, pool.clone().collect::<Vec<_>>(), "{rows} rows in batches of {batch}");
                        }
                    }
                    plans += 1;
                }
            }
        }
        assert_eq!(plans, 45 * 10 * 3);
    }

    #[test]
    fn full_batches_are_of_like_lengths() {
        // 41 rows in batches of 5: eight batches sorted by length, and one of the row that is left with four others.
        let options = LoaderOptions { batch_size: 5, pool: Pool::All, ..OPTIONS };
        let loader = uneven(41, 0, options);
        let plan = loader.shared.plan(9, 1);
        let lengths =
            |rows: &[usize]| rows.iter().map(|row| loader.shared.train.sequences[*row].len()).collect::<Vec<_>>();
        let spans = plan
            .iter()
            .map(|(_, rows)| lengths(rows))
            .map(|lengths| lengths.iter().max().unwrap_or(&0) - lengths.iter().min().unwrap_or(&0));
        // 40 of the 41 sorted lengths 1 to 13, each three or four times, are cut into eight.
        assert!(spans.filter(|span| *span > 3).count() <= 1);
    }

    #[test]
    fn streams_go_on_where_they_were() {
        // Ten labelled rows in four streams of two; the last two rows fill none.
        let steps = rows(&loader(1, Pool::Streams), 1);
        let labeled: Vec<Vec<usize>> = steps.into_iter().map(|(labeled, _)| labeled).collect();
        assert_eq!(labeled, [[0, 2, 4, 6], [1, 3, 5, 7]]);
    }

    #[test]
    fn the_plain_view_is_the_sequence_and_draws_nothing() {
        let sequences: Vec<Sequence> =
            (0..6).map(|row| Sequence::Series(Series { values: vec![row as f32; 4], channels: 1 })).collect();
        let train = Dataset { name: "t".into(), targets: vec![Target::Class(0); 6], sequences, ..Dataset::default() };
        // Noise and scaling are the defaults for series.
        let processor = Processor::fit(&Default::default(), &train).unwrap();
        let augmenter = Augmenter::new(&Default::default(), &processor, &train);
        let views = |views: Views| {
            let options = LoaderOptions {
                batch_size: 3,
                unlabeled_ratio: 1,
                views,
                pool: Pool::Labeled,
                seed: 9,
                workers: 1,
                steps_per_epoch: None,
            };
            let train = Arc::new(train.clone());
            let loader = Loader::new(train, (0..6).collect(), Vec::new(), augmenter.clone(), options);
            loader.epoch(1).map(|step| step.labeled.expect("labelled rows")).collect::<Vec<_>>()
        };
        let (with, without) = (views(Views::WEAK | Views::PLAIN), views(Views::WEAK));
        for (with, without) in with.iter().zip(&without) {
            let (plain, weak) = (with.plain.as_ref().expect("asked for"), &with.weak);
            let read = |batch: &Batch| match &batch.inputs {
                BatchInputs::Values { values, .. } => values.clone(),
                BatchInputs::Tokens(_) => Vec::new(),
            };
            let expected: Vec<f32> = plain.indices.iter().flat_map(|row| [*row as f32; 4]).collect();
            assert_eq!(read(plain), expected);
            assert_ne!(read(weak), expected, "the weak view is another");
            assert_eq!(read(weak), read(&without.weak), "the other views are drawn as without it");
            assert!(without.plain.is_none());
        }
    }

    #[test]
    fn dropping_an_epoch_early_ends_it() {
        let loader = loader(2, Pool::Paired);
        assert!(loader.epoch(1).next().is_some());
        assert_eq!(rows(&loader, 1).len(), 5);
    }
}
