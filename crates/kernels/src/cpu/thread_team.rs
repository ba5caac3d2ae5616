//! What the threads of a pass share: values that each writes in places of its own, and the place where they meet.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Values of a line of the cache.
pub(super) const LINE: usize = 16;

/// Values that several threads write, each in its own places.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    first: *mut f32,
    length: usize,
    life: PhantomData<&'a mut [f32]>,
}

// SAFETY: all access is by the two unsafe functions below, whose callers see to it that no place is written by one
// thread while another uses it.
unsafe impl Send for Shared<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub fn new(values: &'a mut [f32]) -> Self {
        Self { first: values.as_mut_ptr(), length: values.len(), life: PhantomData }
    }

    pub fn len(self) -> usize {
        self.length
    }

    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    /// # Safety
    ///
    /// Nothing writes these places while the slice lives.
    pub unsafe fn read(self, places: Range<usize>) -> &'a [f32] {
        assert!(places.start <= places.end && places.end <= self.length);
        // SAFETY: the places lie in the slice that this was made of, which is borrowed for `'a`.
        unsafe { std::slice::from_raw_parts(self.first.add(places.start), places.len()) }
    }

    /// # Safety
    ///
    /// Nothing else uses these places while the slice lives.
    pub unsafe fn write(self, places: Range<usize>) -> &'a mut [f32] {
        assert!(places.start <= places.end && places.end <= self.length);
        // SAFETY: the places lie in the slice that this was made of, which is borrowed for `'a` and for writing.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(places.start), places.len()) }
    }
}

/// Threads that go through the steps together, and wait for each other after each.
///
/// They spin: a step takes microseconds, which is less than it takes to wake a thread that sleeps.
pub(super) struct Meeting {
    members: usize,
    arrived: Line<AtomicUsize>,
    round: Line<AtomicUsize>,
    broken: AtomicBool,
}

/// Alone in a line of the cache (two, which some processors fetch together): those who wait for one value must not hold
/// up those who change another.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// Turns of spinning after which a thread offers its core to others: tens of microseconds.
const TURNS: usize = 1000;
/// Nobody can join any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

impl Meeting {
    /// A thread that works alone.
    pub fn alone() -> Self {
        Self { members: 1, arrived: Line::default(), round: Line::default(), broken: AtomicBool::new(false) }
    }

    /// Waits until all members have come. What they wrote before, all see after.
    ///
    /// # Panics
    ///
    /// Where another member panicked: it would never come.
    pub fn wait(&self) {
        if self.members == 1 {
            return;
        }
        let round = self.round.0.load(Ordering::Acquire);
        if self.arrived.0.fetch_add(1, Ordering::AcqRel) + 1 == self.members {
            self.arrived.0.store(0, Ordering::Relaxed);
            self.round.0.store(round + 1, Ordering::Release);
            return;
        }
        spin_until(|| {
            assert!(!self.broken.load(Ordering::Relaxed), "another thread of the recurrence panicked");
            self.round.0.load(Ordering::Acquire) != round
        });
    }

    /// Runs `work(member, members, meeting)` on up to `most` threads at once and gives what each says, in order.
    ///
    /// Those of the pool's threads take part that come before the first one's patience ends: to wait for one that is
    /// busy could be to wait for ever, since it may be waiting for this one.
    pub fn gather<R: Send>(most: usize, patience: Duration, work: impl Fn(usize, usize, &Self) -> R + Sync) -> Vec<R> {
        if most == 1 {
            return vec![work(0, 1, &Self::alone())];
        }
        let joined = AtomicUsize::new(1);
        let meeting = OnceLock::new();
        let results = Mutex::new(Vec::new());
        let run = |member: usize, meeting: &Self| {
            let guard = Guard(meeting);
            let result = work(member, meeting.members, meeting);
            std::mem::forget(guard);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((member, result));
        };
        let join = || {
            let place = joined
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count & CLOSED == 0).then_some(count + 1));
            let Ok(member) = place else { return };
            spin_until(|| meeting.get().is_some());
            meeting.get().into_iter().for_each(|meeting| run(member, meeting));
        };
        rayon::scope(|scope| {
            (1..most).for_each(|_| scope.spawn(|_| join()));
            let began = Instant::now();
            spin_until(|| joined.load(Ordering::Acquire) == most || began.elapsed() > patience);
            let members = joined.fetch_or(CLOSED, Ordering::AcqRel);
            run(0, meeting.get_or_init(|| Self { members, ..Self::alone() }));
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(member, _)| *member);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

fn spin_until(mut done: impl FnMut() -> bool) {
    let mut turns = 0;
    while !done() {
        turns += 1;
        if turns % TURNS == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
    }
}

/// Dropped only by a panic.
struct Guard<'a>(&'a Meeting);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.broken.store(true, Ordering::Relaxed);
    }
}
