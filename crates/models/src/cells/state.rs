//! The state of a recurrent layer between two steps.

use burn::tensor::{Int, Tensor};

/// The state of a layer between two steps.
#[derive(Clone, Debug)]
pub struct State {
    /// `h`, `[batch, hidden]`; of QRNN and SRU `c`, of LRU and S5 real parts, then imaginary ones.
    pub hidden: Tensor<2>,
    /// What else the cell carries: `c` of an LSTM, `[batch, hidden]`; `c`, `n` and `m` of an sLSTM beside each other;
    /// the steps that a QRNN's convolution looks back on.
    pub cell: Option<Tensor<2>>,
}

impl State {
    /// The states of chosen rows, in that order, with repetition.
    pub fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self {
            hidden: self.hidden.clone().select(0, rows.clone()),
            cell: self.cell.clone().map(|cell| cell.select(0, rows)),
        }
    }

    /// The same values, through which no gradient goes.
    pub fn detach(self) -> Self {
        Self { hidden: self.hidden.detach(), cell: self.cell.map(Tensor::detach) }
    }
}
