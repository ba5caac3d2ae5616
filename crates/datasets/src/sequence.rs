//! Sequences, targets and data sets.

/// One sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Sequence {
    /// Real values.
    Series(Series),
    /// Text that is not yet cut into tokens.
    Text(String),
    /// Positions in a vocabulary.
    Tokens(Vec<u32>),
}

/// A series of one or more channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Row-major `[time, channels]`; NaN where a value is missing, until the processor fills it.
    pub values: Vec<f32>,
    /// Channels of each step.
    pub channels: usize,
}

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Unlabelled.
    Missing,
    /// A class of the whole sequence, as a position in [`Dataset::classes`].
    Class(usize),
    /// A real number.
    Number(f32),
    /// A class for each step.
    Steps(Vec<usize>),
    /// Another sequence: the steps that follow a window, or the text that answers a text.
    Sequence(Sequence),
}

/// Sequences with their targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Where it comes from, for messages.
    pub name: String,
    /// The sequences.
    pub sequences: Vec<Sequence>,
    /// A target each.
    pub targets: Vec<Target>,
    /// Names of the classes, sorted; empty for numbers.
    pub classes: Vec<String>,
}

impl Series {
    /// Steps.
    pub fn time(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }
}

impl Sequence {
    /// Steps; for uncut text, characters.
    pub fn len(&self) -> usize {
        match self {
            Self::Series(series) => series.time(),
            Self::Text(text) => text.chars().count(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Dataset {
    /// The rows at `indices`, in that order.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            sequences: indices.iter().map(|index| self.sequences[*index].clone()).collect(),
            targets: indices.iter().map(|index| self.targets[*index].clone()).collect(),
            classes: self.classes.clone(),
        }
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// A data set from texts of labels; an empty label means unlabelled.
    pub fn from_labels(name: String, sequences: Vec<Sequence>, labels: Vec<String>) -> Self {
        let mut classes: Vec<String> = labels.iter().filter(|label| !label.is_empty()).cloned().collect();
        classes.sort_by(|left, right| compare_names(left, right));
        classes.dedup();
        let targets = labels
            .iter()
            .map(|label| classes.iter().position(|class| class == label).map_or(Target::Missing, Target::Class))
            .collect();
        Self { name, sequences, targets, classes }
    }

    /// Puts another data set of the same kind behind this one, joining the class names.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let mut classes: Vec<String> = self.classes.iter().chain(&other.classes).cloned().collect();
        classes.sort_by(|left, right| compare_names(left, right));
        classes.dedup();
        let moved = |dataset: &Self, target: &Target| match target {
            Target::Class(class) => {
                classes.iter().position(|name| *name == dataset.classes[*class]).map_or(Target::Missing, Target::Class)
            }
            other => other.clone(),
        };
        let targets = self
            .targets
            .iter()
            .map(|target| moved(&self, target))
            .chain(other.targets.iter().map(|target| moved(&other, target)))
            .collect();
        Self {
            name: self.name,
            sequences: self.sequences.into_iter().chain(other.sequences).collect(),
            targets,
            classes,
        }
    }
}

/// Numbers first and by value, then everything else by letters; `1` and `1.0` are two names.
fn compare_names(left: &str, right: &str) -> std::cmp::Ordering {
    use std::cmp::Ordering::{Greater, Less};
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b).then_with(|| left.cmp(right)),
        (Ok(_), Err(_)) => Less,
        (Err(_), Ok(_)) => Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: Vec<String>) -> Vec<String> {
        let sequences = vec![Sequence::Tokens(vec![1]); labels.len()];
        Dataset::from_labels("t".into(), sequences, labels).classes
    }

    #[test]
    fn names_that_are_one_number_stay_two_classes() {
        assert_eq!(classes(["1", "1.0", "1"].map(String::from).to_vec()), ["1", "1.0"]);
    }

    #[test]
    fn numbers_and_words_have_one_order() {
        let labels: Vec<String> = (0..300)
            .map(|row| match row % 3 {
                0 => (row * 7 % 100).to_string(),
                1 => format!("{}a", row * 13 % 50),
                _ => (row * 31 % 1000).to_string(),
            })
            .collect();
        let found = classes(labels);
        let numbers = found.iter().filter(|name| name.parse::<f64>().is_ok()).count();
        assert!(found[..numbers].iter().all(|name| name.parse::<f64>().is_ok()));
    }
}
