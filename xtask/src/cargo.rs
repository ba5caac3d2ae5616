//! Calls of cargo.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backend;

/// The workspace, wherever in it the command was given. Cargo says where when it runs us: two clones may share what is
/// built.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// A line on standard error. Where nobody reads it any more (`2>&1 | head`), the work goes on.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line on standard output, likewise.
pub fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Runs cargo and gives its exit status.
fn cargo(arguments: &[&str]) -> u8 {
    tell(&format!("+ cargo {}", arguments.join(" ")));
    run(Command::new(env!("CARGO")).args(arguments).current_dir(root()))
}

/// Runs a command and gives its exit status.
pub fn run(command: &mut Command) -> u8 {
    match command.status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        Err(error) => {
            tell(&format!("error: {} cannot be started: {error}", command.get_program().to_string_lossy()));
            1
        }
    }
}

/// The features for tests and lints: what was asked for, or all that this machine can run.
pub fn features(asked: Option<&str>) -> String {
    let names = match asked {
        Some(names) => names.to_string(),
        None if has_vulkan() => "flex,ndarray,wgpu".to_string(),
        None => {
            tell(
                "note: no Vulkan loader (libvulkan.so.1) on this machine, so wgpu is left out; on Debian: apt-get \
                 install libvulkan1 mesa-vulkan-drivers",
            );
            "flex,ndarray".to_string()
        }
    };
    names.split(',').map(|name| format!("semiseq/{}", name.trim())).collect::<Vec<_>>().join(",")
}

fn has_vulkan() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let loader = Command::new("ldconfig").arg("-p").output();
    loader.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("libvulkan.so.1"))
}

/// All tests. Optimised, since they train.
pub fn test(asked: Option<&str>, filter: Option<&str>) -> u8 {
    let features = features(asked);
    let mut arguments = vec!["test", "--release", "--workspace", "--features", &features];
    // Formats that are off by default, apart from all else: Burn would be compiled again with what their crates switch
    // on.
    let formats =
        ["semiseq-files/parquet", "semiseq-files/arrow", "semiseq-datasets/parquet", "semiseq-datasets/arrow"]
            .join(",");
    let mut apart = vec!["test", "--release", "-p", "semiseq-files", "-p", "semiseq-datasets", "--features", &formats];
    if let Some(filter) = filter {
        arguments.extend(["--", filter]);
        apart.extend(["--", filter]);
    }
    match cargo(&arguments) {
        0 => cargo(&apart),
        failed => failed,
    }
}

/// Format and clippy; on the CPU backends unless asked otherwise, since checking the GPU backends compiles
/// them once more.
pub fn lint(asked: Option<&str>) -> u8 {
    let features = features(Some(asked.unwrap_or("flex,ndarray")));
    let format = cargo(&["fmt", "--all", "--check"]);
    if format != 0 {
        return format;
    }
    cargo(&["clippy", "--release", "--workspace", "--all-targets", "--features", &features, "--", "-D", "warnings"])
}

/// Checks that the cuda backend compiles, which needs neither a card nor CUDA's tools.
pub fn check_cuda() -> u8 {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let arguments = ["check", "--release", "--workspace", "--features", "semiseq/cuda"];
    // A crate under CubeCL would fetch LLVM while it is built; types are checked without it, as on docs.rs.
    tell(&format!("+ DOCS_RS=1 cargo {}", arguments.join(" ")));
    run(Command::new(env!("CARGO")).env("DOCS_RS", "1").args(arguments).current_dir(root()))
}

/// The benchmarks, on the CPU backends.
pub fn bench(rest: &[String]) -> u8 {
    let named = rest.iter().position(|argument| argument == "--backend").and_then(|place| rest.get(place + 1));
    // Flex measures the machine's own limit beside any CPU backend.
    let features = features(Some(&named.map_or_else(|| "flex,ndarray".to_string(), |name| format!("flex,{name}"))));
    let mut arguments = vec!["bench", "--workspace", "--bench", "speed", "--features", &features, "--"];
    let rest = with_absolute_out(rest);
    arguments.extend(rest.iter().map(String::as_str));
    cargo(&arguments)
}

