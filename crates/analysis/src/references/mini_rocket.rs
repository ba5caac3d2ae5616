//! MiniRocket (Dempster, Schmidt & Webb 2021): the share of places at which a convolution with one of 84 fixed kernels
//! lies above a bias, for several dilations and biases; of several channels as in its authors' multivariate version.

use ndarray::{Array2, ArrayView1};

use crate::references::numpy_random::NumpyRandom;

/// Weights of a kernel: three of 2 among six of -1.
const LENGTH: usize = 9;
const KERNELS: usize = 84;
/// Dilations of a kernel at most.
const DILATIONS: usize = 32;
/// Channels that one convolution adds up, at most.
const CHANNELS: usize = 9;
/// Training series that biases are drawn from, at most.
const EXAMPLES: usize = 300;
/// The golden ratio, whose multiples fall evenly between 0 and 1.
const GOLDEN: f64 = 1.618_033_988_749_895;

/// What is drawn for a set of series.
#[derive(Clone, Debug, PartialEq)]
pub struct MiniRocket {
    channels: usize,
    places: usize,
    dilations: Vec<usize>,
    /// Biases of each kernel for each dilation.
    counts: Vec<usize>,
    /// The channels that each convolution adds up: those of each kernel of each dilation.
    combinations: Vec<Vec<usize>>,
    /// Dilation by dilation, kernel by kernel.
    biases: Vec<f32>,
}

impl MiniRocket {
    /// Draws channels and biases; series are rows of `channels` times as many places. About `features` features, a
    /// multiple of 84.
    pub fn fit(series: &Array2<f32>, channels: usize, features: usize, seed: u32) -> Self {
        let places = series.ncols() / channels.max(1);
        let (dilations, counts) = dilations(places, features);
        // Drawn as NumPy draws, so that the same seed gives aeon's very kernels.
        let mut random = NumpyRandom::new(seed);
        let most = (channels.min(CHANNELS) as f64 + 1.0).log2();
        let sizes: Vec<usize> =
            (0..KERNELS * dilations.len()).map(|_| 2f64.powf(random.uniform() * most) as usize).collect();
        let combinations =
            sizes.iter().map(|size| random.permutation(channels)[..(*size).clamp(1, channels)].to_vec()).collect();
        let mut random = NumpyRandom::new(seed);
        let mut found = Self { channels, places, dilations, counts, combinations, biases: Vec::new() };
        let mut quantiles = (1u32..).map(|place| (f64::from(place) * GOLDEN).fract());
        for (level, count) in found.counts.iter().enumerate() {
            for kernel in 0..KERNELS {
                let example = random.below(series.nrows().min(EXAMPLES));
                let mut output = vec![0.0; places];
                Convolutions::of(&found, level, series.row(example)).of_kernel(&found, level, kernel, &mut output);
                output.sort_unstable_by(f32::total_cmp);
                let biases = quantiles.by_ref().take(*count).map(|share| quantile(&output, share));
                found.biases.extend(biases);
            }
        }
        found
    }

    /// With what another program drew, for a comparison with its numbers.
    pub fn from_parts(
        channels: usize,
        places: usize,
        dilations: Vec<usize>,
        counts: Vec<usize>,
        combinations: Vec<Vec<usize>>,
        biases: Vec<f32>,
    ) -> Self {
        Self { channels, places, dilations, counts, combinations, biases }
    }

    /// The dilations of the kernels.
    pub fn dilations(&self) -> &[usize] {
        &self.dilations
    }

    /// How many biases each kernel has at each dilation.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The channels that each convolution adds up: those of each kernel of each dilation.
    pub fn combinations(&self) -> &[Vec<usize>] {
        &self.combinations
    }

    /// The biases: dilation by dilation, kernel by kernel.
    pub fn biases(&self) -> &[f32] {
        &self.biases
    }

    /// Features of a series.
    pub fn width(&self) -> usize {
        self.biases.len()
    }

    /// `[series, features]`, worked on by all cores; each series by itself, so that their number changes nothing.
    pub fn transform(&self, series: &Array2<f32>) -> Array2<f32> {
        let mut features = Array2::zeros((series.nrows(), self.width()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = series.nrows().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            for (series, mut features) in series
                .axis_chunks_iter(ndarray::Axis(0), share)
                .zip(features.axis_chunks_iter_mut(ndarray::Axis(0), share))
            {
                scope.spawn(move || {
                    for (series, mut features) in series.rows().into_iter().zip(features.rows_mut()) {
                        self.write(series, features.as_slice_mut().unwrap_or_default());
                    }
                });
            }
        });
        features
    }

