//! Another program's tensors, under our names: recurrent layers, the table of an embedding, an attention of two linear
//! layers and a linear layer as head, whatever the modules around them are called.

use crate::error::ExchangeError;
use crate::parts::{Matrix, zeros};
use crate::tensors::Foreign;
use crate::torch::transposed;
use crate::{keras, torch};

/// Tensors under our names.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Renamed {
    /// As a classifier or a tagger names them.
    pub tensors: Foreign,
    /// What they make up.
    pub model: FoundModel,
    /// Names of tensors that have no place in a model of ours.
    pub left: Vec<String>,
}

/// What a file of weights holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundModel {
    /// `rnn`, `lstm` or `gru`.
    pub encoder: String,
    /// Units of a layer in one direction.
    pub hidden: usize,
    /// Layers on top of each other.
    pub layers: usize,
    /// Whether both directions are read.
    pub bidirectional: bool,
    /// Whether a GRU resets before the product with the state; `None` where the file does not say, and for other cells.
    pub reset_before: Option<bool>,
    /// Values of a step.
    pub input: usize,
    /// Rows of the embedding, where there is one.
    pub tokens: Option<usize>,
    /// Whether the pooling is `attention`.
    pub attention: bool,
    /// Outputs of the head, where there is one.
    pub outputs: Option<usize>,
}

/// The tensors under our names.
///
/// # Errors
///
/// Where there is no recurrent layer, its shapes are none of the three cells, a weight is missing, or it computes what
/// no layer of ours does.
pub fn renamed(foreign: &Foreign) -> Result<Renamed, ExchangeError> {
    let mut used: Vec<String> = Vec::new();
    let mut found = Renamed { tensors: Foreign::new(), model: FoundModel::default(), left: Vec::new() };
    let is_of_keras = keras::named_it(foreign);
    for stack in if is_of_keras { keras::stacks(foreign)? } else { torch::stacks(foreign)? } {
        let model = &mut found.model;
        let goes_on = stack.cell == model.encoder
            && stack.hidden == model.hidden
            && stack.bidirectional == model.bidirectional
            && stack.reset_before == model.reset_before
            && stack.input == model.hidden * if model.bidirectional { 2 } else { 1 };
        if model.layers > 0 && !goes_on {
            continue;
        }
        if model.layers == 0 {
            *model = FoundModel {
                encoder: stack.cell.into(),
                hidden: stack.hidden,
                bidirectional: stack.bidirectional,
                reset_before: stack.reset_before,
                input: stack.input,
                ..FoundModel::default()
            };
        }
        for (level, direction, name, tensor) in stack.tensors {
            let ours = format!("backbone.encoder.layers.{}.{direction}.{name}", model.layers + level);
            found.tensors.insert(ours, tensor);
        }
        model.layers += stack.layers;
        used.extend(stack.names);
    }
    let width = found.model.hidden * if found.model.bidirectional { 2 } else { 1 };
    let all = if is_of_keras { keras::matrices(foreign) } else { torch::matrices(foreign) };
    let mut matrices: Vec<Matrix> = all.into_iter().filter(|matrix| !used.contains(&matrix.names[0])).collect();
    if let Some(place) = embedding(&matrices, found.model.input, width) {
        let table = matrices.remove(place);
        found.model.tokens = Some(table.weight.shape[0]);
        used.extend(table.names);
        found.tensors.insert("backbone.embedding.weight".into(), table.weight);
    }
    if let Some((hidden, score)) = attention(&matrices, width) {
        found.model.attention = true;
        let places = [(hidden, "pool.hidden"), (score, "pool.score")];
        for (place, ours) in places {
            let linear = &matrices[place];
            found.tensors.insert(format!("{ours}.weight"), transposed(&linear.weight));
            // A bias under a softmax over steps changes nothing.
            if let (Some(bias), "pool.hidden") = (&linear.bias, ours) {
                found.tensors.insert(format!("{ours}.bias"), bias.clone());
            }
            used.extend(linear.names.iter().cloned());
        }
        let mut place = 0;
        matrices.retain(|_| {
            place += 1;
            place - 1 != hidden && place - 1 != score
        });
    }
    if let [head] = &matrices[..]
        && head.weight.shape[1] == width
    {
        let outputs = head.weight.shape[0];
        found.model.outputs = Some(outputs);
        found.tensors.insert("head.weight".into(), transposed(&head.weight));
        found.tensors.insert("head.bias".into(), head.bias.clone().unwrap_or_else(|| zeros(outputs)));
        used.extend(head.names.iter().cloned());
    }
    found.left = foreign.keys().filter(|name| !used.contains(name)).cloned().collect();
    Ok(found)
}