/// The same arguments with a whole path behind `--out`: cargo runs a benchmark in its crate's folder, not
/// where the user stands.
fn with_absolute_out(arguments: &[String]) -> Vec<String> {
    let mut result: Vec<String> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let is_out = result.last().is_some_and(|before| before == "--out");
        let path = std::path::absolute(argument).ok().filter(|_| is_out);
        result.push(path.map_or_else(|| argument.clone(), |path| path.display().to_string()));
    }
    result
}

/// The documentation of our own crates; a link that leads nowhere is an error.
pub fn api_doc() -> u8 {
    let arguments = ["doc", "--release", "--workspace", "--no-deps"];
    tell(&format!("+ RUSTDOCFLAGS='-D warnings' cargo {}", arguments.join(" ")));
    run(Command::new(env!("CARGO")).env("RUSTDOCFLAGS", "-D warnings").args(arguments).current_dir(root()))
}

/// A tool of this version below `target/tools`, installed where it is not; cargo's status where that fails.
pub fn install(root: &Path, name: &str, version: &str, features: &[&str]) -> Result<PathBuf, u8> {
    let folder = root.join("target/tools");
    let program = folder.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let said = Command::new(&program).arg("--version").output();
    if said.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(version)) {
        return Ok(program);
    }
    let folder = folder.display().to_string();
    let arguments = [&["install", name, "--version", version, "--locked", "--root", &folder], features].concat();
    match cargo(&arguments) {
        0 => Ok(program),
        failed => Err(failed),
    }
}

/// Builds `semiseq` with the backend that the arguments ask for, and runs it with them.
pub fn product(arguments: &[String]) -> u8 {
    match program(&backend::wanted(arguments)) {
        Ok(program) => become_program(Command::new(program).args(arguments).env("SEMISEQ_CALLED_AS", "cargo xtask")),
        Err(status) => status,
    }
}

/// The program with a backend, built where it is not; cargo's status where that fails.
pub fn program(backend: &str) -> Result<PathBuf, u8> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    // One folder a backend, so that going back and forth between two never links again.
    let folder = if backend == "flex" { target } else { target.join(backend) };
    let program = folder.join("release").join(if cfg!(windows) { "semiseq.exe" } else { "semiseq" });
    if !program.exists() {
        let minutes = if backend == "wgpu" || backend == "cuda" { 15 } else { 7 };
        tell(&format!(
            "building semiseq with the {backend} backend: about {minutes} minutes on two cores, this once; later runs \
             start at once"
        ));
    }
    let target = folder.display().to_string();
    let mut build = vec![
        "build",
        "--release",
        "--package",
        "semiseq",
        "--bin",
        "semiseq",
        "--features",
        backend,
        "--target-dir",
        &target,
    ];
    if program.exists() {
        build.push("--quiet");
    }
    // The manifest is named, since the program's own paths are relative to where the user stands.
    let manifest = root().join("Cargo.toml").display().to_string();
    build.extend(["--manifest-path", &manifest]);
    let built = run(Command::new(env!("CARGO")).args(&build));
    if built == 0 { Ok(program) } else { Err(built) }
}

/// Becomes the program, so that Ctrl-C and `kill` reach it alone: it writes its checkpoint, says how to
/// resume, and its status 130 is ours.
#[cfg(unix)]
fn become_program(command: &mut Command) -> u8 {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    tell(&format!("error: {} cannot be started: {error}", command.get_program().to_string_lossy()));
    1
}

/// Runs the program and passes its status on, where a process cannot become another.
#[cfg(not(unix))]
fn become_program(command: &mut Command) -> u8 {
    run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmarks_folder_is_where_the_user_stands() {
        let arguments = ["--filter", "lstm", "--out", "here"].map(str::to_string);
        let here = std::env::current_dir().unwrap().join("here").display().to_string();
        assert_eq!(with_absolute_out(&arguments), ["--filter", "lstm", "--out", &here]);
    }
}
