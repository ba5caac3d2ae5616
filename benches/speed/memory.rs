//! Peak memory of a case: a process of its own that runs it twice, and how far its peak grew (Linux only). A tiny case
//! comes before, so that the libraries' own code and threads do not count.

use std::process::Command;
use std::str::FromStr;

use crate::case::{self, Case};
use crate::sides::{self, Side};
use crate::torch::Torch;

/// A side and a case, asked for by `--memory SIDE CASE…`.
pub struct Request {
    side: Side,
    case: Case,
}

pub fn requested(arguments: &[String]) -> Option<Request> {
    let place = arguments.iter().position(|argument| argument == "--memory")?;
    let side = Side::from_str(arguments.get(place + 1)?).ok()?;
    let case = Case::from_str(&arguments.get(place + 2..)?.join(" ")).ok()?;
    Some(Request { side, case })
}

/// Prints the bytes by which the peak grew.
pub fn run(request: &Request) {
    sides::runner(request.side, Case { shape: case::TINY, bidirectional: false, ..request.case })();
    let peak = grown(|| {
        let runner = sides::runner(request.side, request.case);
        runner();
        runner();
    });
    peak.iter().for_each(|peak| println!("{peak}"));
}

/// The bytes by which the peak of this process grows while something runs; none where the system does not tell.
pub fn grown(run: impl FnOnce()) -> Option<u64> {
    let before = status("VmRSS:");
    run();
    Some(status("VmHWM:")?.saturating_sub(before?))
}

fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Of any side; none where the system does not tell.
pub fn of(side: &str, case: Case, torch: Option<&Torch>) -> Option<u64> {
    let fields = case.fields();
    let mut command = match (side, torch) {
        ("torch", Some(torch)) => torch.memory_command(),
        _ => {
            let mut command = Command::new(std::env::current_exe().ok()?);
            command.args(["--memory", side]);
            command
        }
    };
    let output = command.args(fields.split(' ')).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
