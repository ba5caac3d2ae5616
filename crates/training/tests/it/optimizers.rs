//! Our Adam and AdamW do what Burn's do, over several steps.

use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig as BurnAdam, AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_training::config::{AdamConfig, OptimizerConfig};
use semiseq_training::learner::optimizer::build;

/// Weights and bias after some steps down a bowl.
fn trained(mut optimizer: ModuleOptimizer, mut model: Linear, data: &Tensor<2>, goal: &Tensor<2>) -> Vec<f32> {
    for step in 0..6 {
        let difference = model.forward(data.clone()) - goal.clone();
        let grads = (difference.clone() * difference).mean().backward();
        let grads = GradientsParams::from_grads(grads, &model);
        model = optimizer.step(0.1 / f64::from(1 + step), model, grads);
    }
    weights(&model)
}

fn weights(model: &Linear) -> Vec<f32> {
    let bias = model.bias.as_ref().map(|bias| bias.val().into_data());
    let all = [Some(model.weight.val().into_data()), bias];
    all.into_iter().flatten().flat_map(|data| data.iter::<f32>().collect::<Vec<f32>>()).collect()
}

#[test]
fn adam_and_adamw_equal_burns() {
    let device = Device::default().autodiff();
    device.seed(3);
    // More weights than one thread takes at a time, and no multiple of a vector.
    let model = LinearConfig::new(133, 257).init(&device);
    let normal =
        |rows: usize, columns: usize| Tensor::<2>::random([rows, columns], Distribution::Normal(0.0, 1.0), &device);
    let (data, goal) = (normal(9, 133), normal(9, 257));
    let untouched = weights(&model);
    for weight_decay in [0.0, 0.02] {
        let config =
            AdamConfig { beta_1: Some(0.8), beta_2: 0.99, epsilon: 1e-6, weight_decay, ..AdamConfig::default() };
        let decay = burn::optim::decay::WeightDecayConfig::new(weight_decay as f32);
        let adam = BurnAdam::new().with_beta_1(0.8).with_beta_2(0.99).with_epsilon(1e-6).with_weight_decay(Some(decay));
        let adamw = AdamWConfig::new()
            .with_beta_1(0.8)
            .with_beta_2(0.99)
            .with_epsilon(1e-6)
            .with_weight_decay(weight_decay as f32);
        let pairs = [
            ("adam", OptimizerConfig::Adam(config.clone()), adam.init()),
            ("adamw", OptimizerConfig::AdamW(config), adamw.init()),
        ];
        for (name, ours, theirs) in pairs {
            let ours = trained(build(&ours, false), model.clone(), &data, &goal);
            let theirs = trained(theirs, model.clone(), &data, &goal);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!((ours - theirs).abs() < 1e-5, "{name}, decay {weight_decay}: {ours} against {theirs}");
            }
            // A step changes weights in place only where no other model holds them.
            assert_eq!(untouched, weights(&model));
            assert!(untouched.iter().zip(&ours).any(|(before, after)| (before - after).abs() > 0.1), "{name} moves");
        }
    }
}

#[test]
fn two_players_move_with_a_short_mean() {
    let device = Device::default().autodiff();
    device.seed(4);
    let model = LinearConfig::new(3, 2).init(&device);
    let normal =
        |rows: usize, columns: usize| Tensor::<2>::random([rows, columns], Distribution::Normal(0.0, 1.0), &device);
    let (data, goal) = (normal(9, 3), normal(9, 2));
    let ours = |beta_1, plays| {
        let config = OptimizerConfig::Adam(AdamConfig { beta_1, ..AdamConfig::default() });
        trained(build(&config, plays), model.clone(), &data, &goal)
    };
    // What the config says holds; otherwise 0.9, and 0.5 where two take turns.
    assert_eq!(ours(None, true), ours(Some(0.5), false));
    assert_eq!(ours(None, false), ours(Some(0.9), true));
    assert_ne!(ours(None, true), ours(None, false));
}
