//! The optimisers a config may name. Defaults are PyTorch's, so that a learning rate moves over.

use schemars::JsonSchema;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

/// `[stage.optimizer.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OptimizerConfig {
    /// Stochastic gradient descent, with momentum where `momentum > 0`.
    Sgd(SgdConfig),
    /// SGD with momentum 0.9 unless said otherwise.
    Momentum(SgdConfig),
    /// Adam (Kingma & Ba 2015); weight decay is added to the gradient.
    Adam(AdamConfig),
    /// AdamW (Loshchilov & Hutter 2019); weight decay is applied to the weights.
    #[serde(rename = "adamw")]
    AdamW(AdamConfig),
    /// RMSProp (Hinton 2012).
    #[serde(rename = "rmsprop")]
    RmsProp(RmsPropConfig),
}

/// Settings of `sgd` and `momentum`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SgdConfig {
    /// Learning rate. Default 1e-2.
    pub lr: f64,
    /// Momentum in [0, 1). Default 0 for `sgd`, 0.9 for `momentum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// λ of an L2 penalty on every weight. Default 0.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_norm: Option<f64>,
    /// Largest absolute value of each gradient entry; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_value: Option<f64>,
}

/// Settings of `adam` and `adamw`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    /// Learning rate. Default 1e-3. Lower it when the loss jumps.
    pub lr: f64,
    /// Decay of the gradient's mean. Default 0.9, and 0.5 for `semi-supervised-gan`, as its authors have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta_1: Option<f64>,
    /// Decay of the gradient's square. Default 0.999.
    pub beta_2: f64,
    /// Added to the root of the square. Default 1e-8.
    pub epsilon: f64,
    /// λ of the decay of the weights. Default 0.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient; absent: no limit. 1 is usual for recurrent nets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_norm: Option<f64>,
    /// Largest absolute value of each gradient entry; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_value: Option<f64>,
}

/// Settings of `rmsprop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RmsPropConfig {
    /// Learning rate. Default 1e-3.
    pub lr: f64,
    /// Decay of the gradient's square. Default 0.99.
    pub alpha: f64,
    /// Momentum in [0, 1). Default 0.
    pub momentum: f64,
    /// Added to the root of the square. Default 1e-8.
    pub epsilon: f64,
    /// λ of an L2 penalty on every weight. Default 0.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_norm: Option<f64>,
    /// Largest absolute value of each gradient entry; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grad_clip_value: Option<f64>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(AdamConfig::default())
    }
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 1e-2, momentum: None, weight_decay: 0.0, grad_clip_norm: None, grad_clip_value: None }
    }
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            beta_1: None,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            grad_clip_norm: None,
            grad_clip_value: None,
        }
    }
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            alpha: 0.99,
            momentum: 0.0,
            epsilon: 1e-8,
            weight_decay: 0.0,
            grad_clip_norm: None,
            grad_clip_value: None,
        }
    }
}

impl OptimizerConfig {
    /// The learning rate before the schedule.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd(config) | Self::Momentum(config) => config.lr,
            Self::Adam(config) | Self::AdamW(config) => config.lr,
            Self::RmsProp(config) => config.lr,
        }
    }

    /// Largest norm of the whole gradient, and largest absolute value of an entry.
    pub fn clipping(&self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Sgd(config) | Self::Momentum(config) => (config.grad_clip_norm, config.grad_clip_value),
            Self::Adam(config) | Self::AdamW(config) => (config.grad_clip_norm, config.grad_clip_value),
            Self::RmsProp(config) => (config.grad_clip_norm, config.grad_clip_value),
        }
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let name = match self {
            Self::Sgd(_) => "sgd",
            Self::Momentum(_) => "momentum",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::RmsProp(_) => "rmsprop",
        };
        let key = |field: &str| format!("{path}.{name}.{field}");
        if !(self.lr() > 0.0 && self.lr().is_finite()) {
            problems.push(problem(
                key("lr"),
                format!("must be above 0, got {}", self.lr()),
                Some("a usual value is 1e-3 for adam and 1e-2 for sgd"),
            ));
        }
        let (norm, value) = self.clipping();
        for (field, limit) in [("grad_clip_norm", norm), ("grad_clip_value", value)] {
            if limit.is_some_and(|limit| limit.is_nan() || limit <= 0.0) {
                problems.push(problem(key(field), "must be above 0", Some("remove the key to switch clipping off")));
            }
        }
        let (decay, fractions): (f64, Vec<(&str, f64)>) = match self {
            Self::Sgd(config) | Self::Momentum(config) => {
                (config.weight_decay, vec![("momentum", config.momentum.unwrap_or(0.0))])
            }
            Self::Adam(config) | Self::AdamW(config) => {
                (config.weight_decay, vec![("beta_1", config.beta_1.unwrap_or_default()), ("beta_2", config.beta_2)])
            }
            Self::RmsProp(config) => {
                (config.weight_decay, vec![("alpha", config.alpha), ("momentum", config.momentum)])
            }
        };
        check_range(problems, &key("weight_decay"), decay, 0.0, f64::INFINITY, "usual values are 0 to 0.1");
        for (field, fraction) in fractions {
            check_range(
                problems,
                &key(field),
                fraction,
                0.0,
                0.999_999,
                "it is the weight of the past in a moving average",
            );
        }
    }
}
