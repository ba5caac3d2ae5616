//! Images as their user meets them: IDX files in, PNG files out.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};

const CONFIG: &str = r#"name = "bars"
[data]
source = "bars"
[data.transform]
normalize = "none"
[model.classifier.encoder.convolutional]
height = 10
maps = [2, 4]
hidden = 8
[[stage]]
steps = 20
batch_size = 8
[stage.objective.vae]
latent = 2
hidden = 8
"#;

/// Sixty images of ten by eight pixels, each with a bar that lies or stands.
fn write_bars(folder: &Path) {
    let bars = folder.join("bars");
    std::fs::create_dir_all(&bars).expect("a folder");
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 10, 0, 0, 0, 8];
    let mut labels = vec![0, 0, 8, 1, 0, 0, 0, 60];
    for number in 0..60usize {
        let lies = number % 2 == 0;
        labels.push(u8::from(lies));
        images.extend((0..80).map(|pixel| {
            let place = if lies { pixel / 8 == number / 2 % 10 } else { pixel % 8 == number / 2 % 8 };
            if place { 255 } else { 0 }
        }));
    }
    std::fs::write(bars.join("train-images-idx3-ubyte"), images).expect("images");
    std::fs::write(bars.join("train-labels-idx1-ubyte"), labels).expect("labels");
}

#[test]
fn what_is_rebuilt_and_made_is_drawn() {
    let folder = folder("images");
    write_bars(&folder);
    let is_png = |path: &str| {
        let bytes = std::fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{path}");
    };
    let dense = CONFIG.replace("convolutional]\nheight = 10\nmaps = [2, 4]\nhidden = 8", "dense]\nsteps = 10");
    let gan = dense.replace("vae]\nlatent = 2", "gan]\nnoise = 2").replace("\"bars\"\n[data]", "\"gan\"\n[data]");
    for (name, config) in [("bars", CONFIG), ("gan", gan.as_str())] {
        write_config(&folder, config);
        let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert!(trained.status.success(), "{}", errors(&trained));
        is_png(&format!("runs/{name}/samples.png"));
        let run = format!("runs/{name}");
        let made = semiseq(&folder, &["generate", &run, "--n", "7", "--output", "seven.png"]);
        assert!(made.status.success(), "{}", errors(&made));
        is_png("seven.png");
    }
    is_png("runs/bars/rebuilt.png");
}

#[test]
fn what_reads_an_image_at_once_says_what_it_cannot_do() {
    let folder = folder("at-once");
    write_bars(&folder);
    let refused = |config: String| {
        write_config(&folder, &config);
        let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        errors(&output)
    };
    let short = refused(CONFIG.replace("height = 10", "height = 9"));
    assert!(short.contains("reads 9 steps") && short.contains("bars has sequences of 10"), "{short}");
    let steps = refused(CONFIG.replace("vae]\nlatent = 2\nhidden = 8", "next-step]"));
    assert!(steps.contains("needs a vector for each step"), "{steps}");
    let text = refused(CONFIG.replace("source = \"bars\"", "source = \"copy-memory\""));
    assert!(text.contains("the encoder `convolutional` reads values"), "{text}");
    let maps = refused(CONFIG.replace("maps = [2, 4]", "maps = [0, 4]"));
    assert!(maps.contains("model.classifier.encoder.convolutional.maps"), "{maps}");
}
