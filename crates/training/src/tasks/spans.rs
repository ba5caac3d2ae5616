//! Spans of steps that tags name: `B-name` begins one, `I-name` goes on with it, `O` is outside of all (Ramshaw &
//! Marcus 1995). Counted as `conlleval` and seqeval's default do, which take an `I-name` without a beginning for one.

use std::collections::HashSet;

use crate::tasks::tallies::Tally;

/// The tag outside of all spans.
const OUTSIDE: &str = "O";

/// What each class is to spans.
pub(super) struct SpanTags<'a>(Vec<Tag<'a>>);

#[derive(Clone, Copy)]
enum Tag<'a> {
    Outside,
    Begin(&'a str),
    Inside(&'a str),
}

impl<'a> SpanTags<'a> {
    /// `None` where a class is none of these tags, or none begins a span.
    pub fn of(classes: &'a [String]) -> Option<Self> {
        let tag = |class: &'a String| match class.split_once('-') {
            Some(("B", name)) => Some(Tag::Begin(name)),
            Some(("I", name)) => Some(Tag::Inside(name)),
            _ => (class == OUTSIDE).then_some(Tag::Outside),
        };
        let tags: Vec<Tag<'a>> = classes.iter().map(tag).collect::<Option<_>>()?;
        tags.iter().any(|tag| matches!(tag, Tag::Begin(_))).then_some(Self(tags))
    }

    /// The spans of the truth of a sequence, of what is said, and of both.
    pub fn tally(&self, truth: &[usize], said: &[usize]) -> Tally {
        let (truth, said) = (self.spans(truth), self.spans(said));
        Tally { right: truth.intersection(&said).count(), support: truth.len(), predicted: said.len() }
    }

    /// Name, first step and the step behind the last.
    fn spans(&self, classes: &[usize]) -> HashSet<(&'a str, usize, usize)> {
        let mut spans = HashSet::new();
        let mut open: Option<(&'a str, usize)> = None;
        for (step, class) in classes.iter().enumerate() {
            let tag = self.0.get(*class).copied().unwrap_or(Tag::Outside);
            let goes_on = matches!((tag, open), (Tag::Inside(name), Some((known, _))) if name == known);
            if goes_on {
                continue;
            }
            spans.extend(open.take().map(|(name, begin)| (name, begin, step)));
            if let Tag::Begin(name) | Tag::Inside(name) = tag {
                open = Some((name, step));
            }
        }
        spans.extend(open.map(|(name, begin)| (name, begin, classes.len())));
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_begin_end_and_are_right_as_a_whole() {
        let classes: Vec<String> = ["B-a", "B-b", "I-a", "I-b", "O"].map(String::from).to_vec();
        let tags = SpanTags::of(&classes).unwrap();
        let spans = |classes: &[usize]| {
            let mut spans: Vec<_> = tags.spans(classes).into_iter().collect();
            spans.sort_by_key(|(_, begin, _)| *begin);
            spans
        };
        assert_eq!(spans(&[0, 2, 0, 4, 1, 3]), [("a", 0, 2), ("a", 2, 3), ("b", 4, 6)]);
        // Without a beginning, and of another name.
        assert_eq!(spans(&[2, 2, 3, 4, 3]), [("a", 0, 2), ("b", 2, 3), ("b", 4, 5)]);
        let tally = tags.tally(&[0, 2, 4, 1], &[0, 4, 4, 1]);
        assert_eq!((tally.right, tally.support, tally.predicted), (1, 2, 2));
        let of =
            |classes: &[&str]| SpanTags::of(&classes.iter().map(ToString::to_string).collect::<Vec<_>>()).is_some();
        assert!(of(&["O", "B-x"]) && !of(&["O", "I-x"]) && !of(&["B-x", "blank"]) && !of(&["a", "b"]));
    }
}
