//! A narrower instruction set than the processor's best, for both sides, as machines without AVX-512 have.
//!
//! Libraries read it from the environment as they start, so that the benchmark runs itself anew.

use std::process::Command;

use semiseq_kernels::instruction_set;

const OURS: &str = "SEMISEQ_ISA";
/// What PyTorch's own kernels, oneDNN and MKL read, and what each calls AVX2.
const THEIRS: [(&str, &str); 3] =
    [("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("MKL_ENABLE_INSTRUCTIONS", "AVX2")];

/// Whether this process has been told already.
pub fn is_narrowed() -> bool {
    std::env::var_os(OURS).is_some()
}

/// Runs this program with the same arguments on the instruction set of that name; its exit status.
pub fn run_narrowed(name: &str) -> Result<i32, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program's own file: {error}"))?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env(OURS, name).envs(THEIRS);
    let status = command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    Ok(status.code().unwrap_or(1))
}

/// What the kernels use.
pub fn used() -> Result<String, String> {
    let name = instruction_set().map_err(|error| format!("{error}; {}", error.hint))?;
    Ok(name.unwrap_or("no CPU kernels").into())
}
