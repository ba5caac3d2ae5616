//! Spectra of meat in the manner of the Tecator set (Borggaard & Thodberg 1992): the target is the share of fat, in
//! percent, told from absorbances at 100 wavelengths.
//!
//! Absorbance adds up over what is in the sample (Beer-Lambert): fat `f` is `1 + 49 u²` for u uniform in [0, 1),
//! protein `p = 21 - f/5 + η` (standard normal, no less than 0) and water `100 - f - p`, each share times two Gaussian
//! bands. As in near-infrared measurements, light that is scattered scales and bends the whole: `m · A(x) + a + b x + c
//! x²`, with `m = exp(0.15 η)`, and a, b and c normal with deviations 0.3, 0.2 and 0.1; x runs from -1 to 1. The
//! detector adds normal noise with a deviation of 0.05.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "spectra",
    summary: "share of fat from absorbances at 100 wavelengths, regression (after Borggaard & Thodberg 1992)",
    classes: &[],
    train: 1000,
    test: 500,
    sample,
};

/// Centre and width of two bands in wavelengths, of which the second is half as high, by what absorbs.
type Bands = [(f32, f32); 2];
const FAT: Bands = [(40.0, 6.0), (72.0, 12.0)];
const WATER: Bands = [(62.0, 14.0), (20.0, 16.0)];
const PROTEIN: Bands = [(48.0, 10.0), (84.0, 8.0)];

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let fat = 1.0 + 49.0 * rng.random::<f32>().powi(2);
    let protein = (21.0 - fat / 5.0 + normal(rng)).max(0.0);
    let shares = [(fat, FAT), (100.0 - fat - protein, WATER), (protein, PROTEIN)];
    let scatter = (0.15 * normal(rng)).exp();
    let [offset, slope, bend] = [0.3, 0.2, 0.1].map(|deviation| deviation * normal(rng));
    let values = (0..100).map(|place| {
        let wavelength = place as f32;
        let absorbed: f32 = shares.iter().map(|(share, bands)| share / 100.0 * height(bands, wavelength)).sum();
        let x = wavelength / 49.5 - 1.0;
        scatter * absorbed + offset + slope * x + bend * x * x + 0.05 * normal(rng)
    });
    (Sequence::Series(Series { values: values.collect(), channels: 1 }), Target::Number(f64::from(fat)))
}

/// How much a substance alone absorbs.
fn height(bands: &Bands, wavelength: f32) -> f32 {
    let [first, second] = bands.map(|(centre, width)| (-0.5 * ((wavelength - centre) / width).powi(2)).exp());
    first + 0.5 * second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bend_at_the_band_of_fat_tells_its_share() {
        let dataset = FORMULA.train_part(Some(200), 0);
        let curvature = |sequence: &Sequence| {
            let (values, _) = sequence.values().expect("a series");
            let around = |place: usize| values[place - 3..=place + 3].iter().sum::<f32>() / 7.0;
            2.0 * around(40) - around(28) - around(52)
        };
        let share = |target: &Target| if let Target::Number(share) = target { *share } else { f64::NAN };
        let pairs: Vec<(f64, f64)> = dataset
            .sequences
            .iter()
            .zip(&dataset.targets)
            .map(|(sequence, target)| (f64::from(curvature(sequence)), share(target)))
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
        let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let moment = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|pair| of(pair.0 - x, pair.1 - y)).sum::<f64>();
        let correlation = moment(&|x, y| x * y) / (moment(&|x, _| x * x) * moment(&|_, y| y * y)).sqrt();
        assert!(correlation > 0.7, "{correlation}");
        assert!(pairs.iter().all(|pair| (1.0..50.0).contains(&pair.1)));
    }
}
