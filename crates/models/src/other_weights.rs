//! Weights of another model in place of those that a model begins with.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tensor of another model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtherTensor {
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its numbers, row by row.
    pub values: Vec<f32>,
}

/// Which of the other model's weights are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WeightsPart {
    /// Those of embedding, encoder and pooling: all but the head.
    #[default]
    Body,
    /// Those of the encoder.
    Encoder,
    /// The table of tokens.
    Embedding,
    /// All, the head's too.
    All,
}

impl WeightsPart {
    /// Whether a parameter belongs to it; `path` are the names of the modules around it, and its own.
    fn holds(self, path: &[String]) -> bool {
        let within = |name: &str| path.iter().any(|module| module == name);
        match self {
            Self::All => true,
            Self::Body => !within("head"),
            Self::Encoder => within("encoder"),
            Self::Embedding => within("embedding"),
        }
    }
}

/// What became of a model's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// Those that have the other's numbers.
    pub taken: Vec<String>,
    /// Those that the other lacks, or has in another shape.
    pub left: Vec<String>,
}

/// A model with the parameters of another, by name and shape. Where `rows` is given, row `i` of the table of tokens is
/// the other's row `rows[i]`, and rows without one stay as they are.
pub fn with_weights_of<M: Module>(
    model: M,
    tensors: &HashMap<String, OtherTensor>,
    part: WeightsPart,
    rows: Option<&[Option<usize>]>,
) -> (M, Taken) {
    let mut reader = Reader { tensors, part, rows, path: Vec::new(), taken: Taken::default() };
    let model = model.map(&mut reader);
    (model, reader.taken)
}

struct Reader<'a> {
    tensors: &'a HashMap<String, OtherTensor>,
    part: WeightsPart,
    rows: Option<&'a [Option<usize>]>,
    path: Vec<String>,
    taken: Taken,
}

impl Reader<'_> {
    /// The other's rows for this model's tokens.
    fn table(&self, tensor: &OtherTensor, shape: &[usize], mut own: Vec<f32>) -> Option<Vec<f32>> {
        let rows = self.rows.filter(|rows| shape.len() == 2 && rows.len() == shape[0])?;
        let width = *tensor.shape.get(1).filter(|width| **width == shape[1])?;
        for (own, row) in own.chunks_exact_mut(width.max(1)).zip(rows) {
            if let Some(found) = row.and_then(|row| tensor.values.get(row * width..(row + 1) * width)) {
                own.copy_from_slice(found);
            }
        }
        Some(own)
    }
}

impl ModuleMapper for Reader<'_> {
    // Which variant of an enum a module is does not belong to a parameter's name.
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.push(name.to_string());
        }
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.part.holds(&self.path) {
            return param;
        }
        let name = self.path.join(".");
        let shape = param.val().dims();
        let is_table = matches!(&self.path[..], [.., module, weight] if module == "embedding" && weight == "weight");
        // A regressor is a classifier's body; a file that is not of a run knows no such thing.
        let other = self.tensors.get(&name).or_else(|| self.tensors.get(name.strip_prefix("body.")?));
        let values = other.and_then(|tensor| match (is_table, self.rows) {
            (true, Some(_)) => self.table(tensor, &shape, param.val().to_data().iter::<f32>().collect()),
            _ => (tensor.shape == shape).then(|| tensor.values.clone()),
        });
        let Some(values) = values else {
            self.taken.left.push(name);
            return param;
        };
        self.taken.taken.push(name);
        with_values(param, values)
    }
}

/// A parameter with other numbers, row by row, that learns where it did before.
pub(crate) fn with_values<const D: usize>(param: Param<Tensor<D>>, values: Vec<f32>) -> Param<Tensor<D>> {
    let weight = param.val();
    let (learns, shape, device) = (weight.is_require_grad(), weight.dims(), weight.device());
    param.map(|_| Tensor::from_data(TensorData::new(values, shape), &device)).set_require_grad(learns)
}

