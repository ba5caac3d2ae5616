//! `[model] weights`: a model begins with the weights of another run.

use crate::common::{errors, folder, semiseq, write_config};

const MODEL: &str =
    "[model.classifier]\npooling = \"mean\"\nembedding = { size = 6 }\n[model.classifier.encoder.gru]\nhidden = 5\n";

#[test]
fn a_model_begins_with_the_weights_of_another_run() {
    let folder = folder("initial-weights");
    // The same words, numbered otherwise: those that are frequent in one file are rare in the other.
    let pool: String = (0..40).map(|row| format!("sun rain wind {}\n", ["storm", "hail", "sun"][row % 3])).collect();
    std::fs::write(folder.join("pool.txt"), pool).expect("data");
    let rows: String = (0..20)
        .map(|row| if row % 2 == 0 { "hail hail storm,bad\n".to_string() } else { "sun wind snow,good\n".to_string() })
        .collect();
    std::fs::write(folder.join("few.csv"), format!("text,label\n{rows}")).expect("data");
    std::fs::write(folder.join("ask.csv"), "text\nsun wind hail\nhail storm\n").expect("data");
    let first = format!(
        "name = \"first\"\n[data]\nsource = \"pool.txt\"\n{MODEL}[baseline]\nenabled = false\n[[stage]]\nsteps = 30\n\
         [stage.objective.autoencoder]\ndecoder = \"bag-of-words\"\n"
    );
    let trained = semiseq(&folder, &["train", write_config(&folder, &first), "--no-tui", "--out", "first"]);
    assert!(trained.status.success(), "{}", errors(&trained));

    // A step that moves nothing: what is left is what it began with.
    let second = format!(
        "name = \"second\"\n[data]\nsource = \"few.csv\"\n[model]\nweights = \"first\"\n{MODEL}[references]\nenabled = \
         false\n\
         [baseline]\nenabled = false\n[[stage]]\nsteps = 1\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = \
         1e-12\n"
    );
    let trained = semiseq(&folder, &["train", write_config(&folder, &second), "--no-tui", "--out", "second"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    assert!(errors(&trained).contains("first: the weights of 5 tensors"), "{}", errors(&trained));
    let vectors = |run: &str| {
        let file = format!("{run}.csv");
        let said = semiseq(&folder, &["embed", run, "ask.csv", "--output", &file]);
        assert!(said.status.success(), "{}", errors(&said));
        std::fs::read_to_string(folder.join(file)).expect("vectors")
    };
    assert_eq!(vectors("first"), vectors("second"));
    // The resolved config says it, and is one.
    let again = semiseq(&folder, &["train", "second/config.toml", "--no-tui", "--out", "again"]);
    assert!(again.status.success() && vectors("again") == vectors("second"), "{}", errors(&again));

    // A safetensors file has no words: the table of another vocabulary stays as drawn, and is named.
    let file = second.replace("\"first\"\n[model.c", "\"first/model.safetensors\"\n[model.c");
    let output = semiseq(&folder, &["train", write_config(&folder, &file), "--no-tui", "--out", "file"]);
    let told = errors(&output);
    assert!(output.status.success() && told.contains("the weights of 4 tensors; drawn"), "{told}");

    for (name, changed, needle) in [
        ("lost", second.replace("\"first\"\n[model.c", "\"fist\"\n[model.c"), "fist"),
        (
            "part",
            second.replace("weights = \"first\"", "weights_part = \"encoder\""),
            "has no effect without `weights`",
        ),
        ("parts", second.replace("weights = \"first\"", "weights = \"first\"\nweights_part = \"gru\""), "weights_part"),
        ("other", second.replace("hidden = 5", "hidden = 7").replace("size = 6", "size = 8"), "no tensor of"),
    ] {
        let refused = semiseq(&folder, &["train", write_config(&folder, &changed), "--no-tui", "--out", name]);
        assert_eq!(refused.status.code(), Some(2), "{name}: {}", errors(&refused));
        assert!(errors(&refused).contains(needle), "{name}: {}", errors(&refused));
    }
}
