//! Dropout (Srivastava et al. 2014): each value becomes 0 with a probability, the others grow by `1 / (1 - p)`.

use burn::tensor::{Distribution, Tensor};

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// Drops values of a tensor at random; what is drawn follows from the device's seed.
///
/// On the CPU backends the mask comes from a counter-based generator and is never stored, since drawing each value from
/// Burn's generator takes a good part of a training step.
///
/// # Shapes
///
/// - input and output: any
///
/// # Panics
///
/// If `probability` is not in [0, 1).
pub fn dropout<const D: usize>(input: Tensor<D>, probability: f64) -> Tensor<D> {
    let values = input.shape().num_elements();
    DropoutMask::draw(&input, values, probability).drop(input, 0)
}

/// Which values of a tensor are dropped, drawn once for parts of it that lie on several devices.
#[derive(Clone, Debug)]
pub struct DropoutMask {
    probability: f64,
    drawn: Drawn,
}

#[derive(Clone, Debug)]
enum Drawn {
    /// From which the CPU backends make the mask where they apply it.
    #[cfg(feature = "cpu")]
    Seed(u64, burn::tensor::Device),
    /// 1 where a value is kept, of the whole tensor row by row, `[values]`.
    Kept(Tensor<1>),
}

impl DropoutMask {
    /// Draws from the generator of `like`'s device, for a tensor of so many values, of its type.
    ///
    /// # Panics
    ///
    /// If `probability` is not in [0, 1).
    pub fn draw<const D: usize>(like: &Tensor<D>, values: usize, probability: f64) -> Self {
        assert!((0.0..1.0).contains(&probability), "a probability of dropout must be in [0, 1), got {probability}");
        #[cfg(feature = "cpu")]
        if place(like) == Place::Cpu {
            return Self { probability, drawn: Drawn::Seed(drawn_seed(like), like.device()) };
        }
        let (distribution, options) = (Distribution::Bernoulli(1.0 - probability), (&like.device(), like.dtype()));
        Self { probability, drawn: Drawn::Kept(Tensor::random([values], distribution, options)) }
    }

    /// Drops values of a part that begins with value `first` of the whole, row by row. It may lie on another device.
    ///
    /// # Shapes
    ///
    /// - input and output: any
    pub fn drop<const D: usize>(&self, input: Tensor<D>, first: usize) -> Tensor<D> {
        let (shape, device) = (input.shape(), input.device());
        match &self.drawn {
            #[cfg(feature = "cpu")]
            Drawn::Seed(seed, _) if place(&input) == Place::Cpu => self.drop_here(input, *seed, first),
            #[cfg(feature = "cpu")]
            Drawn::Seed(seed, drawn_on) => {
                let ones = Tensor::<1>::ones([shape.num_elements()], drawn_on);
                let kept = self.drop_here(ones, *seed, first);
                let kept = kept.to_device(&device).reshape(shape).cast(input.dtype());
                input * kept
            }
            Drawn::Kept(kept) => {
                let kept = kept.clone().narrow(0, first, shape.num_elements()).to_device(&device).reshape(shape);
                input * kept * (1.0 / (1.0 - self.probability))
            }
        }
    }

    /// Drops values in this process's memory.
    #[cfg(feature = "cpu")]
    fn drop_here<const D: usize>(&self, input: Tensor<D>, seed: u64, first: usize) -> Tensor<D> {
        use burn::backend::Dispatch;

        use crate::ops::{DropoutOps, Drops};

        let (probability, scale) = (self.probability, (1.0 / (1.0 - self.probability)) as f32);
        let drops = Drops { seed, first, probability, scale };
        Tensor::from_dispatch(<Dispatch as DropoutOps>::dropout(input.into_dispatch(), drops))
    }
}

/// 64 bits from the device's generator.
#[cfg(feature = "cpu")]
fn drawn_seed<const D: usize>(input: &Tensor<D>) -> u64 {
    /// What one draw gives, and how many there are.
    const BITS: u32 = 16;
    const DRAWS: usize = 4;
    let range = f64::from(1 << BITS);
    let drawn: Tensor<1> = Tensor::random([DRAWS], Distribution::Uniform(0.0, range), &input.device());
    drawn.into_data().iter::<f32>().fold(0, |seed: u64, part| (seed << BITS) ^ part as u64)
}
