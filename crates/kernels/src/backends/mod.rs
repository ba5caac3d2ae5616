//! The fused operations on each backend that has them, and their derivatives.

#[cfg(feature = "cpu")]
mod cpu_autodiff;
#[cfg(feature = "cpu")]
mod cross_entropy;
#[cfg(feature = "gpu")]
mod cube;
#[cfg(feature = "cpu")]
mod dropout;
#[cfg(feature = "cpu")]
mod embedding;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "gpu")]
mod gpu_autodiff;
#[cfg(feature = "cpu")]
mod mean;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "cpu")]
mod scan;
#[cfg(feature = "cpu")]
mod slices;
#[cfg(feature = "cpu")]
mod squared_error;
#[cfg(feature = "cpu")]
mod tanh;
#[cfg(feature = "cpu")]
mod weights;
