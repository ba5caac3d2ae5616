//! `semiseq devices`.

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

/// Lists the backends.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.json {
        let list: Vec<_> = Backend::ALL.iter().map(|backend| json!({"backend": backend.name(), "compiled": backend.is_compiled(), "summary": backend.summary()})).collect();
        print(json_text(&json!({ "backends": list }))?)?;
        return Ok(());
    }
    let mut lines = Vec::new();
    for backend in Backend::ALL {
        let state = if backend.is_compiled() {
            "in this build".to_string()
        } else {
            format!("not in this build: cargo build --release --features {backend}")
        };
        lines.push(format!("{:<8} {:<48} {state}", backend.name(), backend.summary()));
    }
    print(lines.join("\n"))
}
