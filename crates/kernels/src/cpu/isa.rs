//! The instruction set that all passes use.

use std::sync::LazyLock;

use pulp::Arch;

/// Names a narrower instruction set than the processor's best: to measure and test what other machines have.
const VARIABLE: &str = "SEMISEQ_ISA";
const NAMES: [&str; 2] = ["avx2", "scalar"];

static ARCH: LazyLock<Arch> = LazyLock::new(|| {
    let named = std::env::var(VARIABLE).ok();
    named.and_then(|name| named_arch(&name)).unwrap_or_default()
});

/// The processor's best, or the one that `SEMISEQ_ISA` names.
pub(super) fn arch() -> Arch {
    *ARCH
}

/// The instruction set of that name, if this processor has it.
fn named_arch(name: &str) -> Option<Arch> {
    match name {
        "scalar" => Some(Arch::Scalar),
        #[cfg(target_arch = "x86_64")]
        "avx2" => pulp::x86::V3::try_new().map(Arch::V3),
        _ => None,
    }
}

/// The name of the instruction set that the kernels use on the CPU.
///
/// # Errors
///
/// What is wrong and what to write, where `SEMISEQ_ISA` names an instruction set that is unknown or that this processor
/// does not have.
pub(crate) fn instruction_set() -> Result<&'static str, [String; 2]> {
    if let Ok(name) = std::env::var(VARIABLE)
        && named_arch(&name).is_none()
    {
        return Err([
            format!("{VARIABLE}: this processor has no instruction set `{name}`"),
            format!("write one of {}, or unset it for the processor's best", NAMES.join(", ")),
        ]);
    }
    Ok(match arch() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "avx512",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        _ => "scalar",
    })
}
