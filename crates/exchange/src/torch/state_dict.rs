//! A network's tensors by the names that the module in `module.py` has for them.

use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::layers::{Cell, Linear, WEIGHTS};
use crate::network::Network;

/// In the order of the modules.
///
/// # Errors
///
/// Where PyTorch has no such layer.
pub(super) fn state_dict(network: &Network) -> Result<Vec<(String, OtherTensor)>, ExchangeError> {
    if network.cell == (Cell::Gru { reset_before: true }) {
        return Err(ExchangeError::new(
            "`encoder.gru.reset = \"before\"`: PyTorch's `nn.GRU` resets after the recurrent product",
            "`--format onnx` has both, `safetensors` and `burnpack` hold any model",
        ));
    }
    let mut tensors = Vec::new();
    let mut add = |name: &str, tensor: &OtherTensor| tensors.push((name.to_string(), tensor.clone()));
    if let Some(table) = &network.embedding {
        add("embedding.weight", table);
    }
    for (level, directions) in network.layers.iter().enumerate() {
        for (weights, ending) in directions.iter().zip(["", "_reverse"]) {
            for (name, tensor) in WEIGHTS.iter().zip(weights) {
                add(&format!("encoder.{name}_l{level}{ending}"), tensor);
            }
        }
    }
    let mut linear = |name: &str, linear: &Linear| {
        tensors.push((format!("{name}.weight"), transposed(&linear.weight)));
        if let Some(bias) = &linear.bias {
            tensors.push((format!("{name}.bias"), bias.clone()));
        }
    };
    if let Some((hidden, score)) = &network.attention {
        linear("attention", hidden);
        linear("score", score);
    }
    linear("head", &network.head);
    Ok(tensors)
}

/// A matrix with rows for columns: a linear layer of PyTorch is `[outputs, inputs]`, Burn's the other way round.
pub(crate) fn transposed(matrix: &OtherTensor) -> OtherTensor {
    let [rows, columns] = matrix.shape[..] else { return matrix.clone() };
    let values = (0..columns).flat_map(|column| (0..rows).map(move |row| matrix.values[row * columns + column]));
    OtherTensor { shape: vec![columns, rows], values: values.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let matrix = OtherTensor { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let expected = OtherTensor { shape: vec![3, 2], values: vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0] };
        assert_eq!(transposed(&matrix), expected);
    }
}
