//! What a run predicts is what it was trained for: each task through `train`, `eval`, `predict`, `embed` and `report`.

use std::path::Path;

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

/// A task: its data, model and stages, and whether a stage trains something that predicts.
struct Case {
    name: &'static str,
    data: &'static str,
    model: &'static str,
    stages: &'static [&'static str],
    predicts: bool,
    /// The metrics of the test part.
    metrics: &'static [&'static str],
}

const CLASSES: &[&str] = &[
    "accuracy",
    "auprc",
    "auroc",
    "balanced_accuracy",
    "brier",
    "cohen_kappa",
    "ece",
    "loss",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "matthews_correlation",
    "sensitivity_at_95_specificity",
];
/// Of what has more than five of them.
const MANY_CLASSES: &[&str] = &["top_3_accuracy", "top_5_accuracy"];
const SERIES: &str = "series.jsonl";
const CLASSIFIER: &str = "classifier";

const CASES: [Case; 18] = [
    Case {
        name: "classify",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["supervised"],
        predicts: true,
        metrics: CLASSES,
    },
    Case {
        name: "paired",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["autoencoder", "fixmatch"],
        predicts: true,
        metrics: CLASSES,
    },
    Case {
        name: "tag",
        data: "copy-memory",
        model: "tagger",
        stages: &["supervised"],
        predicts: true,
        metrics: CLASSES,
    },
    Case {
        name: "regress",
        data: "numbers.jsonl",
        model: "regressor",
        stages: &["supervised"],
        predicts: true,
        metrics: &["mae", "mse", "r2"],
    },
    Case {
        name: "forecast",
        data: "recording.csv",
        model: "forecaster",
        stages: &["supervised"],
        predicts: true,
        metrics: &["mae", "mase", "mse", "smape"],
    },
    Case {
        name: "write-forecasts",
        data: "recording.csv",
        model: "forecaster",
        stages: &["sequence-to-sequence"],
        predicts: true,
        metrics: &["mae", "mse"],
    },
    Case {
        name: "sequence-to-sequence",
        data: "pairs.jsonl",
        model: "encoder-decoder",
        stages: &["sequence-to-sequence"],
        predicts: true,
        metrics: &["exact_match", "loss", "perplexity", "token_error_rate"],
    },
    Case {
        name: "transcripts",
        data: "letters",
        model: "transcriber",
        stages: &["masked-reconstruction", "ctc"],
        predicts: true,
        metrics: &["character_error_rate", "exact_match", "loss", "word_error_rate"],
    },
    Case {
        name: "autoencoder",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["autoencoder"],
        predicts: false,
        metrics: &["mse"],
    },
    Case {
        name: "encoder-only",
        data: SERIES,
        model: "autoencoder",
        stages: &["autoencoder"],
        predicts: false,
        metrics: &["mse"],
    },
    Case {
        name: "vae",
        data: SERIES,
        model: "vae",
        stages: &["vae"],
        predicts: false,
        metrics: &["active_units", "elbo", "kl", "loss", "reconstruction"],
    },
    Case {
        name: "gan",
        data: SERIES,
        model: "gan",
        stages: &["gan"],
        predicts: false,
        metrics: &["loss", "sample_spread"],
    },
    Case {
        name: "next-step",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["next-step"],
        predicts: false,
        metrics: &["mse"],
    },
    Case {
        name: "masked",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["masked-reconstruction"],
        predicts: false,
        metrics: &["mse"],
    },
    Case {
        name: "contrast",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["contrastive-predictive-coding"],
        predicts: false,
        metrics: &["loss"],
    },
    Case {
        name: "language-model",
        data: "texts.jsonl",
        model: "language-model",
        stages: &["language-model"],
        predicts: false,
        metrics: &["loss", "perplexity"],
    },
    // A head that a stage trained predicts, though the last stage is judged by what it measures itself.
    Case {
        name: "head-first",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["supervised", "next-step"],
        predicts: true,
        metrics: &["mse"],
    },
    Case {
        name: "by-class",
        data: SERIES,
        model: CLASSIFIER,
        stages: &["gan = { conditional = true }"],
        predicts: false,
        metrics: &["loss", "sample_spread"],
    },
];

