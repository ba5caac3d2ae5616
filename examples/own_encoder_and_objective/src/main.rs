//! An encoder and an objective of your own in a run like any other: `cargo run --release -p own-encoder-and-objective`,
//! and with `-- --resume` after a stop. The run folder has checkpoints, metrics, a report and the model, as every
//! run's.

mod encoder;
mod objective;

use std::path::Path;

use semiseq::prelude::*;

/// A config of [`encoder::Settings`] and [`objective::Settings`].
type Config = RunConfig<encoder::Settings, objective::Settings>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("own.toml");
    let overrides: Vec<String> = arguments.iter().filter(|argument| argument.contains('=')).cloned().collect();
    let config: Config = RunConfig::read_as(&file, &overrides)?;
    let resume = arguments.iter().any(|argument| argument == "--resume");
    let options = RunOptions { resume, force: !resume, ..RunOptions::new(Device::flex()) };
    let finished = config.run(&options)?;
    println!("{}", finished.summary()?);

    // The folder is all that is needed later, in another program.
    let folder = finished.folder().to_path_buf();
    let saved = FinishedRun::<encoder::Settings, objective::Settings>::open(&folder, &Device::flex())?;
    let bell: Vec<f32> =
        (0..128).map(|step| if (30..90).contains(&step) { (step - 30) as f32 / 10.0 } else { 0.0 }).collect();
    let prediction = saved.predict_one(Sequence::Series(Series { values: bell, channels: 1 }))?;
    if let Prediction::Class(class) = prediction {
        println!("a rising edge is a {} with probability {:.2}", class.label, class.confidence());
    }
    println!("run folder: {}", folder.display());
    Ok(())
}
