//! Codes that surveys and instruments write where there is no value: -9, -999, 9999. All are read as they stand, and
//! those that stand far outside the other numbers are told.

/// Numbers that are written where there is none.
pub(crate) const CODES: [f64; 9] = [-9.0, -99.0, -999.0, -9999.0, -99_999.0, 99.0, 999.0, 9999.0, 99_999.0];

/// Values that hold a code at least; fewer are outliers.
const ENOUGH: usize = 3;

/// How often each code stands in each channel of a data set, and what the other numbers are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Codes(Vec<Channel>);

#[derive(Clone, Debug, PartialEq)]
struct Channel {
    values: usize,
    /// The least and the largest number beside the codes.
    low: f64,
    high: f64,
    counts: [usize; CODES.len()],
}

impl Channel {
    const EMPTY: Self = Self { values: 0, low: f64::INFINITY, high: f64::NEG_INFINITY, counts: [0; CODES.len()] };

    fn look(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.values += 1;
        match place(value) {
            Some(place) => self.counts[place] += 1,
            None => (self.low, self.high) = (self.low.min(value), self.high.max(value)),
        }
    }

    fn join(&mut self, other: &Self) {
        self.values += other.values;
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
        self.counts.iter_mut().zip(other.counts).for_each(|(count, other)| *count += other);
    }

    /// The code that stands in many values, further from the others than three times what lies between those.
    fn code(&self) -> Option<usize> {
        let (place, count) = self.counts.iter().copied().enumerate().max_by_key(|(_, count)| *count)?;
        let far = (self.low - CODES[place]).max(CODES[place] - self.high);
        let apart = self.high > self.low && far > 3.0 * (self.high - self.low);
        (apart && count >= ENOUGH && 100 * count >= self.values).then_some(place)
    }
}

/// A code that stands in many values.
pub(crate) struct Found {
    pub(crate) code: f64,
    /// The values that hold it, of those of its channels.
    count: usize,
    values: usize,
    /// Its channels from 1, where there are others.
    channels: Vec<usize>,
}

impl Found {
    /// `-999` stands in so many values, as a line says it.
    pub(crate) fn shown(&self, values: &str) -> String {
        const SHOWN: usize = 4;
        let numbers: Vec<String> = self.channels.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = if self.channels.len() > SHOWN { " …" } else { "" };
        let channels = match self.channels.len() {
            0 => String::new(),
            1 => format!(" of channel {}", numbers[0]),
            _ => format!(" of the channels {}{more}", numbers.join(", ")),
        };
        let Self { code, count, values: all, .. } = self;
        format!("`{code}` stands in {count} of {all} {values}{channels}, far outside the others")
    }
}

impl Codes {
    /// Looks at values row-major `[time, channels]`, NaN where one is missing.
    pub(crate) fn look(&mut self, values: &[f64], channels: usize) {
        if self.0.len() < channels {
            self.0.resize(channels, Channel::EMPTY);
        }
        for step in values.chunks(channels.max(1)) {
            step.iter().zip(&mut self.0).for_each(|(value, channel)| channel.look(*value));
        }
    }

    /// These and those of another file.
    pub(crate) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), Channel::EMPTY);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| own.join(other));
    }

    /// Those where the channel at `place` was brought to the front.
    pub(crate) fn turn(&mut self, place: usize) {
        if place < self.0.len() {
            self.0[..=place].rotate_right(1);
        }
    }

    /// The code that stands in most values, where it may mean that there is none.
    pub(crate) fn found(&self) -> Option<Found> {
        let of: Vec<Option<usize>> = self.0.iter().map(Channel::code).collect();
        let of = &of;
        let with = |place: usize| (0..of.len()).filter(move |channel| of[*channel] == Some(place));
        let count = |place: usize| with(place).map(|channel| self.0[channel].counts[place]).sum::<usize>();
        let place = of.iter().flatten().copied().max_by_key(|place| count(*place))?;
        let channels: Vec<usize> = with(place).collect();
        Some(Found {
            code: CODES[place],
            count: count(place),
            values: channels.iter().map(|channel| self.0[*channel].values).sum(),
            channels: if channels.len() < of.len() {
                channels.into_iter().map(|channel| channel + 1).collect()
            } else {
                Vec::new()
            },
        })
    }

    /// A line on a code among the values of series.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        self.found().map(|found| {
            format!(
                "{name}: {}: it is read as a value; if it means that there is none, write `NaN` in its place",
                found.shown("values")
            )
        })
    }
}

/// The place of a number among the codes.
pub(crate) fn place(value: f64) -> Option<usize> {
    // Most values are none, and are small or have decimals.
    if value.abs() < 9.0 {
        return None;
    }
    CODES.iter().position(|code| *code == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[f64], channels: usize) -> Option<String> {
        let mut codes = Codes::default();
        codes.look(values, channels);
        codes.told("x.csv")
    }

    /// Values between -1 and 1, each so-manieth of which is a code.
    fn with(code: f64, each: usize) -> Vec<f64> {
        (0..200).map(|step| if step % each == 0 { code } else { (step as f64).sin() }).collect()
    }

    #[test]
    fn a_code_far_outside_the_other_numbers_is_told() {
        for code in CODES {
            assert_eq!(
                told(&with(code, 10), 1).unwrap(),
                format!(
                    "x.csv: `{code}` stands in 20 of 200 values, far outside the others: it is read as a value; if it \
                     means that there is none, write `NaN` in its place"
                )
            );
        }
        assert_eq!(told(&with(-999.0, 100), 1), None, "two are outliers");
        assert_eq!(told(&with(-98.0, 10), 1), None, "no code");
        let near: Vec<f64> = (0..200).map(|step| f64::from(step % 19) - 9.0).collect();
        assert_eq!(told(&near, 1), None, "-9 among -9 to 9");
        assert_eq!(told(&[-999.0; 20], 1), None, "nothing beside it");
        assert_eq!(told(&[f64::NAN; 20], 1), None);
    }

    #[test]
    fn channels_have_ranges_of_their_own() {
        let values: Vec<f64> = with(-999.0, 10).into_iter().flat_map(|value| [value.cos() * 5000.0, value]).collect();
        assert!(told(&values, 2).unwrap().contains("`-999` stands in 20 of 200 values of channel 2, far outside"));
        let both: Vec<f64> = with(-999.0, 10).into_iter().flat_map(|value| [value, value]).collect();
        assert!(told(&both, 2).unwrap().contains("`-999` stands in 40 of 400 values, far outside"));
    }

    #[test]
    fn files_are_looked_at_together() {
        let mut codes = Codes::default();
        codes.look(&[0.5, 0.25, 9999.0], 1);
        let mut other = Codes::default();
        other.look(&[0.75, 9999.0, 9999.0], 1);
        assert!(codes.told("x.csv").is_none());
        codes.join(&other);
        assert!(codes.told("x.csv").unwrap().contains("`9999` stands in 3 of 6 values"));
    }
}