    fn write(&self, series: ArrayView1<'_, f32>, features: &mut [f32]) {
        let mut output = vec![0.0; self.places];
        let mut biases = self.biases.iter().zip(features);
        for (level, (dilation, count)) in self.dilations.iter().zip(&self.counts).enumerate() {
            let convolutions = Convolutions::of(self, level, series);
            let padding = (LENGTH - 1) * dilation / 2;
            for kernel in 0..KERNELS {
                convolutions.of_kernel(self, level, kernel, &mut output);
                // Every other kernel looks only where it lies within the series.
                let inside = match (level + kernel) % 2 {
                    0 => &output[..],
                    _ => {
                        &output[padding.min(self.places)
                            ..self.places.saturating_sub(padding).max(padding.min(self.places))]
                    }
                };
                for (bias, feature) in biases.by_ref().take(*count) {
                    let above = inside.iter().map(|value| u32::from(value > bias)).sum::<u32>();
                    *feature = above as f32 / inside.len().max(1) as f32;
                }
            }
        }
    }
}

/// What all kernels of a dilation share, for each channel: the sum of -x over the nine places, and 3x at each.
struct Convolutions {
    places: usize,
    /// `[channels, places]`
    all: Vec<f32>,
    /// `[channels, nine, places]`
    each: Vec<f32>,
}

impl Convolutions {
    fn of(rocket: &MiniRocket, level: usize, series: ArrayView1<'_, f32>) -> Self {
        let (places, dilation) = (rocket.places, rocket.dilations[level]);
        let mut all = vec![0.0; rocket.channels * places];
        let mut each = vec![0.0; rocket.channels * LENGTH * places];
        for channel in 0..rocket.channels {
            let values: Vec<f32> = (0..places).map(|place| series[channel * places + place]).collect();
            for weight in 0..LENGTH {
                // The value that the weight meets lies this far to the right; beyond the ends are zeros.
                let shift = (weight as isize - (LENGTH / 2) as isize) * dilation as isize;
                let to = |place: usize| place.checked_add_signed(shift).filter(|at| *at < places);
                let begin = (0..places).find(|place| to(*place).is_some()).unwrap_or(places);
                let end = (begin..places).find(|place| to(*place).is_none()).unwrap_or(places);
                if begin == end {
                    continue;
                }
                let from = begin.wrapping_add_signed(shift);
                let values = &values[from..from + (end - begin)];
                let all = &mut all[channel * places + begin..channel * places + end];
                let row = (channel * LENGTH + weight) * places;
                let each = &mut each[row + begin..row + end];
                for ((all, each), value) in all.iter_mut().zip(each).zip(values) {
                    *all -= value;
                    *each = 3.0 * value;
                }
            }
        }
        Self { places, all, each }
    }

    /// The output of a kernel: over its channels, with weights of 2 at its three places.
    fn of_kernel(&self, rocket: &MiniRocket, level: usize, kernel: usize, output: &mut [f32]) {
        let places = self.places;
        output.fill(0.0);
        for channel in &rocket.combinations[level * KERNELS + kernel] {
            let [first, second, third] = three(kernel).map(|weight| {
                let row = (channel * LENGTH + weight) * places;
                &self.each[row..row + places]
            });
            let all = &self.all[channel * places..(channel + 1) * places];
            for ((((out, all), first), second), third) in output.iter_mut().zip(all).zip(first).zip(second).zip(third) {
                *out += all + first + second + third;
            }
        }
    }
}

/// The places of the three weights of 2 of a kernel, in the order of all choices of three among nine.
fn three(kernel: usize) -> [usize; 3] {
    let all = (0..LENGTH).flat_map(|a| (a + 1..LENGTH).flat_map(move |b| (b + 1..LENGTH).map(move |c| [a, b, c])));
    all.into_iter().nth(kernel).unwrap_or([0, 1, 2])
}

/// Dilations that grow by powers of two up to the length of a series, and the biases of each.
fn dilations(places: usize, features: usize) -> (Vec<usize>, Vec<usize>) {
    let each = (features / KERNELS).max(1);
    let most = each.min(DILATIONS);
    let exponent = ((places.max(LENGTH + 1) - 1) as f64 / (LENGTH - 1) as f64).log2();
    let steps = (most - 1).max(1) as f64;
    let (mut dilations, mut counts): (Vec<usize>, Vec<f64>) = (Vec::new(), Vec::new());
    for place in 0..most {
        let dilation = 2f64.powf(exponent * place as f64 / steps) as usize;
        if dilations.last() == Some(&dilation) {
            counts.last_mut().into_iter().for_each(|count| *count += 1.0);
        } else {
            dilations.push(dilation);
            counts.push(1.0);
        }
    }
    let mut counts: Vec<usize> = counts.iter().map(|count| (count * each as f64 / most as f64) as usize).collect();
    let left = each - counts.iter().sum::<usize>();
    for place in 0..left {
        let level = place % counts.len();
        counts[level] += 1;
    }
    (dilations, counts)
}

/// The quantile of sorted values, between two of them by a straight line.
fn quantile(sorted: &[f32], share: f64) -> f32 {
    let at = share * (sorted.len() - 1) as f64;
    let left = at as usize;
    let right = (left + 1).min(sorted.len() - 1);
    let between = at - left as f64;
    (f64::from(sorted[left]) * (1.0 - between) + f64::from(sorted[right]) * between) as f32
}
