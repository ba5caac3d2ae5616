//! PyTorch's names: `weight_ih_l0` and those beside it are a recurrent module, matrices are embeddings and linear
//! layers.

use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::layers::WEIGHTS;
use crate::parts::{Matrix, Stack, zeros};
use crate::tensors::Foreign;

/// All recurrent modules in the order of their names.
pub(crate) fn stacks(foreign: &Foreign) -> Result<Vec<Stack>, ExchangeError> {
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
    let reset_before = (cell == "gru").then_some(false);
    let mut stack =
        Stack { cell, reset_before, input, hidden, layers, bidirectional, tensors: Vec::new(), names: Vec::new() };
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

/// What may be an embedding or a linear layer.
pub(crate) fn matrices(foreign: &Foreign) -> Vec<Matrix> {
    let plain = |name: &str| name == "weight" || name.ends_with(".weight");
    let matrices =
        foreign.iter().filter(|(name, tensor)| plain(name) && tensor.shape.len() == 2 && !tensor.shape.contains(&0));
    matrices
        .map(|(name, weight)| {
            let bias_name = format!("{}bias", name.trim_end_matches("weight"));
            let bias: Option<&OtherTensor> = foreign.get(&bias_name).filter(|bias| bias.shape == weight.shape[..1]);
            Matrix { names: vec![name.clone(), bias_name], weight: weight.clone(), bias: bias.cloned() }
        })
        .collect()
}
