//! Another program's names of tensors, mapped to ours: `nn.RNN`, `nn.LSTM` or `nn.GRU`, `nn.Embedding`, an attention of
//! two `nn.Linear` and an `nn.Linear` as head, whatever the modules around them are called.

use std::collections::BTreeMap;

use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::layers::WEIGHTS;
use crate::tensors::Foreign;
use crate::torch::transposed;

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

/// What a state dict holds.
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
/// Where there is no recurrent module, its shapes are none of the three cells, or it has projections.
pub fn renamed(foreign: &Foreign) -> Result<Renamed, ExchangeError> {
    let mut used: Vec<String> = Vec::new();
    let mut found = Renamed { tensors: Foreign::new(), model: FoundModel::default(), left: Vec::new() };
    for stack in stacks(foreign)? {
        let model = &mut found.model;
        let goes_on = stack.cell == model.encoder
            && stack.hidden == model.hidden
            && stack.bidirectional == model.bidirectional
            && stack.input == model.hidden * if model.bidirectional { 2 } else { 1 };
        if model.layers > 0 && !goes_on {
            continue;
        }
        if model.layers == 0 {
            *model = FoundModel {
                encoder: stack.cell.into(),
                hidden: stack.hidden,
                bidirectional: stack.bidirectional,
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
    let mut matrices = matrices(foreign, &used);
    if let Some(place) = embedding(&matrices, found.model.input, width) {
        let table = matrices.remove(place);
        found.model.tokens = Some(table.weight.shape[0]);
        used.push(table.weight_name);
        found.tensors.insert("backbone.embedding.weight".into(), table.weight.clone());
    }
    if let Some((hidden, score)) = attention(&matrices, width) {
        found.model.attention = true;
        let places = [(hidden, "pool.hidden"), (score, "pool.score")];
        for (place, ours) in places {
            let linear = &matrices[place];
            found.tensors.insert(format!("{ours}.weight"), transposed(linear.weight));
            // A bias under a softmax over steps changes nothing.
            if let (Some(bias), "pool.hidden") = (linear.bias, ours) {
                found.tensors.insert(format!("{ours}.bias"), bias.clone());
            }
            used.extend(linear.names());
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
        found.tensors.insert("head.weight".into(), transposed(head.weight));
        found.tensors.insert("head.bias".into(), head.bias.cloned().unwrap_or_else(|| zeros(outputs)));
        used.extend(head.names());
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

/// A recurrent module.
struct Stack {
    cell: &'static str,
    input: usize,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
    /// Level, direction, our name, numbers.
    tensors: Vec<(usize, &'static str, &'static str, OtherTensor)>,
    names: Vec<String>,
}

/// All recurrent modules in the order of their names.
fn stacks(foreign: &Foreign) -> Result<Vec<Stack>, ExchangeError> {
    const FIRST: &str = "weight_ih_l0";
    let starts = foreign.keys().filter_map(|name| name.strip_suffix(FIRST));
    let stacks: Vec<Stack> = starts.map(|start| stack(foreign, start)).collect::<Result<_, _>>()?;
    if stacks.is_empty() {
        return Err(ExchangeError::new(
            "there is no tensor `weight_ih_l0` of `nn.RNN`, `nn.LSTM` or `nn.GRU`",
            "only models with one of these can become one of semiseq's",
        ));
    }
    Ok(stacks)
}

/// The recurrent module whose names begin with `start`.
fn stack(foreign: &Foreign, start: &str) -> Result<Stack, ExchangeError> {
    let refused =
        |reason: String| ExchangeError::new(reason, "save the state dict of a plain `nn.RNN`, `nn.LSTM` or `nn.GRU`");
    if foreign.contains_key(&format!("{start}weight_hr_l0")) {
        return Err(refused(format!("`{start}weight_hr_l0`: an `nn.LSTM` with `proj_size` has no counterpart")));
    }
    let shape = |name: &str| foreign.get(name).map(|tensor| tensor.shape.clone());
    let (first, second) = (format!("{start}weight_ih_l0"), format!("{start}weight_hh_l0"));
    let (Some([rows, input]), Some([same, hidden])) = (
        shape(&first).and_then(|shape| <[usize; 2]>::try_from(shape).ok()),
        shape(&second).and_then(|shape| <[usize; 2]>::try_from(shape).ok()),
    ) else {
        return Err(refused(format!("`{first}` and `{second}` are no two matrices")));
    };
    let cell = match (rows == same && hidden > 0, rows.checked_div(hidden), rows.checked_rem(hidden)) {
        (true, Some(1), Some(0)) => "rnn",
        (true, Some(3), Some(0)) => "gru",
        (true, Some(4), Some(0)) => "lstm",
        _ => return Err(refused(format!("`{second}` of [{same}, {hidden}] is of no cell with 1, 3 or 4 gates"))),
    };
    let layers = (0..).take_while(|level| foreign.contains_key(&format!("{start}weight_ih_l{level}"))).count();
    let bidirectional = foreign.contains_key(&format!("{start}weight_ih_l0_reverse"));
    let directions = [("forward", ""), ("backward", "_reverse")];
    let directions = &directions[..if bidirectional { 2 } else { 1 }];
    let mut stack = Stack { cell, input, hidden, layers, bidirectional, tensors: Vec::new(), names: Vec::new() };
    for level in 0..layers {
        let below = if level == 0 { input } else { hidden * directions.len() };
        for (direction, ending) in directions {
            let shapes = [vec![rows, below], vec![rows, hidden], vec![rows], vec![rows]];
            for (name, wanted) in WEIGHTS.into_iter().zip(shapes) {
                let theirs = format!("{start}{name}_l{level}{ending}");
                let tensor = match foreign.get(&theirs) {
                    Some(tensor) if tensor.shape == wanted => tensor.clone(),
                    Some(tensor) => {
                        return Err(refused(format!("`{theirs}` is {:?}, and should be {wanted:?}", tensor.shape)));
                    }
                    None if wanted.len() == 1 => zeros(rows),
                    None => return Err(refused(format!("`{theirs}` is missing"))),
                };
                stack.tensors.push((level, direction, name, tensor));
                stack.names.push(theirs);
            }
        }
    }
    Ok(stack)
}

fn zeros(size: usize) -> OtherTensor {
    OtherTensor { shape: vec![size], values: vec![0.0; size] }
}

/// A matrix, and the bias beside it.
struct Matrix<'a> {
    weight_name: String,
    weight: &'a OtherTensor,
    bias: Option<&'a OtherTensor>,
}

impl Matrix<'_> {
    fn bias_name(&self) -> String {
        format!("{}bias", self.weight_name.trim_end_matches("weight"))
    }

    fn names(&self) -> [String; 2] {
        [self.weight_name.clone(), self.bias_name()]
    }

    fn is_called(&self, parts: &[&str]) -> bool {
        let name = self.weight_name.to_lowercase();
        parts.iter().any(|part| name.contains(part))
    }
}

/// What may be an embedding or a linear layer.
fn matrices<'a>(foreign: &'a Foreign, used: &[String]) -> Vec<Matrix<'a>> {
    let plain = |name: &str| name == "weight" || name.ends_with(".weight");
    let free = foreign.iter().filter(|(name, tensor)| {
        plain(name) && tensor.shape.len() == 2 && !used.contains(name) && !tensor.shape.contains(&0)
    });
    free.map(|(name, weight)| {
        let matrix = Matrix { weight_name: name.clone(), weight, bias: None };
        let bias = foreign.get(&matrix.bias_name()).filter(|bias| bias.shape == weight.shape[..1]);
        Matrix { bias, ..matrix }
    })
    .collect()
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

/// The tensors of each module, for messages: `lstm (8), fc (2)`.
pub fn modules(names: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.rsplit_once('.').map_or(name, |(module, _)| module)).or_default() += 1;
    }
    counts.iter().map(|(module, count)| format!("{module} ({count})")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
