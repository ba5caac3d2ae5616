//! Your own data source: anything that becomes a `Dataset`. Here, texts from a program's own structures, with an
//! unlabelled part: `cargo run --release --example own_dataset`.

use semiseq::prelude::*;

struct Ticket {
    text: String,
    team: Option<&'static str>,
}

fn main() -> Result<(), Error> {
    let dataset = from_tickets(&tickets());
    let config = RunConfig::parse("own_dataset", CONFIG, &[])?;
    let data = config.prepare_from(Source::new(dataset))?;
    println!("{} labelled, {} unlabelled tickets", data.labeled.len(), data.unlabeled.len());
    let folder = std::env::temp_dir().join("semiseq-examples/own-dataset");
    let options = RunOptions { out: Some(folder), force: true, ..RunOptions::new(Device::flex()) };
    println!("{}", config.run_on(data, &options)?.summary()?);
    Ok(())
}

fn from_tickets(tickets: &[Ticket]) -> Dataset {
    let texts = tickets.iter().map(|ticket| Sequence::Text(ticket.text.clone())).collect();
    let labels = tickets.iter().map(|ticket| ticket.team.unwrap_or_default().to_string()).collect();
    Dataset::from_labels("tickets".into(), texts, labels)
}

fn tickets() -> Vec<Ticket> {
    let words = [["invoice", "refund", "price"], ["crash", "error", "slow"]];
    (0..120)
        .map(|row| {
            let (team, word) = (row % 2, words[row % 2][row % 3]);
            let text = format!("ticket {row} about a {word} seen {} times", row % 7);
            Ticket { text, team: (row % 12 < 4).then_some(["billing", "support"][team]) }
        })
        .collect()
}

const CONFIG: &str = r#"
name = "own-dataset"
[data]
source = "in memory"
[model.classifier]
pooling = "mean"
embedding = { size = 8 }
[model.classifier.encoder.gru]
hidden = 8
[[stage]]
epochs = 10
batch_size = 8
[stage.objective.entropy-minimisation]
[stage.optimizer.adam]
lr = 1e-2
"#;
