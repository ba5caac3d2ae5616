//! `cargo xtask`: builds the right `semiseq` and runs it, and the developers' commands. No Burn in here,
//! so that it compiles in seconds.

mod backend;
mod book;
mod cargo;
mod few_labels;
mod skeleton;
mod skeleton_check;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Train and look at runs, or test, lint and measure semiseq itself.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Every other command (train, eval, predict, embed, cluster, compare, report, data, …) goes to \
                  `semiseq`, built with the\nbackend that the config or `--backend` names. `cargo xtask semiseq \
                  --help` lists them."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all tests on every CPU backend, and on wgpu where there is a Vulkan loader
    Test {
        /// Backends to build and test, such as `flex,ndarray`
        #[arg(long)]
        features: Option<String>,
        /// Run only tests whose name holds this
        #[arg(long)]
        filter: Option<String>,
    },
    /// Check format, clippy and the house rules
    Lint {
        /// Backends to check with
        #[arg(long)]
        features: Option<String>,
    },
    /// What CI runs: lint, the skeletons of `new`, the documentation, a check that cuda compiles, then test
    Ci,
    /// Measure the recurrent operations and whole training steps
    #[command(after_help = "Of the benchmark:\n      \
        --out DIR          Folder that gets bench.md and bench.json\n      \
        --filter TEXT      The cases whose name holds it: `lstm [32, 100, 64, 128] both train`, `mnist-rows stage \
        1`\n      \
        --torch PYTHON     An interpreter that has PyTorch, to be timed beside us\n      \
        --backend NAME     That backend alone, without memory; on a GPU PyTorch takes the card too\n      \
        --isa avx2         A narrower instruction set than the processor's best, PyTorch too\n      \
        --quick            Fewer rounds, and no memory\n      \
        --checkpointing    Training with gradient checkpointing too")]
    Bench {
        /// Arguments for the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Measure the recipes of `semiseq new` on tasks with few labels, beside the references of each
    FewLabels(few_labels::Arguments),
    /// Build the documentation: the crates' below `target/doc`, the book below `target/book`
    Doc,
    /// Write the book's pages of methods anew from the sources, and build the book
    Book,
    /// Write the skeleton of an objective, an encoder or a format, or with a PATH a config for your own data
    New {
        /// `objective NAME`, `encoder NAME`, `format NAME`, or what `semiseq new` takes
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    #[command(external_subcommand)]
    Product(Vec<String>),
}

fn main() -> ExitCode {
    let status = match Arguments::parse().command {
        Command::Test { features, filter } => cargo::test(features.as_deref(), filter.as_deref()),
        Command::Lint { features } => lint(features.as_deref()),
        Command::Ci => {
            let steps: [fn() -> u8; 5] =
                [|| lint(None), skeleton_check::check, cargo::api_doc, cargo::check_cuda, || cargo::test(None, None)];
            steps.into_iter().map(|step| step()).find(|status| *status != 0).unwrap_or(0)
        }
        Command::Bench { rest } => cargo::bench(&rest),
        Command::FewLabels(arguments) => few_labels::run(&arguments),
        Command::Doc => book::doc(),
        Command::Book => book::make(),
        Command::New { rest } => match rest.as_slice() {
            [kind, name] if skeleton::kinds().contains(&kind.as_str()) && !std::path::Path::new(kind).exists() => {
                skeleton::create(&cargo::root(), kind, name)
            }
            _ => cargo::product(&[&["new".to_string()], rest.as_slice()].concat()),
        },
        Command::Product(arguments) => {
            let arguments = if arguments.first().is_some_and(|first| first == "semiseq") {
                &arguments[1..]
            } else {
                &arguments[..]
            };
            cargo::product(arguments)
        }
    };
    ExitCode::from(status)
}

fn lint(features: Option<&str>) -> u8 {
    let problems = [tidy::check(&cargo::root()), book::check(&cargo::root())].concat();
    for problem in &problems {
        cargo::tell(&format!("tidy: {problem}"));
    }
    let lint = cargo::lint(features);
    if lint == 0 { u8::from(!problems.is_empty()) } else { lint }
}
