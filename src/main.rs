//! The `semiseq` program: one match on the command, one file each.

mod commands;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use semiseq::training::Error;
use semiseq::training::terminal::{CALLED_AS, Verbosity, fail, set_verbosity};

/// Learn from sequences when labels are few.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Results go to standard output, everything else to standard error.\nExit status: 0 done, 1 failed, 2 \
                  wrong input, 130 interrupted."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Only warnings, errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more of what is done, in lines
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Train a config's stages and write a run folder
    Train(commands::train::Arguments),
    /// Score a finished run
    Eval(commands::eval::Arguments),
    /// Predict labels and probabilities for new sequences
    Predict(commands::predict::Arguments),
    /// Write a vector for each sequence
    Embed(commands::embed::Arguments),
    /// Score sequences by how badly an autoencoder or a VAE rebuilds them
    Anomaly(commands::anomaly::Arguments),
    /// Make samples with a VAE, a GAN or a language model
    Generate(commands::generate::Arguments),
    /// Run every combination of a grid file, and make one table of them
    Compare(commands::compare::Arguments),
    /// Search settings that do better on labels left out
    Tune(commands::tune::Arguments),
    /// Cluster the vectors of sequences, and draw them
    Cluster(commands::cluster::Arguments),
    /// Write one page about a run, or about several
    Report(commands::report::Arguments),
    /// Write the model of a run for other programs: safetensors, PyTorch, ONNX, Burn
    Export(commands::export::Arguments),
    /// Read weights of PyTorch's modules and Keras's layers
    Import(commands::import::Arguments),
    /// Choose the rows of a pool that are worth a label most
    Label(commands::label::Arguments),
    /// Look at data: what exists, what a file holds, which rows are bad, the label split
    #[command(subcommand)]
    Data(commands::data::Command),
    /// What can be written in a config, a config in full, and its JSON schema
    #[command(subcommand)]
    Config(commands::config::Command),
    /// List what a stage can minimise, or tell one
    Objectives(commands::names::Arguments),
    /// List models and encoders, or tell one
    Models(commands::names::Arguments),
    /// List the changes that make views, or tell one
    Augmentations(commands::names::Arguments),
    /// List what this build can run on
    Devices(commands::devices::Arguments),
    /// Write a commented config for your own data
    New(commands::new::Arguments),
    /// Print what makes a shell complete commands and options
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for `man -l`
    Man,
}

/// The command line, under the name that the user called it by.
fn command() -> clap::Command {
    let command = Arguments::command().long_version(commands::manual::version());
    match std::env::var(CALLED_AS) {
        Ok(name) => command.bin_name(name),
        Err(_) => command,
    }
}

fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return usage::explain(&error),
    };
    match (arguments.quiet, arguments.verbose) {
        (true, _) => set_verbosity(Verbosity::Quiet),
        (_, true) => set_verbosity(Verbosity::Verbose),
        _ => {}
    }
    let result = match arguments.command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Eval(arguments) => commands::eval::run(&arguments),
        Command::Predict(arguments) => commands::predict::run(&arguments),
        Command::Embed(arguments) => commands::embed::run(&arguments),
        Command::Anomaly(arguments) => commands::anomaly::run(&arguments),
        Command::Generate(arguments) => commands::generate::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Tune(arguments) => commands::tune::run(&arguments),
        Command::Cluster(arguments) => commands::cluster::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Import(arguments) => commands::import::run(&arguments),
        Command::Label(arguments) => commands::label::run(&arguments),
        Command::Data(command) => commands::data::run(&command),
        Command::Config(command) => commands::config::run(&command),
        Command::Objectives(arguments) => commands::names::objectives(&arguments),
        Command::Models(arguments) => commands::names::models(&arguments),
        Command::Augmentations(arguments) => commands::names::augmentations(&arguments),
        Command::Devices(arguments) => commands::devices::run(&arguments),
        Command::New(arguments) => commands::new::run(&arguments),
        Command::Completions { shell } => commands::manual::completions(command(), shell),
        Command::Man => commands::manual::page(command()),
    };
    let Err(error) = result else { return ExitCode::SUCCESS };
    match &error {
        Error::Interrupted { .. } => {
            fail(error.in_full());
            ExitCode::from(130)
        }
        _ if error.is_input() => {
            fail(format!("error: {}", error.in_full()));
            ExitCode::from(2)
        }
        _ => {
            fail(format!("error: {}", error.in_full()));
            ExitCode::from(1)
        }
    }
}
