//! Three whole steps of IDEC and of DEC, with the targets made anew before each, equal those of the authors' formulas
//! in PyTorch (`fixtures/deep_clustering.py`).

use burn::tensor::Tensor;
use semiseq_models::{AnyModel, SequenceModel};
use semiseq_objectives::*;
use serde_json::Value;

use crate::common::{device, host, numbers};
use crate::generative_steps::{Kind, begun, check_gradients, check_terms, fixture, near, sequences};
use crate::objectives::Fixed;
use crate::parameters::{descended, parameters, the};

const WITHIN: f32 = 1e-4;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/deep_clustering.json")).expect("the fixture")
}

#[test]
fn steps_and_targets_equal_those_of_the_papers() {
    let fixture = fixture();
    let all = fixture["labels"].as_array().expect("sequences").len();
    let rate = numbers(&fixture["rate"])[0];
    for case in cases() {
        let title = format!("{}", case["settings"]);
        let (mut model, mut objective) = begun(&fixture, &case);
        for (place, expected) in case["steps"].as_array().expect("steps").iter().enumerate() {
            let what = format!("{title}, step {place}");
            let context = StepContext { step: place, total_steps: 6, epoch: 1 };
            assert!(Objective::<AnyModel>::surveys(&objective, &context), "{what}");
            let indices: Vec<usize> = (0..all).collect();
            let vectors = model.pooled(sequences(&fixture, Kind::of(&case).tokens, "weak", &indices)).detach();
            let survey = Survey { logits: vectors.clone(), vectors, generation: 0, classes: vec![None; all] };
            objective = Objective::<AnyModel>::survey(objective, &survey);
            for memory in ["targets", "frequencies"] {
                near(&the(&parameters(&objective, None), memory).values, &numbers(&expected[memory]), WITHIN, &what);
            }
            let step = Kind::of(&case).step(&fixture, &case, place, Objective::<AnyModel>::needs(&objective));
            let terms = objective.step(&model, &step, &context);
            check_terms(&terms, expected, WITHIN, &what);
            let total = terms.total().expect("a loss");
            let gradients = total.backward();
            near(&host(total), &numbers(&expected["total"]), WITHIN, &what);
            let slopes = &expected["gradients"];
            check_gradients(&parameters(&model, Some(&gradients)), slopes, "model.", false, WITHIN, &what);
            check_gradients(&parameters(&objective, Some(&gradients)), slopes, "own.", false, WITHIN, &what);
            model = descended(model, &gradients, rate);
            objective = descended(objective, &gradients, rate).after_update(&model, &context);
        }
        let (model, objective) = (parameters(&model, None), parameters(&objective, None));
        for (name, values) in case["after"].as_object().expect("parameters by name") {
            let found = match name.strip_prefix("own.") {
                Some(name) => the(&objective, name),
                None => the(&model, name.strip_prefix("model.").expect("of the model")),
            };
            let found: Vec<f32> = match found.values.len() > 100 {
                true => found.values.iter().copied().step_by(5).collect(),
                false => found.values.clone(),
            };
            near(&found, &numbers(values), WITHIN, &format!("{title}, {name} after the steps"));
        }
    }
}

/// The first survey cuts the vectors by k-means, and later ones leave the centres where the steps brought them.
#[test]
fn the_first_survey_makes_the_centres_and_before_it_nothing_is_measured() {
    let model = Fixed::new(Tensor::zeros([4, 3], &device()));
    let config = DeepClusteringConfig { clusters: 2, warm_up: 0.5, renewals: 2, hidden: 4, ..Default::default() };
    let device = device();
    let setting = Setting {
        model: &model,
        train_size: 6,
        class_counts: &[],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device,
    };
    let objective = config.init(&setting);
    let asks = |step| Objective::<Fixed>::surveys(&objective, &StepContext { step, total_steps: 8, epoch: 1 });
    assert_eq!((0..8).filter(|step| asks(*step)).collect::<Vec<usize>>(), [4, 6]);
    let survey = |shift: f32| {
        let rows: [[f32; 3]; 6] =
            std::array::from_fn(|row| [if row < 4 { 0.0 } else { 5.0 } + shift, 0.1 * row as f32, 1.0]);
        let vectors = Tensor::<2>::from_data(rows, &device);
        Survey { logits: vectors.clone(), vectors, generation: 0, classes: vec![None; 6] }
    };
    let objective = Objective::<Fixed>::survey(objective, &survey(0.0));
    let found = |objective: &DeepClustering, name: &str| the(&parameters(objective, None), name).values.clone();
    let mut firsts: Vec<f32> = found(&objective, "centres").chunks(3).map(|centre| centre[0]).collect();
    firsts.sort_by(f32::total_cmp);
    assert_eq!(firsts, [0.0, 5.0]);
    let groups = found(&objective, "groups");
    assert!(groups[..4].iter().all(|group| *group == groups[0]) && groups[4] != groups[0], "{groups:?}");
    let again = Objective::<Fixed>::survey(objective, &survey(0.3));
    assert_eq!(found(&again, "changed"), [0.0]);
    let mut later: Vec<f32> = found(&again, "centres").chunks(3).map(|centre| centre[0]).collect();
    later.sort_by(f32::total_cmp);
    assert_eq!(later, [0.0, 5.0]);
}
