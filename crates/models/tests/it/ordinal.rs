//! Output layers for classes in an order against PyTorch and the authors' code: `fixtures/ordinal.py` makes the
//! numbers.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Gradients, Tensor};
use semiseq_models::{ClassifierConfig, InputSize, SequenceModel};
use serde_json::{Value, json};

use crate::common::{floats, numbers, tensor};

/// Width of the vectors that the head reads.
const WIDTH: usize = 4;

/// Puts numbers in the place of the last parameters.
struct Fill {
    skip: usize,
    values: std::vec::IntoIter<Vec<f32>>,
}

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.skip > 0 {
            self.skip -= 1;
            return param;
        }
        let Some(values) = self.values.next() else { return param };
        param.map(|old| {
            let (shape, device) = (old.dims(), old.device());
            Tensor::<1>::from_data(values.as_slice(), &device).reshape(shape).require_grad()
        })
    }
}

/// The gradients of all parameters that have one, in their order.
struct Slopes<'a> {
    gradients: Option<&'a Gradients>,
    found: Vec<Vec<f32>>,
    count: usize,
}

impl ModuleVisitor for Slopes<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += 1;
        self.found.extend(self.gradients.and_then(|gradients| param.val().grad(gradients)).map(floats));
    }
}

fn near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-5 * expected.abs().max(1.0), "{what}: {found} against {expected}");
    }
}

#[test]
fn ordered_classes_equal_their_definition_and_the_authors_code() {
    let device = Device::flex().autodiff();
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/ordinal.json")).expect("the fixture");
    for case in &cases {
        let (output, classes) = (case["output"].as_str().expect("a name"), case["classes"].as_u64().expect("a number"));
        let what = format!("{output} of {classes}");
        let config: ClassifierConfig =
            serde_json::from_value(json!({"output": output, "encoder": {"gru": {"hidden": WIDTH}}})).expect("a config");
        let model = config.init(InputSize::Values(1), classes as usize, &device);
        assert_eq!(model.outputs(), classes as usize);
        let mut values = vec![numbers(&case["weight"]), numbers(&case["bias"])];
        if output == "cumulative-link" {
            values.push(numbers(&case["thresholds"]));
        }
        let mut slopes = Slopes { gradients: None, found: Vec::new(), count: 0 };
        model.visit(&mut slopes);
        let model = model.map(&mut Fill { skip: slopes.count - values.len(), values: values.into_iter() });
        let logits = model.head(tensor::<2>(&case["hidden"], &device));
        near(&floats(softmax(logits.clone(), 1)), &numbers(&case["probabilities"]), &what);
        // Log-probabilities, so that their softmax changes nothing.
        near(&floats(logits.clone().exp()), &numbers(&case["probabilities"]), &what);
        let truth = numbers(&case["truth"]).into_iter().map(|class| class as i32).collect::<Vec<_>>();
        let truth = Tensor::<1, burn::tensor::Int>::from_data(truth.as_slice(), &device).reshape([12, 1]);
        let loss = -burn::tensor::activation::log_softmax(logits, 1).gather(1, truth).mean();
        near(&floats(loss.clone()), &numbers(&json!([case["loss"]])), &what);
        let gradients = loss.backward();
        let mut slopes = Slopes { gradients: Some(&gradients), found: Vec::new(), count: 0 };
        model.visit(&mut slopes);
        let expected: Vec<Vec<f32>> = case["grads"].as_array().expect("a list").iter().map(numbers).collect();
        let found = &slopes.found[slopes.found.len() - expected.len()..];
        for (found, expected) in found.iter().zip(&expected) {
            near(found, expected, &format!("{what}: gradient"));
        }
    }
}