#[cfg(test)]
pub(crate) mod tests {
    use burn::module::ModuleVisitor;
    use burn::tensor::{Device, Gradients};

    use super::*;
    use crate::{Input, InputSize, ModelConfig, SequenceModel, Sequences};

    /// The parameters of a model by name.
    #[derive(Default)]
    struct Names(Vec<String>, HashMap<String, OtherTensor>);

    impl ModuleVisitor for Names {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            if !container_type.starts_with("Enum:") {
                self.0.push(name.to_string());
            }
        }

        fn exit_module(&mut self, _name: &str, container_type: &str) {
            if !container_type.starts_with("Enum:") {
                self.0.pop();
            }
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            let tensor = OtherTensor { shape: value.dims().to_vec(), values: value.to_data().iter().collect() };
            self.1.insert(self.0.join("."), tensor);
        }
    }

    /// Parameters of a model of three words that a loss of its output gives no gradient.
    pub(crate) fn without_gradient(model: &crate::AnyModel, device: &Device) -> Vec<String> {
        struct Missing<'a>(Vec<String>, &'a Gradients, Vec<String>);
        impl ModuleVisitor for Missing<'_> {
            fn enter_module(&mut self, name: &str, _container_type: &str) {
                self.0.push(name.to_string());
            }

            fn exit_module(&mut self, _name: &str, _container_type: &str) {
                self.0.pop();
            }

            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if param.val().grad(self.1).is_none() {
                    self.2.push(self.0.join("."));
                }
            }
        }
        let tokens = Tensor::from_data([[0, 1, 2]], device);
        let loss = model.forward(Sequences { input: Input::Tokens(tokens), mask: None }).powi_scalar(2).sum();
        let gradients = loss.backward();
        let mut missing = Missing(Vec::new(), &gradients, Vec::new());
        model.visit(&mut missing);
        missing.2
    }

    #[test]
    fn weights_that_are_taken_learn_on() {
        let device = Device::flex().autodiff();
        let other = config().init(InputSize::Tokens(3), 2, &device);
        let mut names = Names::default();
        other.visit(&mut names);
        let model = config().init(InputSize::Tokens(3), 2, &device);
        let (model, taken) = with_weights_of(model, &names.1, WeightsPart::All, None);
        assert!(taken.left.is_empty(), "{taken:?}");
        assert_eq!(without_gradient(&model, &device), Vec::<String>::new());
    }

    fn config() -> ModelConfig {
        serde_json::from_str(r#"{"classifier": {"embedding": {"size": 2}, "encoder": {"gru": {"hidden": 3}}}}"#)
            .unwrap()
    }

    #[test]
    fn a_body_is_taken_and_words_keep_their_vectors() {
        let device = Device::flex();
        let other = config().init(InputSize::Tokens(3), 2, &device);
        let mut names = Names::default();
        other.visit(&mut names);
        let model = config().init(InputSize::Tokens(4), 5, &device);
        let read = |model: &crate::AnyModel, tokens: [i64; 2]| -> Vec<f32> {
            let tokens = Tensor::from_data([tokens], &device);
            let sequences = Sequences { input: Input::Tokens(tokens), mask: None };
            model.pooled(sequences).to_data().iter().collect()
        };
        // Tokens 2 and 1 of the other are 1 and 3 here.
        let rows = [None, Some(2), None, Some(1)];
        let (model, taken) = with_weights_of(model, &names.1, WeightsPart::Body, Some(&rows));
        assert!(taken.left.is_empty() && !taken.taken.iter().any(|name| name.starts_with("head")), "{taken:?}");
        assert_eq!(read(&model, [1, 3]), read(&other, [2, 1]));
        assert_eq!(model.outputs(), 5);

        // A head of another width stays, and is named.
        let (_, taken) = with_weights_of(model, &names.1, WeightsPart::All, Some(&rows));
        assert!(!taken.left.is_empty() && taken.left.iter().all(|name| name.starts_with("head")), "{taken:?}");
    }
}
