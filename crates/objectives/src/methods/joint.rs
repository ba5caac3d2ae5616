//! Several objectives at once: `L = Σ w_i(t) L_i`, a generative and a discriminative one for example (Rasmus et al.
//! 2015 train a ladder of denoising costs beside the classifier; Zhang, Lee & Lee 2016 a decoder).
//!
//! Each part keeps its own layers and its own memory, and sees the views that it asks for. A part that works on all
//! sequences gets the unlabelled ones here, where another part looks at labels.
//!
//! ```toml
//! [[stage.objective.joint.part]]
//! weight = 1.0
//! final_weight = 0.1
//! [stage.objective.joint.part.objective.autoencoder]
//!
//! [[stage.objective.joint.part]]
//! [stage.objective.joint.part.objective.virtual-adversarial]
//! epsilon = 0.1
//! ```
//!
//! # Cost
//!
//! The sum of its parts; views are made once for all of them.
//!
//! # When it fails
//!
//! Losses of different size: a reconstruction error in the hundreds drowns a cross-entropy near 1. Look at the
//! terms on the dashboard, which have a curve each, and set the weights so that none rules alone.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Sequence, Views};
use semiseq_models::{Input, SequenceModel, Sequences};
use semiseq_schema::{Problem, Scores, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measures, Needs, Objective, Setting, Survey};
use crate::parts::sampling::Request;
use crate::registry::{AnyObjective, Kind, ObjectiveConfig};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.joint]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JointConfig {
    /// `[[stage.objective.joint.part]]`, at least two.
    #[serde(rename = "part")]
    pub parts: Vec<JointPart>,
}

/// One objective with its weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JointPart {
    /// Weight ≥ 0 at the start of the stage. Default 1.
    #[serde(default = "one")]
    pub weight: f64,
    /// Weight ≥ 0 at its end, reached in a straight line; absent: the weight stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_weight: Option<f64>,
    /// `[stage.objective.joint.part.objective.NAME]`.
    pub objective: ObjectiveConfig,
}

fn one() -> f64 {
    1.0
}

impl JointPart {
    /// The weight when `progress` of the stage is done.
    pub fn weight_at(&self, progress: f64) -> f64 {
        self.weight + (self.final_weight.unwrap_or(self.weight) - self.weight) * progress
    }
}

impl JointConfig {
    pub(crate) fn kind(&self) -> Kind {
        Kind::of_all(self.parts.iter().map(|part| part.objective.kind()))
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.parts.len() < 2 {
            problems.push(problem(
                format!("{path}.part"),
                format!("needs at least two parts, got {}", self.parts.len()),
                Some("write a `[[stage.objective.joint.part]]` for each objective"),
            ));
        }
        for (index, part) in self.parts.iter().enumerate() {
            let path = format!("{path}.part.{index}");
            let name = part.objective.name();
            check_range(problems, &format!("{path}.weight"), part.weight, 0.0, f64::INFINITY, "1 is usual");
            if let Some(weight) = part.final_weight {
                check_range(
                    problems,
                    &format!("{path}.final_weight"),
                    weight,
                    0.0,
                    f64::INFINITY,
                    "leave it out to stay",
                );
            }
            if let ObjectiveConfig::Joint(_) | ObjectiveConfig::Gan(_) | ObjectiveConfig::SemiSupervisedGan(_) =
                part.objective
            {
                problems.push(problem(
                    format!("{path}.objective"),
                    format!("`{name}` cannot be a part: its steps are not sums of losses"),
                    Some("give it a stage of its own"),
                ));
            }
            if self.parts[..index].iter().any(|earlier| earlier.objective.name() == name) {
                problems.push(problem(format!("{path}.objective"), format!("`{name}` stands here twice"), None));
            }
            part.objective.check(&format!("{path}.objective.{name}"), problems);
        }
    }

    /// Builds all parts.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Joint<M> {
        Joint { parts: self.parts.iter().map(|part| part.objective.init(setting)).collect(), config: self.clone() }
    }
}

