//! The vectors of tokens.

use burn::tensor::{Int, Tensor};

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// Rows of a table, one for each token.
///
/// # Shapes
///
/// - table: `[vocabulary, width]`, tokens: `[batch, time]`
/// - output: `[batch, time, width]`
///
/// # Panics
///
/// On the CPU backends, if a token is not one of the table's.
pub fn embedding(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<3> {
    #[cfg(feature = "cpu")]
    if tokens.dims().iter().product::<usize>() > 0 && place(&table) == Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::EmbeddingOps;

        let ([batch, time], [vocabulary, width]) = (tokens.dims(), table.dims());
        let tokens = super::on_cpu::numbers(tokens, vocabulary, "a token must be one of the table's");
        let vectors: Tensor<2> =
            Tensor::from_dispatch(<Dispatch as EmbeddingOps>::embedding(table.into_dispatch(), tokens));
        return vectors.reshape([batch, time, width]);
    }
    burn::tensor::module::embedding(table, tokens)
}
