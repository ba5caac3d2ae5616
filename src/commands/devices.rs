//! `semiseq devices`.

use semiseq::kernels::{instruction_set, processor_features};
use semiseq::prelude::*;
use serde_json::json;

use super::{json_text, print};

/// Arguments of `devices`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Lists the backends with their devices, and what the processor has.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let used = instruction_set().map_err(|error| Error::input(error.message, error.hint))?;
    if arguments.json {
        let list = Backend::ALL.map(|backend| {
            json!({
                "backend": backend.name(), "compiled": backend.is_compiled(), "summary": backend.summary(),
                "devices": backend.devices(),
            })
        });
        let all = json!({ "backends": list, "processor": processor_features(), "instruction_set": used });
        return print(json_text(&all)?);
    }
    let mut lines = Vec::new();
    for backend in Backend::ALL {
        let devices = backend.devices();
        let state = match (backend.is_compiled(), devices.is_empty()) {
            (false, _) => format!("not in this build: cargo build --release --features {backend}"),
            (true, true) => "in this build, and finds no device on this machine".to_string(),
            (true, false) => "in this build".to_string(),
        };
        lines.push(format!("{:<8} {:<48} {state}", backend.name(), backend.summary()));
        lines.extend(devices.iter().enumerate().map(|(number, name)| format!("  {number}: {name}")));
    }
    let used = used.map(|name| format!("; the CPU's kernels use {name}")).unwrap_or_default();
    lines.push(format!("processor: {}{used}", processor_features().join(", ")));
    print(lines.join("\n"))
}
