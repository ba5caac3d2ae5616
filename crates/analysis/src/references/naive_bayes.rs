//! Multinomial naive Bayes on weighted terms, fitted by expectation maximisation to texts with and without a label
//! (Nigam, McCallum, Thrun & Mitchell 2000, "Text classification from labeled and unlabeled documents using EM").
//!
//! The terms of each class are counted over the labelled rows, and over all others as far as they seem to be of it,
//! which is then estimated anew. Rows are TF-IDF of length 1 in place of counts (Rennie et al. 2003, "Tackling the poor
//! assumptions of naive Bayes text classifiers"): a long text counts no more than a short one, and its class is less
//! certain than so many independent words would make it. The smoothing is a Dirichlet prior whose mean is how often
//! each term is in all rows, so that a term that no label has seen says nothing.

use ndarray::{Array2, Axis};

use crate::references::features::Features;

/// What the prior weighs, in the unit of the rows' values.
const SMOOTHING: f64 = 100.0;
/// Rounds of expectation and maximisation.
const ROUNDS: usize = 20;

/// Log probabilities of terms and of classes.
#[derive(Clone, Debug)]
pub struct NaiveBayes {
    /// `ln p(term | class)`, `[width, classes]`.
    terms: Array2<f64>,
    /// `ln p(class)`, `[1, classes]`.
    classes: Array2<f64>,
}

impl NaiveBayes {
    /// Of training rows with values ≥ 0, of a few of which the label is known.
    pub fn fit(rows: &Features, known: &[(usize, usize)], classes: usize) -> Self {
        let mut shares = Array2::<f64>::zeros((rows.rows(), classes));
        let label = |shares: &mut Array2<f64>| {
            for (row, label) in known {
                shares.row_mut(*row).fill(0.0);
                shares[[*row, *label]] = 1.0;
            }
        };
        label(&mut shares);
        let all = rows.transposed_times(&Array2::ones((rows.rows(), 1)));
        let prior = &all * (SMOOTHING / all.sum().max(f64::MIN_POSITIVE));
        let mut found = Self::counted(rows, &shares, &prior);
        for _ in 0..ROUNDS {
            shares = found.probabilities(rows);
            label(&mut shares);
            found = Self::counted(rows, &shares, &prior);
        }
        found
    }

    /// The maximisation: from each row's share in each class, and what each term weighs beforehand, `[width, 1]`.
    fn counted(rows: &Features, shares: &Array2<f64>, prior: &Array2<f64>) -> Self {
        let counts = rows.transposed_times(shares) + prior;
        let totals = counts.sum_axis(Axis(0));
        let sizes = shares.sum_axis(Axis(0)).insert_axis(Axis(0)) + 1.0;
        // A term of weight 0 in all rows is in none.
        let terms = (counts / totals).mapv(|share| share.max(f64::MIN_POSITIVE).ln());
        let classes = (&sizes / sizes.sum()).mapv(f64::ln);
        Self { terms, classes }
    }

    /// The expectation: distributions over the classes, `[rows, classes]`.
    pub fn probabilities(&self, rows: &Features) -> Array2<f64> {
        let mut said = rows.times(&self.terms) + &self.classes;
        for mut row in said.rows_mut() {
            let most = row.fold(f64::NEG_INFINITY, |most, value| most.max(*value));
            row.mapv_inplace(|value| (value - most).exp());
            let sum = row.sum();
            row /= sum;
        }
        said
    }
}
