//! The recurrent layers that there are: a row each.

use burn::module::Module;
use burn::tensor::Tensor;
use semiseq_kernels::Direction;

use crate::cells::layer::RecurrentLayer;
use crate::cells::state::State;

/// A row is the name in the enum, the layer, and what it is.
macro_rules! registry {
    ($($variant:ident $layer:ty, $summary:literal;)*) => {
        /// A layer of any cell.
        #[derive(Module, Debug)]
        pub enum Layer {
            $(#[doc = $summary] $variant($layer),)*
        }

        $(impl From<$layer> for Layer {
            fn from(layer: $layer) -> Self {
                Self::$variant(layer)
            }
        })*

        impl Layer {
            /// See [`RecurrentLayer::read`].
            pub fn forward(
                &self,
                input: Tensor<3>,
                mask: Option<Tensor<2>>,
                state: Option<State>,
                direction: Direction,
            ) -> (Tensor<3>, State) {
                match self { $(Self::$variant(layer) => layer.read(input, mask, state, direction),)* }
            }

            /// See [`RecurrentLayer::read_with`].
            ///
            /// # Panics
            ///
            /// Where the other direction has another cell.
            pub fn with_backward(
                &self,
                backward: &Self,
                input: Tensor<3>,
                mask: Option<Tensor<2>>,
                states: Option<[State; 2]>,
            ) -> (Tensor<3>, [State; 2]) {
                match (self, backward) {
                    $((Self::$variant(layer), Self::$variant(back)) => layer.read_with(back, input, mask, states),)*
                    _ => panic!("both directions of a layer have the same cell"),
                }
            }
        }
    };
}

registry! {
    Rnn crate::cells::rnn::RnnLayer, "Simple recurrent network.";
    Lstm crate::cells::lstm::LstmLayer, "Long short-term memory.";
    Gru crate::cells::gru::GruLayer, "Gated recurrent unit.";
    MinGru crate::cells::min_gru::MinGruLayer, "Minimal gated recurrent unit.";
    MinLstm crate::cells::min_lstm::MinLstmLayer, "Minimal long short-term memory.";
    Sru crate::cells::sru::SruLayer, "Simple recurrent unit.";
    Qrnn crate::cells::qrnn::QrnnLayer, "Quasi-recurrent network.";
    Lru crate::cells::lru::LruLayer, "Linear recurrent unit.";
    S5 crate::cells::s5::S5Layer, "Simplified state space layer.";
    Slstm crate::cells::slstm::SlstmLayer, "Long short-term memory with exponential gates.";
}
