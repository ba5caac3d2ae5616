//! Work on one series after the other, shared among all cores.

/// What `of` makes of each number below `count`, in their order; each by itself, so that the cores change nothing.
pub(super) fn over_threads<T: Send>(count: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut made: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
    // Series of one length stand together in many files: each thread takes every so manieth.
    let mut shares: Vec<Vec<(usize, &mut Option<T>)>> = std::iter::repeat_with(Vec::new).take(threads).collect();
    made.iter_mut().enumerate().for_each(|(index, place)| shares[index % threads].push((index, place)));
    std::thread::scope(|scope| {
        for share in shares {
            scope.spawn(|| share.into_iter().for_each(|(index, place)| *place = Some(of(index))));
        }
    });
    made.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_made_once_and_stands_in_order() {
        assert_eq!(
            over_threads(1_000, |index| index * index),
            (0..1_000).map(|index| index * index).collect::<Vec<_>>()
        );
        assert!(over_threads(0, |index| index).is_empty());
    }
}
