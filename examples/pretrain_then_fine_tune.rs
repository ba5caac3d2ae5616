//! Pretrain an encoder on sequences without labels, then fine-tune it on a few labels; then use the saved run:
//! `cargo run --release --example pretrain_then_fine_tune`.

use semiseq::prelude::*;

fn main() -> Result<(), Error> {
    let config = RunConfig::parse("pretrain_then_fine_tune", CONFIG, &[])?;
    let folder = std::env::temp_dir().join("semiseq-examples/pretrain");
    let options = RunOptions { out: Some(folder.clone()), force: true, ..RunOptions::new(Device::flex()) };
    println!("{}", config.run(&options)?.summary()?);

    // The run folder is all that is needed later, in another program.
    let saved = SavedRun::open(&folder, &Device::flex())?;
    let data = saved.data()?;
    let (scores, _) = saved.score(&data.test);
    println!("test accuracy of the saved run {:.3}", scores["accuracy"]);
    println!("a vector of {} values stands for each sequence", saved.embed(&data.test.select(&[0]))[0].len());
    Ok(())
}

const CONFIG: &str = r#"
name = "pretrain"
[data]
source = "cbf"
size = 120
[data.labels]
per_class = 4
[data.transform]
resample = 32
[model.classifier]
pooling = "mean"
[model.classifier.encoder.lstm]
hidden = 12
[[stage]]
epochs = 3
[stage.objective.autoencoder]
hidden = 12
[[stage]]
epochs = 5
[stage.objective.supervised]
"#;
