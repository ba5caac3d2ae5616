//! `[stage.layers]`: which layers stand still for how long, and which move slower than the others.

use schemars::JsonSchema;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

/// `[stage.layers]`. A layer that is not named learns from the first step at the stage's rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayersConfig {
    /// The vectors of tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<LayerConfig>,
    /// The recurrent encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<LayerConfig>,
    /// The weights of `pooling = "attention"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<LayerConfig>,
    /// The output layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<LayerConfig>,
    /// What the objective learns beside the model: a decoder, a generator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<LayerConfig>,
}

/// One layer's part, `encoder = { frozen_epochs = 5, lr_factor = 0.1 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayerConfig {
    /// Epochs at the start of the stage in which the layer stands still. Default 0; as many as the stage has, or more:
    /// throughout.
    pub frozen_epochs: usize,
    /// Multiplies the learning rate, at least 0. Default 1; 0 is as good as frozen throughout.
    pub lr_factor: f64,
}

impl Default for LayerConfig {
    fn default() -> Self {
        Self { frozen_epochs: 0, lr_factor: 1.0 }
    }
}

/// A group of parameters that [`LayersConfig`] can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LayerGroup {
    Embedding,
    Encoder,
    Pooling,
    Head,
    Objective,
}

/// Each group by its key.
const GROUPS: [(&str, LayerGroup); 5] = [
    ("embedding", LayerGroup::Embedding),
    ("encoder", LayerGroup::Encoder),
    ("pooling", LayerGroup::Pooling),
    ("head", LayerGroup::Head),
    ("objective", LayerGroup::Objective),
];

impl LayersConfig {
    /// Whether no layer is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (name, group) in self.named() {
            let factor = self.of(group).unwrap_or_default().lr_factor;
            let hint = "0.1 is usual for layers that were trained before";
            check_range(problems, &format!("{path}.{name}.lr_factor"), factor, 0.0, f64::INFINITY, hint);
        }
    }

    /// The groups that are named, by their keys.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, LayerGroup)> {
        GROUPS.into_iter().filter(|(_, group)| self.of(*group).is_some())
    }

    fn of(&self, group: LayerGroup) -> Option<LayerConfig> {
        match group {
            LayerGroup::Embedding => self.embedding,
            LayerGroup::Encoder => self.encoder,
            LayerGroup::Pooling => self.pooling,
            LayerGroup::Head => self.head,
            LayerGroup::Objective => self.objective,
        }
    }

    /// What the learning rate of a group is multiplied with in an epoch, counted from 1.
    pub(crate) fn factor(&self, group: LayerGroup, epoch: usize) -> f64 {
        self.of(group).map_or(1.0, |layer| if epoch <= layer.frozen_epochs { 0.0 } else { layer.lr_factor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_stands_still_and_then_moves_at_its_own_rate() {
        let encoder = LayerConfig { frozen_epochs: 2, lr_factor: 0.1 };
        let layers = LayersConfig { encoder: Some(encoder), ..Default::default() };
        assert_eq!([1, 2, 3].map(|epoch| layers.factor(LayerGroup::Encoder, epoch)), [0.0, 0.0, 0.1]);
        assert_eq!(layers.factor(LayerGroup::Head, 1), 1.0);
    }
}
