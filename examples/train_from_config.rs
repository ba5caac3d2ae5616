//! Train from a config: `cargo run --release --example train_from_config`.

use semiseq::prelude::*;

fn main() -> Result<(), Error> {
    let config = read("configs/quickstart.toml".as_ref(), &["stage.0.epochs=2".into()])?;
    let options = options("train-from-config");
    let (summary, folder) = run(&config, &options)?;
    println!("{summary}\n{}", folder.display());
    Ok(())
}

fn options(name: &str) -> RunOptions {
    RunOptions {
        out: Some(std::env::temp_dir().join("semiseq-examples").join(name)),
        resume: false,
        force: true,
        dashboard: false,
        quiet: true,
        device: Device::flex(),
        interrupter: Interrupter::new(),
    }
}
