//! Recurrent states in a checkpoint, with all their bits.

use burn::tensor::{Device, Tensor, TensorData};
use semiseq_models::State;
use serde::{Deserialize, Serialize};

/// A state that an objective carries from one step to the next.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedState {
    hidden: Saved,
    cell: Option<Saved>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Saved {
    shape: [usize; 2],
    bits: Vec<u32>,
}

impl SavedState {
    pub fn of(state: &State) -> Self {
        Self { hidden: Saved::of(&state.hidden), cell: state.cell.as_ref().map(Saved::of) }
    }

    pub fn load(self, device: &Device) -> State {
        State { hidden: self.hidden.load(device), cell: self.cell.map(|cell| cell.load(device)) }
    }
}

impl Saved {
    fn of(tensor: &Tensor<2>) -> Self {
        let data = tensor.clone().into_data();
        Self { shape: tensor.dims(), bits: data.iter::<f32>().map(f32::to_bits).collect() }
    }

    fn load(self, device: &Device) -> Tensor<2> {
        let values: Vec<f32> = self.bits.into_iter().map(f32::from_bits).collect();
        Tensor::from_data(TensorData::new(values, self.shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_with_all_its_bits() {
        let device = Device::flex();
        let state = State { hidden: Tensor::from_data([[0.1f32, 1.0 / 3.0]], &device), cell: None };
        let text = serde_json::to_string(&SavedState::of(&state)).unwrap();
        let read: SavedState = serde_json::from_str(&text).unwrap();
        assert_eq!(SavedState::of(&read.load(&device)), SavedState::of(&state));
    }
}
