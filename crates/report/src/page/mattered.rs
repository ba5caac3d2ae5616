//! The part of a report on what mattered to predictions.

use semiseq_datasets::Sequence;

use crate::charts::{self, legend};
use crate::mattered::Mattered;
use crate::page::html::escape;
use crate::page::run_report::RunReport;
use crate::page::sections::sequence_card;

/// Words of a text that are shown.
const WORDS: usize = 120;

/// Test sequences with what of them speaks for what is predicted, and what against: words in color, a strip below the
/// curves of a series.
pub(super) fn mattered(run: &RunReport<'_>) -> String {
    if run.evidence.mattered.is_empty() {
        return String::new();
    }
    let cards: String = run.evidence.mattered.iter().map(|one| mattered_card(one, run.classes)).collect();
    let names = legend([("for the predicted class", 0), ("against it", 1)]);
    format!(
        "<section><h2>What mattered in some test sequences</h2><p>Gradient × input of the predicted class, step by \
         step: to first order what each word or step adds to its logit. The darkest is the strongest of its \
         sequence.</p>{names}<div class=\"examples\">{cards}</div></section>"
    )
}

fn mattered_card(one: &Mattered, classes: &[String]) -> String {
    let (body, tall) = match (&one.sequence, &one.words) {
        (Sequence::Series(series), _) => (charts::series(series) + &charts::strip(&one.shares), series.channels > 4),
        (_, Some((words, between))) => (marked(words, between, &one.shares), false),
        _ => (String::new(), false),
    };
    sequence_card(classes, one.predicted, one.confidence, one.truth, &body, tall)
}

/// The words of a text, each as dark as it mattered.
fn marked(words: &[String], between: &str, shares: &[f64]) -> String {
    let one = |(word, share): (&String, &f64)| {
        let (color, percent) = (usize::from(*share < 0.0), (60.0 * share.abs()).round());
        let word = escape(word);
        if percent < 1.0 {
            return word;
        }
        format!(
            "<mark style=\"background:color-mix(in srgb,var(--c{color}) {percent}%,transparent)\" \
             title=\"{share:.2}\">{word}</mark>"
        )
    };
    let shown: Vec<String> = words.iter().zip(shares).take(WORDS).map(one).collect();
    let rest = if words.len() > WORDS { " …" } else { "" };
    format!("<p>{}{rest}</p>", shown.join(between))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_dark_as_they_mattered_and_stay_text() {
        let words = ["good", "<b>", "day"].map(String::from);
        let text = marked(&words, " ", &[1.0, -0.5, 0.001]);
        assert!(text.contains("var(--c0) 60%,transparent)\" title=\"1.00\">good</mark>"), "{text}");
        assert!(text.contains("var(--c1) 30%,transparent)\" title=\"-0.50\">&lt;b&gt;</mark> day</p>"), "{text}");
        let many = vec!["w".to_string(); WORDS + 1];
        assert!(marked(&many, "", &[0.0; WORDS + 1]).ends_with("w …</p>"));
    }

    #[test]
    fn a_strip_has_the_strongest_of_several_steps() {
        assert_eq!(charts::strip(&[1.0, 0.0, -0.25]).matches("<rect").count(), 2);
        let mut shares = vec![0.0; 1000];
        shares[505] = -0.5;
        let strip = charts::strip(&shares);
        assert_eq!(strip.matches("<rect").count(), 1);
        assert!(strip.contains("var(--c1)") && strip.contains("fill-opacity=\"0.50\""), "{strip}");
    }
}
