//! What is measured.

use std::fmt;
use std::str::FromStr;

/// `[batch, time, input, hidden]`
pub const SHAPES: [[usize; 4]; 6] = [
    [32, 100, 64, 128],
    [64, 128, 128, 256],
    [32, 28, 28, 50],
    [1, 1000, 64, 256],
    [256, 50, 32, 64],
    [16, 400, 256, 512],
];
/// Of a cell that is parallel in time, and of the LSTM beside it: series, and vectors of words.
const LONG: [[usize; 4]; 3] = [[32, 512, 4, 128], [32, 512, 64, 128], [32, 512, 64, 256]];
/// What a process has run before its memory is measured.
pub const TINY: [usize; 4] = [2, 2, 4, 4];
pub const CELLS: [&str; 3] = ["lstm", "gru", "rnn"];
/// Reads the input alone; neither Burn nor PyTorch has one.
pub const MIN_GRU: &str = "min-gru";

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    pub cell: &'static str,
    pub shape: [usize; 4],
    pub bidirectional: bool,
    /// Forward and backward, with gradients of input and weights; otherwise forward alone, without autodiff.
    pub train: bool,
}

impl Case {
    pub fn gates(&self) -> usize {
        match self.cell {
            "lstm" => 4,
            "gru" => 3,
            MIN_GRU => 2,
            _ => 1,
        }
    }

    /// Whether Burn and PyTorch have the cell.
    pub fn has_peers(&self) -> bool {
        self.cell != MIN_GRU
    }

    /// Multiplications and additions of the matrix products: forward, and twice that backward.
    pub fn operations(&self) -> f64 {
        let [batch, time, input, hidden] = self.shape.map(|size| size as f64);
        let passes = if self.train { 3.0 } else { 1.0 };
        let directions = if self.bidirectional { 2.0 } else { 1.0 };
        let read = if self.cell == MIN_GRU { input } else { input + hidden };
        2.0 * passes * directions * batch * time * self.gates() as f64 * hidden * read
    }

    /// Values that a step multiplies by the state before it, of all directions.
    pub fn recurrent_weights(&self) -> usize {
        let [_, _, _, hidden] = self.shape;
        self.gates() * hidden * hidden * if self.bidirectional { 2 } else { 1 }
    }

    pub fn pass(&self) -> &'static str {
        if self.train { "train" } else { "forward" }
    }

    /// As the PyTorch side and the memory run read it.
    pub fn fields(&self) -> String {
        let [batch, time, input, hidden] = self.shape;
        let directions = if self.bidirectional { 2 } else { 1 };
        format!("{} {batch} {time} {input} {hidden} {directions} {}", self.cell, self.pass())
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        all().into_iter().find(|case| case.fields() == text).ok_or_else(|| format!("there is no case `{text}`"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directions = if self.bidirectional { "both" } else { "one" };
        write!(f, "{} {:?} {directions} {}", self.cell, self.shape, self.pass())
    }
}

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for cell in CELLS {
        for bidirectional in [false, true] {
            for shape in SHAPES {
                cases.extend([false, true].map(|train| Case { cell, shape, bidirectional, train }));
            }
        }
    }
    for cell in ["lstm", MIN_GRU] {
        for shape in LONG {
            cases.extend([false, true].map(|train| Case { cell, shape, bidirectional: false, train }));
        }
    }
    cases
}
