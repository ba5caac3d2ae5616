//! Train on your own `Vec<Vec<f32>>`, most of it without a label, then predict:
//! `cargo run --release --example own_series`.

use semiseq::prelude::*;

fn main() -> Result<(), Error> {
    // Your data: a slow wave or a fast one; every tenth is labelled, an empty label means unlabelled.
    let series: Vec<Vec<f32>> = (0..200)
        .map(|row| {
            (0..40).map(|step| (step as f32 * if row % 2 == 0 { 0.2 } else { 0.5 } + row as f32).sin()).collect()
        })
        .collect();
    let label = |row: usize| if row % 20 < 2 { ["slow", "fast"][row % 2] } else { "" };
    let labels: Vec<String> = (0..200).map(|row| label(row).to_string()).collect();

    let sequences = series.into_iter().map(|values| Sequence::Series(Series { values, channels: 1 })).collect();
    let dataset = Dataset::from_labels("waves".into(), sequences, labels);

    let config = RunConfig::parse("own_series", CONFIG, &[])?;
    let data = config.prepare_from(Source::new(dataset))?;
    let folder = std::env::temp_dir().join("semiseq-examples/own-series");
    let options = RunOptions { out: Some(folder.clone()), force: true, ..RunOptions::new(Device::flex()) };
    println!("{}", config.run_on(data, &options)?.summary()?);

    let saved = SavedRun::open(&folder, &Device::flex())?;
    let new = Series { values: (0..40).map(|step| (step as f32 * 0.5).sin()).collect(), channels: 1 };
    println!("a new wave: {:?}", saved.predict_one(Sequence::Series(new))?);
    Ok(())
}

const CONFIG: &str = r#"
name = "own-series"
[data]
source = "in memory"
[model.classifier]
pooling = "mean"
[model.classifier.encoder.gru]
hidden = 12
[[stage]]
epochs = 10
batch_size = 8
[stage.objective.mean-teacher]
weight = 3.0
[stage.optimizer.adam]
lr = 1e-2
"#;
