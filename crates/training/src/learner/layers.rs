//! Gradients by the group of layers that they belong to, so that each group moves at a rate of its own.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::config::layers::{LayerGroup, LayersConfig};
use crate::error::Error;

/// Divides gradients by what the learning rate of their layer is multiplied with in this epoch; those that stand still
/// are left out.
pub(super) fn by_rate<M: Module>(
    module: &M,
    gradients: GradientsParams,
    layers: &LayersConfig,
    epoch: usize,
) -> Vec<(f64, GradientsParams)> {
    if layers.is_empty() {
        return vec![(1.0, gradients)];
    }
    let mut sorting = Sorting { from: gradients, to: Vec::new(), path: Vec::new(), layers, epoch };
    module.visit(&mut sorting);
    sorting.to
}

/// Whether each group that has a rate of its own holds parameters; `key` is that of the settings.
///
/// # Errors
///
/// A group that neither model nor objective has.
pub fn check_layers<M: Module, O: Module>(
    model: &M,
    objective: &O,
    layers: &LayersConfig,
    key: &str,
) -> Result<(), Error> {
    let mut found = Found { path: Vec::new(), groups: Vec::new() };
    found.of("model", model);
    found.of("objective", objective);
    match layers.named().find(|(_, group)| !found.groups.contains(group)) {
        None => Ok(()),
        Some((name, group)) => {
            let (what, hint) = match group {
                LayerGroup::Embedding => ("the model reads values, and has no vectors of tokens", "remove it"),
                LayerGroup::Pooling => ("the pooling has no weights", "remove it; `pooling = \"attention\"` has some"),
                LayerGroup::Objective => ("the objective learns nothing beside the model", "remove it"),
                LayerGroup::Encoder | LayerGroup::Head => ("the model has no such layers", "remove it"),
            };
            Err(Error::input(format!("`{key}.{name}` has no effect: {what}"), hint))
        }
    }
}

/// The groups that have parameters.
struct Found {
    path: Vec<String>,
    groups: Vec<LayerGroup>,
}

impl Found {
    fn of<M: Module>(&mut self, name: &str, module: &M) {
        self.path.push(name.to_string());
        module.visit(self);
        self.path.pop();
    }
}

impl ModuleVisitor for Found {
    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let group = group(&self.path);
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
    }

    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }
}

struct Sorting<'a> {
    from: GradientsParams,
    to: Vec<(f64, GradientsParams)>,
    path: Vec<String>,
    layers: &'a LayersConfig,
    epoch: usize,
}

/// The group of a parameter by its path in `Learned`: `model.….encoder.…`, `objective.…`.
fn group(path: &[String]) -> LayerGroup {
    let has = |name: &str| path.iter().any(|part| part == name);
    if path.first().is_some_and(|part| part == "objective") {
        LayerGroup::Objective
    } else if has("encoder") {
        LayerGroup::Encoder
    } else if has("embedding") {
        LayerGroup::Embedding
    } else if has("pool") {
        LayerGroup::Pooling
    } else {
        LayerGroup::Head
    }
}

impl ModuleVisitor for Sorting<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.from.remove::<D>(param.id) else { return };
        let factor = self.layers.factor(group(&self.path), self.epoch);
        if factor == 0.0 {
            return;
        }
        let place = self.to.iter().position(|(known, _)| *known == factor).unwrap_or_else(|| {
            self.to.push((factor, GradientsParams::new()));
            self.to.len() - 1
        });
        self.to[place].1.register(param.id, gradient);
    }

    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use semiseq_models::{InputSize, ModelConfig, SequenceModel, Sequences};

    use super::*;
    use crate::config::layers::LayerConfig;
    use crate::learner::learned::Learned;

    #[test]
    fn each_group_gets_its_rate_and_a_frozen_one_none() {
        let device = Device::flex().autodiff();
        let config: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"pooling": "attention", "encoder": {"gru": {"hidden": 4}}}}"#)
                .unwrap();
        let model = config.init(InputSize::Tokens(5), 3, &device);
        let tokens = Tensor::from_data([[1, 2, 3]], &device);
        let loss = model.forward(Sequences { input: semiseq_models::Input::Tokens(tokens), mask: None }).sum();
        let learned = Learned { objective: model.clone(), model, average: None };
        let gradients = GradientsParams::from_grads(loss.backward(), &learned);
        let all = gradients.len();
        let layers = LayersConfig {
            embedding: Some(LayerConfig { frozen_epochs: 1, lr_factor: 1.0 }),
            encoder: Some(LayerConfig { frozen_epochs: 0, lr_factor: 0.1 }),
            ..Default::default()
        };
        let sorted = by_rate(&learned, gradients, &layers, 1);
        let count =
            |factor: f64| sorted.iter().find(|(known, _)| *known == factor).map_or(0, |(_, gradients)| gradients.len());
        // Two weights and two biases of the cell; two of the attention's three parameters are the hidden layer's, and
        // the head has two; the embedding stands still.
        assert_eq!((count(0.1), count(1.0), sorted.len()), (4, 5, 2));
        assert_eq!(all, 10);
    }

    #[test]
    fn a_group_without_parameters_is_refused_by_name() {
        let device = Device::flex();
        let config: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"encoder": {"gru": {"hidden": 4}}}}"#).unwrap();
        let layers = |groups: &str| -> LayersConfig { serde_json::from_str(groups).unwrap() };
        let told = |input: InputSize, groups: &str| {
            let model = config.init(input, 3, &device);
            let none: Option<burn::nn::Linear> = None;
            check_layers(&model, &none, &layers(groups), "stage.0.layers").map_err(|error| error.to_string())
        };
        let all = r#"{"encoder": {}, "head": {}}"#;
        assert!(told(InputSize::Values(2), all).is_ok());
        let embedding = r#"{"embedding": {"lr_factor": 0.5}}"#;
        assert!(told(InputSize::Tokens(5), embedding).is_ok());
        let message = told(InputSize::Values(2), embedding).unwrap_err();
        assert!(message.contains("`stage.0.layers.embedding` has no effect: the model reads values"), "{message}");
        for (group, reason) in [("pooling", "the pooling has no weights"), ("objective", "learns nothing beside")] {
            let message = told(InputSize::Values(2), &format!("{{\"{group}\": {{}}}}")).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}
