//! Train from a config: `cargo run --release --example train_from_config`.

use semiseq::prelude::*;

fn main() -> Result<(), Error> {
    let config = RunConfig::read_with("configs/quickstart.toml", &["stage.0.epochs=2".into()])?;
    let out = std::env::temp_dir().join("semiseq-examples/train-from-config");
    let options = RunOptions { out: Some(out), force: true, ..RunOptions::new(Device::flex()) };
    let finished = config.run(&options)?;
    println!("{}\n{}", finished.summary()?, finished.folder().display());
    Ok(())
}
