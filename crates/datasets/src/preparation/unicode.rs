//! Letters and words of any script: text in one spelling (NFC), cut where readers see one letter end, marks with their
//! letters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// The composed form: `é` is one code point whether it was written as one or as `e` and an accent.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// What readers take for letters, in lower case: a letter with its marks, the parts of one emoji.
pub(crate) fn characters(text: &str) -> Vec<String> {
    let text = composed(text).to_lowercase();
    let mut letters = Vec::new();
    each_letter(&text, |letter| letters.push(letter.to_string()));
    letters
}

/// Visits what readers take for letters. Of ASCII each byte is one; only the last before other letters may carry their
/// marks.
fn each_letter<'a>(text: &'a str, mut visit: impl FnMut(&'a str)) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(u8::is_ascii).count();
        let alone = if plain == rest.len() { plain } else { plain.saturating_sub(1) };
        (0..alone).for_each(|at| visit(&rest[at..=at]));
        rest = &rest[alone..];
        let others = rest.bytes().skip(1).take_while(|byte| !byte.is_ascii()).count();
        let (mixed, after) = rest.split_at((1 + others).min(rest.len()));
        mixed.graphemes(true).for_each(&mut visit);
        rest = after;
    }
}

/// Words in lower case, each punctuation mark a token of its own. Scripts that are written without spaces have no words
/// that can be told without a dictionary: each of their letters is a token.
pub(crate) fn words(text: &str) -> Vec<String> {
    let text = composed(text).to_lowercase();
    let mut tokens = Vec::new();
    let mut word = String::new();
    each_letter(&text, |cluster| {
        let letter = cluster.chars().next().unwrap_or(' ');
        if letter.is_alphanumeric() && !is_unspaced(letter) {
            word.push_str(cluster);
        } else if letter != SOFT_HYPHEN {
            if !word.is_empty() {
                tokens.push(std::mem::take(&mut word));
            }
            if !letter.is_whitespace() && !WIDTHLESS.contains(&letter) {
                tokens.push(cluster.to_string());
            }
        }
    });
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// Where a word may be broken at the end of a line.
const SOFT_HYPHEN: char = '\u{ad}';
/// Spaces without a width, and the byte-order mark.
const WIDTHLESS: [char; 3] = ['\u{200b}', '\u{2060}', '\u{feff}'];

/// Whether a letter is of a script that puts no spaces between words: Chinese characters, Japanese kana, Thai, Lao,
/// Khmer, Burmese.
pub(crate) fn is_unspaced(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x19e0..=0x19ff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f
        | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff
        | 0xff66..=0xff9f | 0x1b000..=0x1b16f | 0x20000..=0x3ffff)
}

/// Words with spaces between them, where their scripts have spaces.
pub(crate) fn joined(words: &[&str]) -> String {
    let mut text = String::new();
    for word in words {
        let unspaced = |letter: Option<char>| letter.is_none_or(is_unspaced);
        let tight = unspaced(text.chars().next_back()) && unspaced(word.chars().next());
        if !text.is_empty() && !tight {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Texts that are looked at.
const TEXTS: usize = 1_000;

/// Whether most letters of texts are of scripts without spaces.
pub(crate) fn mostly_unspaced(texts: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let (mut letters, mut unspaced) = (0, 0);
    for text in texts.take(TEXTS) {
        for letter in text.as_ref().chars().filter(|letter| letter.is_alphanumeric()) {
            letters += 1;
            unspaced += usize::from(is_unspaced(letter));
        }
    }
    2 * unspaced > letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_one_however_it_is_composed() {
        assert_eq!(words("Café"), ["café"]);
        assert_eq!(words("Cafe\u{301}"), ["café"]);
        assert_eq!(characters("E\u{301}a"), ["é", "a"]);
        // A syllable of Korean from its parts.
        assert_eq!(words("\u{1112}\u{1161}\u{11ab}국"), ["한국"]);
        // No composed form: the mark stays with its letter.
        assert_eq!(words("x\u{304}y z"), ["x\u{304}y", "z"]);
        assert_eq!(characters("x\u{304}y"), ["x\u{304}", "y"]);
    }

    #[test]
    fn marks_of_indian_and_arabic_scripts_stay_in_their_words() {
        assert_eq!(words("नमस्ते दुनिया।"), ["नमस्ते", "दुनिया", "।"]);
        assert_eq!(words("தமிழ் மொழி"), ["தமிழ்", "மொழி"]);
        assert_eq!(words("مُحَمَّد می\u{200c}روم"), ["مُحَمَّد", "می\u{200c}روم"]);
        assert_eq!(words("שָׁלוֹם"), ["שָׁלוֹם"].map(|word| composed(word).into_owned()));
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_letters() {
        assert_eq!(words("我喜欢这部电影。"), ["我", "喜", "欢", "这", "部", "电", "影", "。"]);
        assert_eq!(words("iPhone手机3个"), ["iphone", "手", "机", "3", "个"]);
        assert_eq!(words("コーヒーを飲む"), ["コ", "ー", "ヒ", "ー", "を", "飲", "む"]);
        // Vowel signs and tones of Thai stay with their consonants.
        assert_eq!(words("ที่นี่"), ["ที่", "นี่"]);
        assert_eq!(words("한국어 텍스트"), ["한국어", "텍스트"]);
    }

    #[test]
    fn letters_are_those_of_unicode_wherever_ascii_begins_and_ends() {
        for text in [
            "",
            "a",
            "é",
            "aé",
            "éa",
            "a\u{304}b",
            "ab\u{304}c d\u{304}",
            "é\u{304}",
            "x 👍🏽 y",
            "1\u{fe0f}\u{20e3}",
            "कa",
            "\n\u{304}a",
        ] {
            let mut found = Vec::new();
            each_letter(text, |letter| found.push(letter));
            assert_eq!(found, text.graphemes(true).collect::<Vec<_>>(), "{text:?}");
        }
        let mut found = Vec::new();
        each_letter("a\r\nb", |letter| found.push(letter));
        assert_eq!(found, ["a", "\r", "\n", "b"]);
    }

    #[test]
    fn punctuation_spaces_and_emoji() {
        assert_eq!(words("A cat,  a-dog\tI'm"), ["a", "cat", ",", "a", "-", "dog", "i", "'", "m"]);
        assert_eq!(words("so\u{ad}so a\u{200b}b"), ["soso", "a", "b"]);
        assert_eq!(words("ok 👍🏽👨‍👩‍👧"), ["ok", "👍🏽", "👨‍👩‍👧"]);
        assert_eq!(words("  "), [""; 0]);
    }

    #[test]
    fn most_letters_tell_the_kind_of_script() {
        assert!(mostly_unspaced(["这部电影 OK", "好看"].into_iter()));
        assert!(!mostly_unspaced(["the film 电影 was good"].into_iter()));
        assert!(!mostly_unspaced(["", "12"].into_iter()));
    }
}