fn write_data(folder: &Path) {
    let wave = |row: usize, step: usize| ((row % 3 + 1) as f64 * 0.4 * step as f64 + row as f64).sin();
    let values =
        |row: usize| (0..8 + row % 4).map(|step| format!("[{:.3}]", wave(row, step))).collect::<Vec<_>>().join(",");
    let line = |row: usize, label: String| format!("{{\"values\": [{}], \"label\": {label}}}\n", values(row));
    let word = |number: usize| char::from(b'a' + (number % 7) as u8);
    let words = |row: usize| [row, row / 2, row * 3 + 1, row / 5].map(|number| word(number).to_string());
    let files = [
        (SERIES, (0..60).map(|row| line(row, format!("\"c{}\"", row % 3))).collect()),
        ("numbers.jsonl", (0..60).map(|row| line(row, format!("{:.2}", 10.0 + wave(row, 2)))).collect()),
        ("new.jsonl", (0..5).map(|row| format!("{{\"values\": [{}]}}\n", values(row))).collect()),
        (
            "texts.jsonl",
            (0..60)
                .map(|row| format!("{{\"text\": \"{}\", \"label\": \"c{}\"}}\n", words(row).join(" "), row % 2))
                .collect(),
        ),
        (
            "pairs.jsonl",
            (0..60)
                .map(|row| {
                    let mut turned = words(row);
                    turned.reverse();
                    format!("{{\"text\": \"{}\", \"target\": \"{}\"}}\n", words(row).join(" "), turned.join(" "))
                })
                .collect(),
        ),
        (
            "recording.csv",
            std::iter::once("date,a,b\n".to_string())
                .chain((0..120).map(|step| {
                    format!(
                        "2020-01-01 {:02}:{:02}:00,{:.3},{:.3}\n",
                        step / 60,
                        step % 60,
                        wave(0, step),
                        wave(1, step)
                    )
                }))
                .collect::<String>(),
        ),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("data");
    }
}

fn config(case: &Case) -> String {
    let more = match case.data {
        "pairs.jsonl" => "text = \"text\"\ntarget = \"target\"\n",
        "copy-memory" | "letters" => "size = 40\n",
        "recording.csv" => "[data.windows]\ninput = 8\nhorizon = 2\n",
        _ => "",
    };
    let embedding = match case.data {
        "copy-memory" | "pairs.jsonl" | "texts.jsonl" => "embedding = { size = 4 }\n",
        _ => "",
    };
    let mut text = format!(
        "name = \"{}\"\n[data]\nsource = \"{}\"\n{more}[model.{}]\n{embedding}[model.{}.encoder.gru]\nhidden = 6\n",
        case.name, case.data, case.model, case.model
    );
    for stage in case.stages {
        let objective = if stage.contains('=') { (*stage).to_string() } else { format!("{stage} = {{}}") };
        text += &format!("[[stage]]\nepochs = 1\nobjective = {{ {objective} }}\n");
    }
    text
}

