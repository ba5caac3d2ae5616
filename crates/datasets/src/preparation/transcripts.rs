//! Transcripts: texts that are shorter than their sequences, and say what these say in the same order.

use crate::error::DataError;
use crate::preparation::transform::{TextUnit, TransformConfig};
use crate::sequence::{Dataset, Sequence, Target};

/// Keeps sequences whole, and cuts transcripts into characters unless another unit is named.
pub(crate) fn transform(config: &TransformConfig) -> Result<TransformConfig, DataError> {
    if config.truncate.is_some() {
        return Err(DataError::new(
            "`data.transform.truncate` cuts the ends of sequences off, of which their transcripts tell",
            "remove the key; longer frames or `resample` make sequences shorter as a whole",
        ));
    }
    let unit = config.tokenize_target.clone().unwrap_or(TextUnit("character".into()));
    Ok(TransformConfig { tokenize_target: Some(unit), ..config.clone() })
}

/// A line on transcripts among the first `labeled` rows that their sequences are too short for.
///
/// # Errors
///
/// Where that is so of all of them, or a token has the number that stands for the blank.
pub(crate) fn too_long(train: &Dataset, labeled: usize) -> Result<Option<String>, DataError> {
    let (mut all, mut long) = (0usize, Vec::new());
    for (sequence, target) in train.sequences.iter().zip(&train.targets).take(labeled) {
        let Target::Sequence(Sequence::Tokens(tokens)) = target else { continue };
        // The last one ends the transcript.
        let tokens = tokens.split_last().map_or(&[][..], |(_, tokens)| tokens);
        if tokens.contains(&0) {
            return Err(DataError::new(
                format!("{}: a transcript holds the token 0, which stands for the blank", train.name),
                "number tokens from 1",
            ));
        }
        all += 1;
        if steps_needed(tokens) > sequence.len() {
            long.push((tokens.len(), steps_needed(tokens), sequence.len()));
        }
    }
    let Some((tokens, needed, steps)) = long.first() else { return Ok(None) };
    let found = format!(
        "{}: {} of {all} transcripts are too long for their sequences: one of {tokens} characters or tokens needs \
         {needed} steps, and there are {steps}",
        train.name,
        long.len()
    );
    let hint = "make more steps of a sequence: a shorter `step` of its frames, a larger `resample`; or look whether \
                transcripts stand beside the right sequences";
    if long.len() == all {
        return Err(DataError::new(found, hint));
    }
    Ok(Some(format!("{found}; these teach nothing. {}{}", hint[..1].to_uppercase(), &hint[1..])))
}

/// Steps that a transcript needs: one for each token, and a blank between equal ones.
fn steps_needed(tokens: &[u32]) -> usize {
    tokens.len() + tokens.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

#[cfg(test)]
mod tests {
    use semiseq_schema::InputSize;

    use super::*;
    use crate::config::DataConfig;
    use crate::preparation::target_unit::TargetUnit;
    use crate::prepare_source::prepare_source;
    use crate::prepared::Prepared;
    use crate::series::Series;
    use crate::sources::parts::Source;
    use crate::target_kind::TargetKind;

    fn prepared(rows: &[(usize, &str)], transform: TransformConfig) -> Result<Prepared, DataError> {
        let series = |steps: usize| Sequence::Series(Series { values: vec![0.5; steps], channels: 1 });
        let target = |text: &str| match text {
            "" => Target::Missing,
            text => Target::Sequence(Sequence::Text(text.into())),
        };
        let train = Dataset {
            name: "t".into(),
            sequences: rows.iter().map(|(steps, _)| series(*steps)).collect(),
            targets: rows.iter().map(|(_, text)| target(text)).collect(),
            ..Dataset::default()
        };
        let test = Dataset { name: "u".into(), ..train.clone() };
        let config = DataConfig { transform, ..Default::default() };
        prepare_source(Source { test: Some(test), ..Source::new(train) }, &config, TargetKind::Transcribe)
    }

    #[test]
    fn transcripts_are_characters_unless_another_unit_is_named() {
        let rows = [(9, "Ab ba"), (4, ""), (7, "b")];
        let data = prepared(&rows, TransformConfig::default()).unwrap();
        assert_eq!(data.processor.input(), InputSize::Values(1));
        let Some(TargetUnit::Character { space: Some(space) }) = data.processor.target_unit() else {
            panic!("a space")
        };
        let Target::Sequence(Sequence::Tokens(tokens)) = &data.train.targets[0] else { panic!("tokens") };
        assert_eq!((tokens.len(), tokens[2]), (6, space));
        assert_eq!(data.processor.target_text(tokens), "ab ba");
        assert_eq!((data.labeled.len(), data.unlabeled.len(), data.warnings.len()), (2, 1, 1));
        let words = TransformConfig { tokenize_target: Some(TextUnit("word".into())), ..Default::default() };
        let data = prepared(&rows, words).unwrap();
        assert_eq!(data.processor.target_unit(), Some(TargetUnit::Word));
        let Target::Sequence(Sequence::Tokens(tokens)) = &data.train.targets[0] else { panic!("tokens") };
        assert_eq!(tokens.len(), 3);
    }

    #[test]
    fn transcripts_that_are_too_long_are_counted_and_refused_where_all_are() {
        // Equal neighbours need a blank between: `abba` five steps.
        let told = |rows: &[(usize, &str)]| prepared(rows, TransformConfig::default()).map(|data| data.warnings);
        let fits = told(&[(5, "abba"), (4, "abab"), (3, "")]).unwrap();
        assert!(fits.iter().all(|line| !line.contains("too long")), "{fits:?}");
        let some = told(&[(4, "abba"), (4, "abab"), (9, "aa")]).unwrap().join("\n");
        assert!(some.contains("1 of 3 transcripts are too long") && some.contains("needs 5 steps"), "{some}");
        assert!(some.contains("these teach nothing. Make more steps"), "{some}");
        let all = told(&[(4, "abba"), (2, "aa")]).unwrap_err().in_full();
        assert!(all.contains("2 of 2 transcripts are too long") && all.contains("hint: make more steps"), "{all}");
    }

    #[test]
    fn what_would_part_a_sequence_from_its_transcript_is_refused() {
        let cut = prepared(&[(9, "ab"), (9, "b")], TransformConfig { truncate: Some(5), ..Default::default() });
        assert!(cut.unwrap_err().in_full().contains("`data.transform.truncate` cuts the ends"));
        let zero = Dataset {
            sequences: vec![Sequence::Tokens(vec![1; 4])],
            targets: vec![Target::Sequence(Sequence::Tokens(vec![2, 0, 3]))],
            ..Dataset::default()
        };
        assert!(too_long(&zero, 1).unwrap_err().in_full().contains("token 0"));
    }
}
