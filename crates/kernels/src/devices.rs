//! Which backends this build holds, and how a config's name becomes a device.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

/// A backend that a build may hold; each is a cargo feature of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Burn's own CPU backend, the default.
    Flex,
    /// CPU through the `ndarray` crate; Burn calls it deprecated.
    NdArray,
    /// GPUs through Vulkan, Metal, DirectX or WebGPU.
    Wgpu,
    /// NVIDIA GPUs through CUDA.
    Cuda,
}

/// Why there is no device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Backend {
    /// All backends that semiseq can be built with.
    pub const ALL: [Self; 4] = [Self::Flex, Self::NdArray, Self::Wgpu, Self::Cuda];

    /// The name in configs and of the cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::NdArray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }

    /// What it runs on.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Flex => "CPU, Burn's own kernels (default)",
            Self::NdArray => "CPU, through the ndarray crate",
            Self::Wgpu => "GPU through Vulkan, Metal, DirectX or WebGPU",
            Self::Cuda => "NVIDIA GPU through CUDA",
        }
    }

    /// Whether this build holds it.
    pub fn is_compiled(self) -> bool {
        match self {
            Self::Flex => cfg!(feature = "flex"),
            Self::NdArray => cfg!(feature = "ndarray"),
            Self::Wgpu => cfg!(feature = "wgpu"),
            Self::Cuda => cfg!(feature = "cuda"),
        }
    }

    /// The backends of this build.
    pub fn compiled() -> Vec<Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_compiled()).collect()
    }

    /// What each of its devices is called, in the order of their numbers; nothing where this build does not hold the
    /// backend. A GPU is opened to ask for its name.
    pub fn devices(self) -> Vec<String> {
        match self {
            _ if !self.is_compiled() => Vec::new(),
            Self::Flex | Self::NdArray => vec![cpu()],
            Self::Wgpu | Self::Cuda => gpus(self),
        }
    }

    /// A device by its number; CPU backends have one, 0.
    ///
    /// # Errors
    ///
    /// Where the backend is not in this build, or the number is not 0 on a CPU backend.
    pub fn device(self, index: usize) -> Result<Device, BackendError> {
        if !self.is_compiled() {
            return Err(BackendError {
                message: format!("the backend `{self}` is not in this build"),
                hint: format!("build with `cargo build --release --features {self}`; `cargo xtask` does so by itself"),
            });
        }
        if index > 0 && matches!(self, Self::Flex | Self::NdArray) {
            return Err(BackendError {
                message: format!("the backend `{self}` has no device {index}"),
                hint: "a CPU backend has one device, 0, whatever the cores: write `devices = [0]`".into(),
            });
        }
        Ok(open(self, index))
    }
}

/// What this machine's processor has of that which the kernels can use: widths of vectors, fused products.
pub fn processor_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let known = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(target_arch = "aarch64")]
    let known = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let known: [(&str, bool); 0] = [];
    known.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
}

/// The instruction set that the kernels use on the CPU: `avx512`, `avx2`, `neon` or `scalar`; none in a build without
/// a CPU backend. The processor's best, or the narrower one that the environment variable `SEMISEQ_ISA` names.
///
/// # Errors
///
/// Where `SEMISEQ_ISA` names an instruction set that is unknown or that this processor does not have; the kernels then
/// use the best.
pub fn instruction_set() -> Result<Option<&'static str>, BackendError> {
    #[cfg(feature = "cpu")]
    return crate::cpu::instruction_set().map(Some).map_err(|[message, hint]| BackendError { message, hint });
    #[cfg(not(feature = "cpu"))]
    Ok(None)
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        Self::ALL.into_iter().find(|backend| backend.name() == name).ok_or_else(|| BackendError {
            message: format!("there is no backend `{name}`"),
            hint: "known backends: flex, ndarray, wgpu, cuda".into(),
        })
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BackendError {}

#[allow(unused_variables, unreachable_patterns, reason = "which arms exist depends on the features")]
#[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
fn open(backend: Backend, index: usize) -> Device {
    match backend {
        #[cfg(feature = "flex")]
        Backend::Flex => Device::flex(),
        #[cfg(feature = "ndarray")]
        Backend::NdArray => Device::ndarray(),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Device::wgpu(match index {
            0 => burn::tensor::DeviceKind::DefaultDevice,
            index => burn::tensor::DeviceKind::DiscreteGpu(index - 1),
        }),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Device::cuda(index),
        // Asked for only where `is_compiled` said yes.
        _ => Device::default(),
    }
}

#[cfg(feature = "cpu")]
fn cpu() -> String {
    match rayon::current_num_threads() {
        1 => "CPU, one thread".into(),
        threads => format!("CPU, {threads} threads"),
    }
}

#[cfg(not(feature = "cpu"))]
fn cpu() -> String {
    String::new()
}

/// The names of a backend's cards. A driver that panics has none.
#[cfg(feature = "gpu")]
fn gpus(backend: Backend) -> Vec<String> {
    let kind = match backend {
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => burn::tensor::DeviceType::Wgpu,
        #[cfg(feature = "cuda")]
        Backend::Cuda => burn::tensor::DeviceType::Cuda,
        _ => return Vec::new(),
    };
    let named = || {
        let devices = Device::enumerate(kind).into_iter();
        devices.map(|device| device.identity().map_or_else(|| format!("{device:?}"), |card| card.name)).collect()
    };
    std::panic::catch_unwind(named).unwrap_or_default()
}

#[cfg(not(feature = "gpu"))]
fn gpus(_: Backend) -> Vec<String> {
    Vec::new()
}
