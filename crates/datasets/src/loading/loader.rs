//! Steps of labelled and unlabelled batches in the views an objective asks for, made ahead by worker
//! threads. An epoch is a pure function of the options' seed and its number.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rand::Rng;

use crate::augment::Augmenter;
use crate::loading::batch::Batch;
use crate::loading::options::LoaderOptions;
use crate::loading::sampler::{Plan, Sampler};
use crate::loading::views::{StepBatches, ViewBatches, Views};
use crate::random::generator;
use crate::sequence::{Dataset, Sequence, Target};

/// Makes the steps of each epoch.
#[derive(Clone, Debug)]
pub struct Loader {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    train: Arc<Dataset>,
    augment: Augmenter,
    sampler: Sampler,
    /// Classes of rows that stand among the labelled ones without a label of their own.
    given: HashMap<usize, usize>,
}

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
        let sampler = Sampler::new(train.len(), labeled, unlabeled, options);
        Self { shared: Arc::new(Shared { train, augment, sampler, given: HashMap::new() }) }
    }

    /// The same with these rows among the labelled ones too, each with a class that stands for its label there; their
    /// place among the unlabelled rows, and the number of steps, stay.
    #[must_use]
    pub fn with_given(&self, given: &[(usize, usize)]) -> Self {
        let mut shared = Shared::clone(&self.shared);
        shared.sampler.options.steps_per_epoch = Some(self.steps_per_epoch());
        shared.sampler.labeled.extend(given.iter().map(|(row, _)| *row));
        shared.given = given.iter().copied().collect();
        Self { shared: Arc::new(shared) }
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.shared.sampler.steps_per_epoch()
    }

    /// The steps of an epoch, in order. Dropping the iterator early stops the workers.
    pub fn epoch(&self, epoch: usize) -> impl Iterator<Item = StepBatches> + use<> {
        self.epoch_from(epoch, 0)
    }

    /// The steps of an epoch without the first ones, which are not made.
    pub fn epoch_from(&self, epoch: usize, first: usize) -> impl Iterator<Item = StepBatches> + use<> {
        let plans = Arc::new(self.shared.sampler.plan(&self.shared.train, self.steps_per_epoch(), epoch));
        let workers = self.shared.sampler.options.workers.max(1);
        let receivers: Vec<Receiver<StepBatches>> = (0..workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(AHEAD);
                let (shared, plans) = (Arc::clone(&self.shared), Arc::clone(&plans));
                thread::spawn(move || {
                    for step in (first + worker..plans.len()).step_by(workers) {
                        if sender.send(shared.make(&plans[step], epoch, step)).is_err() {
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
    fn make(&self, plan: &Plan, epoch: usize, step: usize) -> StepBatches {
        let mut rng = generator(self.sampler.options.seed, ((epoch as u64) << 32) | ((step as u64) << 8) | 3);
        let labeled = self.views(&plan.labeled, &mut rng).map(|views| self.with_classes(views));
        let unlabeled = self.views(&plan.unlabeled, &mut rng);
        StepBatches { labeled, unlabeled, balanced: self.views(&plan.balanced, &mut rng) }
    }

    /// The classes that are given in place of labels.
    fn with_classes(&self, mut views: ViewBatches) -> ViewBatches {
        let ViewBatches { weak, second, strong, second_strong, plain } = &mut views;
        for batch in [Some(weak), second.as_mut(), strong.as_mut(), second_strong.as_mut(), plain.as_mut()] {
            let Some(Batch { indices, targets, .. }) = batch else { continue };
            for (row, target) in indices.iter().zip(targets) {
                if let Some(class) = self.given.get(row) {
                    *target = Target::Class(*class);
                }
            }
        }
        views
    }

    fn views(&self, rows: &[usize], rng: &mut impl Rng) -> Option<ViewBatches> {
        if rows.is_empty() {
            return None;
        }
        let loaded: Vec<Cow<'_, Sequence>> = rows.iter().map(|row| self.train.sequences[*row].loaded()).collect();
        let weak = |rng: &mut _| self.view(rows, &loaded, |sequence, rng| self.augment.weak(sequence, rng), rng);
        let strong = |rng: &mut _| self.view(rows, &loaded, |sequence, rng| self.augment.strong(sequence, rng), rng);
        let plain = |rng: &mut _| self.view(rows, &loaded, |sequence, _| sequence.clone(), rng);
        let views = self.sampler.options.views;
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
        loaded: &[Cow<'_, Sequence>],
        mut change: impl FnMut(&Sequence, &mut R) -> Sequence,
        rng: &mut R,
    ) -> Batch {
        let sequences: Vec<Sequence> = loaded.iter().map(|sequence| change(sequence, rng)).collect();
        Batch::collate(&self.train, rows, &sequences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loading::batch::BatchInputs;
    use crate::loading::views::Pool;
    use crate::preparation::processor::Processor;
    use crate::series::Series;

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
        balanced: None,
        beside: false,
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
                    let plan = loader.shared.sampler.plan(
                        &loader.shared.train,
                        3 * loader.steps_per_epoch() + 1,
                        1 + rows % 4,
                    );
                    for (parts, pool, batch) in [
                        (plan.iter().map(|step| &step.labeled).collect::<Vec<_>>(), 0..labeled, few),
                        (plan.iter().map(|step| &step.unlabeled).collect::<Vec<_>>(), labeled..rows, many),
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
        let plan = loader.shared.sampler.plan(&loader.shared.train, 9, 1);
        let lengths =
            |rows: &[usize]| rows.iter().map(|row| loader.shared.train.sequences[*row].len()).collect::<Vec<_>>();
        let spans = plan
            .iter()
            .map(|step| lengths(&step.unlabeled))
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
                balanced: None,
                beside: false,
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

    #[test]
    fn given_rows_stand_among_the_labelled_ones_with_their_classes_and_stay_unlabelled() {
        let plain = loader(1, Pool::Paired);
        let with = plain.with_given(&[(12, 3), (13, 4)]);
        assert_eq!(with.steps_per_epoch(), plain.steps_per_epoch());
        let mut seen = Vec::new();
        for epoch in 1..4 {
            assert!(rows(&plain, epoch).iter().zip(rows(&with, epoch)).all(|(plain, with)| plain.1 == with.1));
            for step in with.epoch(epoch) {
                let (labeled, unlabeled) = (step.labeled.expect("some"), step.unlabeled.expect("some"));
                assert!(unlabeled.weak.targets.iter().all(|target| *target == Target::Class(0)));
                for batch in [labeled.weak, labeled.second.expect("asked for")] {
                    for (row, target) in batch.indices.iter().zip(batch.targets) {
                        let expected = if *row < 10 { 0 } else { *row - 9 };
                        assert_eq!(target, Target::Class(expected));
                        seen.push(*row);
                    }
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (0..10).chain([12, 13]).collect::<Vec<_>>());
    }

    #[test]
    fn rows_that_are_drawn_beside_leave_the_others_as_they_are() {
        let train = Arc::new(Dataset {
            sequences: (0..22).map(|_| Sequence::Tokens(vec![1])).collect(),
            targets: (0..22).map(|row| Target::Class(usize::from(row >= 20))).collect(),
            ..Dataset::default()
        });
        let steps = |balanced: Option<f64>| {
            let options = LoaderOptions { batch_size: 10, pool: Pool::Labeled, balanced, beside: true, ..OPTIONS };
            let loader = Loader::new(train.clone(), (0..22).collect(), Vec::new(), Augmenter::none(), options);
            (1..10).flat_map(|epoch| loader.epoch(epoch)).collect::<Vec<_>>()
        };
        let indices = |part: &Option<ViewBatches>| part.as_ref().map_or(Vec::new(), |part| part.weak.indices.clone());
        let (with, without) = (steps(Some(0.0)), steps(None));
        assert_eq!(with.len(), without.len());
        let mut drawn = Vec::new();
        for (with, without) in with.iter().zip(&without) {
            assert_eq!(indices(&with.labeled), indices(&without.labeled));
            assert!(without.balanced.is_none());
            drawn.extend(indices(&with.balanced));
        }
        let rare = drawn.iter().filter(|row| **row >= 20).count();
        assert_eq!(drawn.len(), 270);
        assert!((100..170).contains(&rare), "{rare} of 270");
    }

    #[test]
    fn balanced_rows_are_of_all_classes_alike_and_each_comes_before_any_comes_again() {
        let train = Dataset {
            sequences: (0..22).map(|_| Sequence::Tokens(vec![1])).collect(),
            targets: (0..22).map(|row| Target::Class(usize::from(row >= 20))).collect(),
            ..Dataset::default()
        };
        let train = Arc::new(train);
        let plan = |power: f64, epoch: usize| {
            let options = LoaderOptions { batch_size: 10, pool: Pool::Labeled, balanced: Some(power), ..OPTIONS };
            let loader = Loader::new(train.clone(), (0..22).collect(), Vec::new(), Augmenter::none(), options);
            let plan = loader.shared.sampler.plan(&train, 40, epoch);
            plan.into_iter().flat_map(|step| step.labeled).collect::<Vec<usize>>()
        };
        let rare = |rows: &[usize]| rows.iter().filter(|row| **row >= 20).count();
        let rows = plan(0.0, 1);
        assert_eq!(rows.len(), 400);
        assert!((150..250).contains(&rare(&rows)), "{} of 400", rare(&rows));
        let mut first: Vec<usize> = rows.iter().copied().filter(|row| *row < 20).take(20).collect();
        first.sort_unstable();
        assert_eq!(first, (0..20).collect::<Vec<_>>());
        assert!((20..60).contains(&rare(&plan(1.0, 1))), "as they stand");
        assert_eq!(plan(0.0, 1), rows);
        assert_ne!(plan(0.0, 2), rows);
    }
}
