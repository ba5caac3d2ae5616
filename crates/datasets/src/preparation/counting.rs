//! Counts of words over many texts, by all threads.

use std::collections::HashMap;
use std::num::NonZero;
use std::thread;

/// Texts that are worth a thread.
const SHARE: usize = 2_000;

/// Texts that each thread counts before more are read: those of a packed file are not held all at once.
const MOST: usize = 16 * SHARE;

/// How often each word stands in all texts; `words` hands those of a text on, one by one. The counts are the same
/// however many threads there are.
///
/// # Errors
///
/// The first that `words` gives, by the place of its text among the threads' shares.
pub(crate) fn counted<T, E>(
    texts: impl IntoIterator<Item = T>,
    words: impl Fn(&str, &mut dyn FnMut(String)) -> Result<(), E> + Sync,
) -> Result<HashMap<String, usize>, E>
where
    T: AsRef<str> + Sync,
    E: Send,
{
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut texts = texts.into_iter();
    let mut all = HashMap::new();
    loop {
        let block: Vec<T> = texts.by_ref().take(threads * MOST).collect();
        if block.is_empty() {
            return Ok(all);
        }
        for counts in by_threads(&block, threads.min(block.len() / SHARE).max(1), &words) {
            for (word, count) in counts? {
                *all.entry(word).or_default() += count;
            }
        }
    }
}

/// The counts of as many shares of texts as there are threads.
fn by_threads<T, E>(
    texts: &[T],
    threads: usize,
    words: &(impl Fn(&str, &mut dyn FnMut(String)) -> Result<(), E> + Sync),
) -> Vec<Result<HashMap<String, usize>, E>>
where
    T: AsRef<str> + Sync,
    E: Send,
{
    let of = |texts: &[T]| -> Result<HashMap<String, usize>, E> {
        let mut counts = HashMap::new();
        for text in texts {
            words(text.as_ref(), &mut |word| *counts.entry(word).or_default() += 1)?;
        }
        Ok(counts)
    };
    if threads == 1 {
        return vec![of(texts)];
    }
    thread::scope(|scope| {
        let of = &of;
        let shares: Vec<_> =
            texts.chunks(texts.len().div_ceil(threads)).map(|share| scope.spawn(move || of(share))).collect();
        // A panic in a thread goes on in this one, as it would without threads.
        shares.into_iter().map(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_as_one_does() {
        let texts: Vec<String> = (0..5 * SHARE).map(|row| format!("a w{} w{}", row % 13, row % 7)).collect();
        let words = |text: &str, count: &mut dyn FnMut(String)| -> Result<(), String> {
            text.split(' ').for_each(|word| count(word.to_string()));
            if text.contains("wrong") { Err(text.to_string()) } else { Ok(()) }
        };
        let all = counted(&texts, words).unwrap();
        let mut by_hand: HashMap<String, usize> = HashMap::new();
        texts.iter().flat_map(|text| text.split(' ')).for_each(|word| *by_hand.entry(word.into()).or_default() += 1);
        assert_eq!(all, by_hand);
        assert_eq!(counted([texts, vec!["wrong".into()]].concat(), words).unwrap_err(), "wrong");
    }
}