/// Tensors as a model of ours names them: such as they are, or [`renamed`].
///
/// # Errors
///
/// As [`renamed`].
pub fn as_ours(foreign: Foreign) -> Result<Foreign, ExchangeError> {
    match foreign.keys().any(|name| name.contains("backbone.")) {
        true => Ok(foreign),
        false => Ok(renamed(&foreign)?.tensors),
    }
}

/// Where the table of tokens stands: by its name, or the one matrix without a bias that the encoder can read and no
/// head could be.
fn embedding(matrices: &[Matrix], input: usize, width: usize) -> Option<usize> {
    let fits = |matrix: &Matrix| matrix.bias.is_none() && matrix.weight.shape[1] == input;
    let named = matrices.iter().position(|matrix| fits(matrix) && matrix.is_called(&["emb"]));
    let alone = matrices.iter().filter(|matrix| fits(matrix)).count() == 1 && input != width;
    named.or_else(|| matrices.iter().position(fits).filter(|_| alone))
}

/// Where the two layers of an attention stand.
fn attention(matrices: &[Matrix], width: usize) -> Option<(usize, usize)> {
    let place = |rows: usize| {
        matrices.iter().position(|matrix| {
            matrix.weight.shape == [rows, width] && matrix.is_called(&["att", "score", "context", "pool"])
        })
    };
    let hidden = place(width)?;
    let score = place(1).filter(|score| *score != hidden)?;
    Some((hidden, score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::modules;
    use semiseq_models::OtherTensor;

    fn tensor(shape: &[usize]) -> OtherTensor {
        OtherTensor { shape: shape.to_vec(), values: vec![1.0; shape.iter().product()] }
    }

    fn gru(start: &str, input: usize) -> Vec<(String, OtherTensor)> {
        let shapes = [("weight_ih", vec![6, input]), ("weight_hh", vec![6, 2]), ("bias_ih", vec![6])];
        shapes.into_iter().map(|(name, shape)| (format!("{start}{name}_l0"), tensor(&shape))).collect()
    }

    #[test]
    fn modules_of_one_layer_stand_on_top_of_each_other_and_the_rest_is_told() {
        let mut foreign: Foreign = gru("gru1.", 3).into_iter().chain(gru("gru2.", 2)).collect();
        foreign.insert("emb.weight".into(), tensor(&[9, 3]));
        foreign.insert("fc.weight".into(), tensor(&[4, 2]));
        foreign.insert("norm.weight".into(), tensor(&[2]));
        let found = renamed(&foreign).expect("a model");
        assert_eq!((found.model.layers, found.model.tokens, found.model.outputs), (2, Some(9), Some(4)));
        assert_eq!(found.left, ["norm.weight"]);
        assert_eq!(found.tensors["head.weight"].shape, [2, 4]);
        // What the file lacks counts as zero there.
        assert_eq!(found.tensors["head.bias"].values, [0.0; 4]);
        assert_eq!(found.tensors["backbone.encoder.layers.1.forward.bias_hh"].values, [0.0; 6]);
        // Of two linear layers on top of each other none is a head.
        foreign.insert("fc2.weight".into(), tensor(&[5, 4]));
        let found = renamed(&foreign).expect("a model");
        assert_eq!((found.model.outputs, found.left.len()), (None, 3));
        assert_eq!(modules(&found.left), "fc (1), fc2 (1), norm (1)");
    }

    #[test]
    fn what_has_no_counterpart_is_refused_by_name() {
        let mut foreign: Foreign = gru("net.", 3).into_iter().collect();
        foreign.insert("net.weight_hr_l0".into(), tensor(&[1, 2]));
        assert!(renamed(&foreign).expect_err("projections").message.contains("`net.weight_hr_l0`"));
        foreign.remove("net.weight_hr_l0");
        foreign.insert("net.weight_ih_l1".into(), tensor(&[6, 5]));
        assert!(renamed(&foreign).expect_err("a shape").message.contains("`net.weight_ih_l1` is [6, 5]"));
        foreign.insert("net.weight_hh_l0".into(), tensor(&[6, 4]));
        assert!(renamed(&foreign).expect_err("gates").message.contains("1, 3 or 4 gates"));
        assert!(renamed(&Foreign::new()).expect_err("nothing").message.contains("weight_ih_l0"));
    }
}