/// The objectives side by side.
#[derive(Module, Debug)]
pub struct Joint<M: Module> {
    parts: Vec<AnyObjective<M>>,
    #[module(skip)]
    config: JointConfig,
}

impl<M: SequenceModel> Objective<M> for Joint<M> {
    fn needs(&self) -> Needs {
        let all: Vec<Needs> = self.parts.iter().map(Objective::<M>::needs).collect();
        let views = all.iter().fold(Views::WEAK, |views, needs| views | needs.views);
        let is = |pool: Pool| all.iter().all(|needs| needs.pool == pool);
        let pool = if is(Pool::All) {
            Pool::All
        } else if is(Pool::Labeled) {
            Pool::Labeled
        } else {
            Pool::Paired
        };
        Needs { pool, views }
    }

    fn surveys(&self, context: &StepContext) -> bool {
        self.parts.iter().any(|part| Objective::<M>::surveys(part, context))
    }

    /// Each part that has a use for it takes it, also where another one asked: two such parts are renewed together.
    fn survey(self, survey: &Survey) -> Self {
        let parts = self.parts.into_iter().map(|part| Objective::<M>::survey(part, survey)).collect();
        Self { parts, config: self.config }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut terms = Terms::default();
        for (part, config) in self.parts.iter_mut().zip(&self.config.parts) {
            let weight = config.weight_at(context.progress());
            let only_labels = Objective::<M>::needs(part).pool == Pool::Labeled;
            let seen = Step { unlabeled: step.unlabeled.clone().filter(|_| !only_labels), ..step.clone() };
            terms = terms.join(weight, part.step(model, &seen, context));
        }
        terms
    }

    fn answer(&self, model: &M, sequences: &Sequences) -> Option<Vec<Sequence>> {
        self.parts.iter().find_map(|part| part.answer(model, sequences))
    }

    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        self.parts.iter().find_map(|part| part.vote(model, sequences))
    }

    fn after_update(self, model: &M, context: &StepContext) -> Self {
        Self {
            parts: self.parts.into_iter().map(|part| part.after_update(model, context)).collect(),
            config: self.config,
        }
    }

    /// The task's scores tell where a part looks at labels; otherwise the first part's own.
    fn measure(&self, model: &M, part: &Part) -> Measures {
        let labels = self.config.parts.iter().any(|part| !part.objective.kind().unsupervised);
        match self.parts.first() {
            Some(first) if !labels => first.measure(model, part),
            _ => Measures::new(),
        }
    }

    fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
        self.parts.iter().find_map(|part| Objective::<M>::warning(part, train, context))
    }

    fn generate(&self, model: &M, request: &Request<'_>) -> Option<Input> {
        self.parts.iter().find_map(|part| part.generate(model, request))
    }

    fn rebuild(&self, model: &M, sequences: &Sequences) -> Option<Input> {
        self.parts.iter().find_map(|part| part.rebuild(model, sequences))
    }

    fn tables(&self) -> Vec<(&'static str, String)> {
        self.parts.iter().flat_map(Objective::<M>::tables).collect()
    }

    /// A teacher among the parts stands in for the model.
    fn evaluated(&self, model: &M) -> M {
        let teacher = self.parts.iter().zip(&self.config.parts).find(|(_, config)| config.objective.kind().teaches);
        teacher.map_or_else(|| model.clone(), |(part, _)| part.evaluated(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_moves_in_a_straight_line() {
        let part: JointPart =
            serde_json::from_str(r#"{"weight": 2.0, "final_weight": 1.0, "objective": {"supervised": {}}}"#).unwrap();
        assert_eq!([0.0, 0.5, 1.0].map(|progress| part.weight_at(progress)), [2.0, 1.5, 1.0]);
    }

    #[test]
    fn two_parts_of_their_own_are_asked_for() {
        let config: JointConfig =
            serde_json::from_str(r#"{"part": [{"objective": {"gan": {}}}, {"objective": {"gan": {}}}]}"#).unwrap();
        let mut problems = Vec::new();
        config.check("x", &mut problems);
        let text = problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ");
        assert!(text.contains("cannot be a part") && text.contains("stands here twice"), "{text}");
    }
}
