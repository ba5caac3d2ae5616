//! The seeds that `--seeds` names.

use std::str::FromStr;

/// Most seeds of one command.
const MOST: usize = 1_000;

/// Seeds in the order in which they were given, each once.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeds(pub(super) Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| format!("`{part}` is no seed; write `0..4` (both ends included) or `0,3,7`");
        let number = |part: &str| part.trim().parse::<u64>().map_err(|_| wrong(part));
        let mut seeds: Vec<u64> = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (number(first)?, number(last.trim_start_matches('='))?),
                None => (number(part)?, number(part)?),
            };
            if first > last {
                return Err(format!("`{part}` ends before it begins"));
            }
            if last - first >= MOST as u64 || seeds.len() + (last - first) as usize >= MOST {
                return Err(format!("these are more than {MOST} seeds"));
            }
            seeds.extend(first..=last);
        }
        let mut sorted = seeds.clone();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(format!("seed {} stands twice", twice[0])),
            None => Ok(Self(seeds)),
        }
    }
}

impl Seeds {
    pub(super) fn text(&self) -> String {
        self.0.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_with_both_ends_and_lists() {
        let of = |text: &str| text.parse::<Seeds>().map(|Seeds(seeds)| seeds);
        assert_eq!(of("0..4").unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(of("3..=5").unwrap(), [3, 4, 5]);
        assert_eq!(of("7, 0,2..3").unwrap(), [7, 0, 2, 3]);
        assert_eq!(of("5").unwrap(), [5]);
        for (text, told) in [
            ("4..0", "ends before it begins"),
            ("a", "`a` is no seed"),
            ("0..", "`` is no seed"),
            ("-1..2", "`-1` is no seed"),
            ("0..2,1", "seed 1 stands twice"),
            ("0..18446744073709551615", "more than 1000 seeds"),
            ("", "`` is no seed"),
        ] {
            assert!(of(text).unwrap_err().contains(told), "{text}");
        }
    }
}
