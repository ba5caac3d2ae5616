//! A linear layer under a softmax, fitted on the host to vectors that stay as they are.

/// The layer: weights `[width, classes]` row by row, and biases `[classes]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    pub weights: Vec<f64>,
    pub biases: Vec<f64>,
}

/// Adam with PyTorch's constants, and a decay that is added to the gradient of the weights.
pub(crate) struct Fit {
    pub rate: f64,
    pub weight_decay: f64,
    /// Of the average of the layer over the steps.
    pub ema_decay: f64,
}

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl Layer {
    /// Probabilities of a vector's classes.
    pub fn probabilities(&self, vector: &[f64]) -> Vec<f64> {
        let classes = self.biases.len();
        let mut logits = self.biases.clone();
        for (value, weights) in vector.iter().zip(self.weights.chunks(classes)) {
            logits.iter_mut().zip(weights).for_each(|(logit, weight)| *logit += value * weight);
        }
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        logits.iter_mut().for_each(|logit| *logit = (*logit - largest).exp());
        let sum: f64 = logits.iter().sum();
        logits.iter().map(|value| value / sum).collect()
    }

    fn values(&mut self) -> impl Iterator<Item = &mut f64> {
        self.weights.iter_mut().chain(&mut self.biases)
    }

    /// The layer after a step for each batch of rows, and its moving average.
    pub fn fitted(
        mut self,
        vectors: &[Vec<f64>],
        classes: &[usize],
        batches: impl Iterator<Item = Vec<usize>>,
        fit: &Fit,
    ) -> (Self, Self) {
        let (kinds, weights) = (self.biases.len(), self.weights.len());
        let mut average = self.clone();
        let mut moments = vec![[0.0; 2]; weights + kinds];
        for (step, batch) in (1..).zip(batches) {
            let mut slopes = vec![0.0; weights + kinds];
            for row in &batch {
                let mut off = self.probabilities(&vectors[*row]);
                off[classes[*row]] -= 1.0;
                off.iter_mut().for_each(|value| *value /= batch.len() as f64);
                for (value, slopes) in vectors[*row].iter().zip(slopes.chunks_mut(kinds)) {
                    slopes.iter_mut().zip(&off).for_each(|(slope, off)| *slope += value * off);
                }
                slopes[weights..].iter_mut().zip(&off).for_each(|(slope, off)| *slope += off);
            }
            slopes.iter_mut().zip(&self.weights).for_each(|(slope, weight)| *slope += fit.weight_decay * weight);
            let corrections = BETAS.map(|beta| 1.0 - beta.powi(step));
            for ((value, slope), [mean, square]) in self.values().zip(&slopes).zip(&mut moments) {
                *mean = BETAS[0] * *mean + (1.0 - BETAS[0]) * slope;
                *square = BETAS[1] * *square + (1.0 - BETAS[1]) * slope * slope;
                *value -= fit.rate * (*mean / corrections[0]) / ((*square / corrections[1]).sqrt() + EPSILON);
            }
            for (average, value) in average.values().zip(self.values()) {
                *average = fit.ema_decay * *average + (1.0 - fit.ema_decay) * *value;
            }
        }
        (self, average)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_and_its_average_equal_pytorchs() {
        let text = include_str!("../../tests/fixtures/rebalancing_teachers.json");
        let fixture: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let case = &fixture["fitted"];
        let number = |name: &str| case[name].as_f64().expect("a number");
        let read = |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(case[name].clone()).expect("rows") };
        let layer = |name: &str| Layer {
            weights: read(name).concat(),
            biases: serde_json::from_value(case[format!("{name}_bias")].clone()).expect("numbers"),
        };
        let batches: Vec<Vec<usize>> = serde_json::from_value(case["batches"].clone()).expect("rows");
        let classes: Vec<usize> = serde_json::from_value(case["classes"].clone()).expect("classes");
        let fit = Fit { rate: number("rate"), weight_decay: number("weight_decay"), ema_decay: number("ema_decay") };
        let (fitted, average) = layer("begun").fitted(&read("vectors"), &classes, batches.into_iter(), &fit);
        for (found, name) in [(fitted, "fitted"), (average, "average")] {
            let expected = layer(name);
            let pairs = found.weights.iter().chain(&found.biases).zip(expected.weights.iter().chain(&expected.biases));
            for (found, expected) in pairs {
                assert!((found - expected).abs() < 1e-5, "{name}: {found} against {expected}");
            }
        }
    }
}
