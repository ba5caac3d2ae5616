//! The fused operations against the composed ones, on every backend of this build.

mod both;
mod common;
mod conformance;
mod cross_entropy;
mod dropout;
mod embedding;
mod fused;
mod isa;
mod mean;
mod scan;
mod squared_error;
mod tanh;
mod weights;