#[test]
fn each_task_is_scored_and_predicts_as_it_was_trained() {
    let folder = folder("tasks");
    write_data(&folder);
    for case in &CASES {
        let name = case.name;
        let run = format!("runs/{name}");
        let trained = semiseq(&folder, &["train", write_config(&folder, &config(case)), "--no-tui"]);
        assert!(trained.status.success(), "{name}: {}", errors(&trained));
        let test = &summary(&folder, &run)["test"];
        let keys: Vec<&String> = test.as_object().expect("scores").keys().collect();
        let many = if case.model == "tagger" { MANY_CLASSES } else { &[] };
        assert_eq!(keys, [case.metrics, many].concat(), "{name}");

        let eval = semiseq(&folder, &["eval", &run, "--json", "--details"]);
        let scores: Value =
            serde_json::from_slice(&eval.stdout).unwrap_or_else(|_| panic!("{name}: {}", errors(&eval)));
        let Value::Object(mut said) = scores else { panic!("{name}: {scores}") };
        let more = ["intervals", "per_class", "confusion"].map(|key| said.remove(key));
        assert_eq!(&Value::Object(said), test, "{name}: `eval` says what the run said");
        let [intervals, per_class, confusion] = more;
        assert_eq!(intervals.as_ref(), summary(&folder, &run).get("test_intervals"), "{name}");
        if case.metrics == CLASSES {
            let intervals = intervals.unwrap_or_default();
            for metric in ["accuracy", "macro_f1", "auroc", "cohen_kappa"] {
                let [low, high] = [0, 1].map(|end| intervals[metric][end].as_f64().expect("an end"));
                let value = test[metric].as_f64().expect("a score");
                assert!(low <= value && value <= high, "{name}: {metric} {value}, {low} to {high}");
            }
            let classes = per_class.as_ref().and_then(Value::as_array).expect("classes");
            let counts = &confusion.expect("a matrix")["counts"];
            assert_eq!(classes.len(), counts.as_array().expect("rows").len(), "{name}");
            assert!(classes[0]["recall"].is_f64() && classes[0]["support"].is_u64(), "{name}: {per_class:?}");
        }

        let input = match case.data {
            SERIES | "numbers.jsonl" => "new.jsonl",
            other => other,
        };
        let predicted = semiseq(&folder, &["predict", &run, input]);
        if case.predicts {
            assert!(predicted.status.success() && !predicted.stdout.is_empty(), "{name}: {}", errors(&predicted));
        } else {
            let told = errors(&predicted);
            assert_eq!((predicted.status.code(), predicted.stdout.is_empty()), (Some(2), true), "{name}: {told}");
            assert!(told.contains("no stage of this run trained the head") && told.contains("hint: `embed`"), "{told}");
        }
        let embedded = semiseq(&folder, &["embed", &run, input, "--output", "v.csv"]);
        assert!(embedded.status.success(), "{name}: {}", errors(&embedded));
        std::fs::remove_file(folder.join(&run).join("report.html")).expect("a report");
        let report = semiseq(&folder, &["report", &run]);
        assert!(
            report.status.success() && folder.join(&run).join("report.html").exists(),
            "{name}: {}",
            errors(&report)
        );
    }
}

/// Labels that a pretrained encoder never saw can still be asked for.
#[test]
fn the_nearest_labelled_vectors_of_a_run_without_labels_tell_classes() {
    let folder = folder("nearest");
    write_data(&folder);
    let case = CASES.iter().find(|case| case.name == "autoencoder").expect("a case");
    let trained = semiseq(&folder, &["train", write_config(&folder, &config(case)), "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let nearest = semiseq(&folder, &["eval", "runs/autoencoder", "--nearest", "3", "--json"]);
    assert!(nearest.status.success(), "{}", errors(&nearest));
}

/// The student learns what the references say of the pool: with three labels per class it is far above chance after a
/// second.
#[test]
fn references_teach_a_model() {
    let folder = folder("taught");
    let text = "name = \"taught\"\n[data]\nsource = \"cbf\"\nsize = 150\n[data.labels]\nper_class = \
                4\n[data.transform]\nresample = 16\n\
                normalize = \"series\"\n[model.classifier]\npooling = \"mean\"\n[model.classifier.encoder.gru]\nhidden \
                = 16\n\
                bidirectional = true\n[references]\nenabled = false\n[[stage]]\nsteps = 150\nbatch_size = 12\n\
                [stage.objective.distillation]\n[stage.optimizer.adam]\nlr = 1e-2\n[stage.schedule.cosine]\n";
    let output = semiseq(&folder, &["train", write_config(&folder, text), "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    let found = summary(&folder, "run");
    let accuracy = found["test"]["accuracy"].as_f64().expect("an accuracy");
    assert!(accuracy > 0.8, "{found}");
    assert!(found.get("references").is_none(), "they are switched off: {found}");
    assert_eq!((&found["n_valid"], &found["n_labels_used"]), (&0.into(), &12.into()));

    for (name, changed, needles) in [
        (
            "no-such",
            text.replace("distillation]", "distillation]\nteachers = { \"forest\" = 1.0 }"),
            ["no reference has such a name", "label spreading"],
        ),
        (
            "no-name",
            text.replace("distillation]", "distillation]\nteachers = {}"),
            ["must name references", "holds these words"],
        ),
    ] {
        let output = semiseq(&folder, &["train", write_config(&folder, &changed), "--no-tui", "--out", name]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(needles.iter().all(|needle| told.contains(needle)), "{name}: {told}");
    }
}
