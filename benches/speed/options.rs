//! The command line.

use std::path::PathBuf;

use semiseq_kernels::{Backend, BackendError};

/// Times the recurrent layers and whole training steps beside Burn's own modules and PyTorch
#[derive(clap::Parser)]
#[command(name = "bench")]
pub struct Options {
    /// Folder that gets `bench.md` and `bench.json`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the cases whose name (`lstm [32, 100, 64, 128] both train`, `mnist-rows stage 1`) holds the text
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub filter: String,
    /// A Python interpreter that has PyTorch, to be timed beside us
    #[arg(long, value_name = "PYTHON")]
    pub torch: Option<String>,
    /// Fewer rounds, and no memory
    #[arg(long)]
    pub quick: bool,
    /// Leave Burn's own modules out, which take many times as long on a card
    #[arg(long)]
    pub without_burn: bool,
    /// Time training with gradient checkpointing too
    #[arg(long)]
    pub checkpointing: bool,
    /// This backend alone, without memory; absent: flex, with Burn's own modules on every CPU backend of the build. On
    /// a GPU, PyTorch takes the card too where it finds one (cuDNN), and the matrix product is the card's
    #[arg(long, value_name = "NAME", value_parser = backend)]
    pub backend: Option<Backend>,
    /// Use a narrower instruction set than the processor's best, PyTorch too; Burn's own products keep to the best
    #[arg(long, value_name = "NAME", value_parser = ["avx2"])]
    pub isa: Option<String>,
    /// Cargo says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    pub fn on_gpu(&self) -> bool {
        matches!(self.backend, Some(Backend::Wgpu | Backend::Cuda))
    }

    /// The processes that measure it know the sides of a whole run alone.
    pub fn memory(&self) -> bool {
        !self.quick && self.backend.is_none()
    }
}

fn backend(name: &str) -> Result<Backend, BackendError> {
    name.parse()
}
