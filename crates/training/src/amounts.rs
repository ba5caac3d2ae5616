//! Times and sizes as people read them.

/// Seconds, minutes or hours.
pub fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.005 => "0 s".into(),
        seconds if seconds < 0.095 => format!("{seconds:.2} s"),
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 5400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Bytes as MB or GB.
pub fn size(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        megabytes if megabytes < 1e3 => format!("{megabytes:.0} MB"),
        megabytes => format!("{:.1} GB", megabytes / 1e3),
    }
}

/// A count with its thousands apart: `1,234,567`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 step`, `2 steps`.
pub fn several(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_unit_that_keeps_them_short() {
        assert_eq!(
            [0.0, 0.04, 1.23, 12.3, 300.0, 7200.0].map(duration),
            ["0 s", "0.04 s", "1.2 s", "12 s", "5 min", "2.0 h"]
        );
        assert_eq!([300_000_000, 2_500_000_000].map(size), ["300 MB", "2.5 GB"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 1200].map(|steps| several(steps, "step")), ["1 step", "1,200 steps"]);
    }
}
