//! The fused operation on each backend that has one, and its derivative.

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod autodiff;
#[cfg(feature = "flex")]
mod flex;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod host;
#[cfg(feature = "ndarray")]
mod ndarray;
