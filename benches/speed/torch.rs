//! PyTorch as a peer: a Python process that runs one pass for each line it is sent.

use std::io::{BufRead, BufReader, Error, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::case::Case;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/speed/torch_peer.py");

pub struct Torch {
    python: String,
    gpu: bool,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    about: String,
}

impl Torch {
    /// On the GPU, where it finds one, or on as many threads as we have.
    pub fn start(python: &str, gpu: bool) -> Result<Self, Error> {
        let mut child = command(python, gpu).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::other("no pipes"));
        };
        let mut torch =
            Self { python: python.into(), gpu, child, input, output: BufReader::new(output), about: String::new() };
        torch.about = torch.line()?;
        Ok(torch)
    }

    /// Version, and the card or the threads.
    pub fn about(&self) -> String {
        self.about.clone()
    }

    /// Seconds of one pass.
    pub fn run(&mut self, case: Case) -> Result<f64, Error> {
        writeln!(self.input, "{}", case.fields())?;
        self.input.flush()?;
        self.line()?.parse().map_err(Error::other)
    }

    /// Seconds of one product of two square matrices.
    pub fn product(&mut self, size: usize) -> Result<f64, Error> {
        writeln!(self.input, "product {size}")?;
        self.input.flush()?;
        self.line()?.parse().map_err(Error::other)
    }

    /// Seconds of a training step, the mean over some.
    pub fn steps(&mut self, specification: &serde_json::Value) -> Result<f64, Error> {
        writeln!(self.input, "steps {specification}")?;
        self.input.flush()?;
        self.line()?.parse().map_err(Error::other)
    }

    /// Seconds of each call of a served model: `SIDE FILE BATCH TIME FEATURES CALLS`.
    pub fn served(&mut self, request: &str) -> Result<Vec<f64>, Error> {
        writeln!(self.input, "served {request}")?;
        self.input.flush()?;
        self.line()?.split(' ').map(|seconds| seconds.parse().map_err(Error::other)).collect()
    }

    fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err(Error::other("the process has ended")),
            _ => Ok(line.trim().into()),
        }
    }

    /// Measures the memory of the case whose fields follow.
    pub fn memory_command(&self) -> Command {
        let mut command = command(&self.python, self.gpu);
        command.arg("memory");
        command
    }
}

fn command(python: &str, gpu: bool) -> Command {
    let mut command = Command::new(python);
    command.arg(SCRIPT).env("SEMISEQ_THREADS", rayon::current_num_threads().to_string());
    command.env("SEMISEQ_DEVICE", if gpu { "gpu" } else { "cpu" });
    command
}

impl Drop for Torch {
    fn drop(&mut self) {
        // A child that has ended already needs no stopping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
