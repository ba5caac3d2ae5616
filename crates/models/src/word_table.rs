//! Word vectors in place of those that a model begins with.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use crate::other_weights::with_values;

/// The model with other rows in its table of tokens, `[vocabulary, width]`; a token that has none keeps its own.
#[must_use]
pub fn with_word_vectors<M: Module>(model: M, vectors: &[Option<Vec<f32>>]) -> M {
    model.map(&mut Rows { vectors, path: Vec::new() })
}

struct Rows<'a> {
    vectors: &'a [Option<Vec<f32>>],
    path: Vec<String>,
}

impl ModuleMapper for Rows<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let table = matches!(&self.path[..], [.., module, weight] if module == "embedding" && weight == "weight");
        let shape = param.val().dims();
        if !table || D != 2 || shape[0] != self.vectors.len() {
            return param;
        }
        let mut values: Vec<f32> = param.val().to_data().iter::<f32>().collect();
        for (row, vector) in values.chunks_exact_mut(shape[1].max(1)).zip(self.vectors) {
            if let Some(vector) = vector.as_ref().filter(|vector| vector.len() == row.len()) {
                row.copy_from_slice(vector);
            }
        }
        with_values(param, values)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::other_weights::tests::without_gradient;
    use crate::{Input, InputSize, ModelConfig, SequenceModel, Sequences};

    #[test]
    fn a_table_gets_the_rows_that_are_known() {
        let device = Device::flex().autodiff();
        let config: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"embedding": {"size": 2}, "encoder": {"gru": {"hidden": 4}}}}"#)
                .unwrap();
        let model = config.init(InputSize::Tokens(3), 2, &device);
        let read = |model: &crate::AnyModel| -> Vec<f32> {
            let tokens = Tensor::from_data([[0, 1, 2]], &device);
            model.embed(Sequences { input: Input::Tokens(tokens), mask: None }).to_data().iter().collect()
        };
        let before = read(&model);
        let after = read(&with_word_vectors(model, &[None, Some(vec![3.0, -4.0]), None]));
        assert_eq!(after, [before[0], before[1], 3.0, -4.0, before[4], before[5]]);
    }

    #[test]
    fn rows_that_are_given_learn_like_those_that_are_drawn() {
        let device = Device::flex().autodiff();
        let config: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"embedding": {"size": 2}, "encoder": {"gru": {"hidden": 4}}}}"#)
                .unwrap();
        let model = config.init(InputSize::Tokens(3), 2, &device);
        let model = with_word_vectors(model, &[None, Some(vec![3.0, -4.0]), None]);
        assert!(without_gradient(&model, &device).is_empty());
    }
}
