//! `semiseq devices`.

use semiseq::kernels::processor_features;
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

/// Lists the backends with their devices.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.json {
        let list = Backend::ALL.map(|backend| {
            json!({
                "backend": backend.name(), "compiled": backend.is_compiled(), "summary": backend.summary(),
                "devices": backend.devices(),
            })
        });
        return print(json_text(&json!({ "backends": list, "processor": processor_features() }))?);
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
    lines.push(format!("processor: {}", processor_features().join(", ")));
    print(lines.join("\n"))
}
