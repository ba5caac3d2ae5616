//! The likelihood of a conditional random field, its gradients and its most probable paths equal those of pytorch-crf
//! (`fixtures/crf.py`).

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use semiseq_models::Crf;
use semiseq_objectives::{CrfLoss, crf_loss};
use serde_json::Value;

use crate::close::assert_close;
use crate::common::{device, host, numbers, tensor};

#[test]
fn likelihoods_gradients_and_ways_are_pytorch_crfs() {
    let cases: Value = serde_json::from_str(include_str!("../fixtures/crf.json")).expect("the fixture");
    for (place, case) in cases.as_array().expect("cases").iter().enumerate() {
        let name = format!("case {place}");
        let tags = case["tags"].as_u64().expect("a number") as usize;
        let scores = |key: &str, shape: [usize; 2]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(numbers(&case[key]), shape), &device())
        };
        let learned = |tensor: Tensor<1>| Param::from_tensor(tensor.detach().require_grad());
        let crf = Crf {
            start: learned(scores("start", [1, tags]).reshape([tags])),
            end: learned(scores("end", [1, tags]).reshape([tags])),
            between: Param::from_tensor(scores("between", [tags, tags]).require_grad()),
        };
        let emissions = tensor::<3>(&case["emissions"]).require_grad();
        let truth: Vec<Vec<usize>> = serde_json::from_value(case["truth"].clone()).expect("tags");
        let steps: usize = truth.iter().map(Vec::len).sum();
        let CrfLoss { losses, log_probabilities } = crf_loss(&crf, emissions.clone(), &truth);
        assert_close(&host(losses.clone()), &numbers(&case["losses"]), &name);
        let mean = losses.sum() / steps as f64;
        let gradients = mean.clone().backward();
        assert_close(&host(mean), &numbers(&case["mean"]), &name);
        let found = [
            host(emissions.grad(&gradients).expect("a gradient")),
            host(crf.start.val().grad(&gradients).expect("a gradient")),
            host(crf.end.val().grad(&gradients).expect("a gradient")),
            host(crf.between.val().grad(&gradients).expect("a gradient")),
        ];
        let expected = case["grads"].as_array().expect("a list").iter().map(numbers);
        for (which, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_close(found, &expected, &format!("{name}, gradient {which}"));
        }
        let [batch, time, _] = emissions.dims();
        let said = host(log_probabilities);
        let (shares, values) = (numbers(&case["probabilities"]), numbers(&case["emissions"]));
        let paths: Vec<Vec<usize>> = serde_json::from_value(case["paths"].clone()).expect("tags");
        for row in 0..batch {
            let real = row * time * tags..(row * time + truth[row].len()) * tags;
            let found: Vec<f32> = said[real.clone()].iter().map(|log| log.exp()).collect();
            assert_close(&found, &shares[real.clone()], &format!("{name}, probabilities of row {row}"));
            let emissions: Vec<f64> = values[real].iter().map(|value| f64::from(*value)).collect();
            assert_eq!(crf.transitions().best_path(&emissions), paths[row], "{name}, row {row}");
        }
    }
}

#[test]
fn a_sequence_without_tags_moves_nothing() {
    let crf = Crf::new(2, &device());
    let emissions = Tensor::<3>::from_data([[[0.3f32, -0.2], [0.1, 0.4]]], &device()).require_grad();
    let CrfLoss { losses, .. } = crf_loss(&crf, emissions.clone(), &[Vec::new()]);
    let gradients = losses.clone().sum().backward();
    assert_eq!(host(losses), [0.0]);
    assert!(host(emissions.grad(&gradients).expect("a gradient")).iter().all(|slope| *slope == 0.0));
}
