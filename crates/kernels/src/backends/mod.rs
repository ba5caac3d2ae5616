//! The fused operations on each backend that has them, and their derivatives.

#[cfg(feature = "cpu")]
mod autodiff;
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
#[cfg(feature = "cpu")]
mod host;
#[cfg(feature = "cpu")]
mod mean;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "gpu")]
mod scan_autodiff;
#[cfg(feature = "cpu")]
mod squared_error;
#[cfg(feature = "cpu")]
mod tanh;
#[cfg(feature = "cpu")]
mod weights;
