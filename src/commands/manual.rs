//! What the program says of itself to shells, to `man` and to whoever reports a fault.

use semiseq::kernels::processor_features;
use semiseq::prelude::*;

use super::terminal;

/// `--version`: the version, the commit where it is known, backends and processor, a line each.
pub fn version() -> String {
    let commit = option_env!("SEMISEQ_COMMIT").map(|commit| format!("\ncommit: {commit}")).unwrap_or_default();
    let backends: Vec<&str> = Backend::compiled().into_iter().map(Backend::name).collect();
    format!(
        "{}{commit}\nbackends: {}\nprocessor: {} {}",
        env!("CARGO_PKG_VERSION"),
        backends.join(", "),
        std::env::consts::ARCH,
        processor_features().join(", ")
    )
}

/// The script that makes a shell complete commands and options.
///
/// # Errors
///
/// Where standard output cannot be written.
pub fn completions(command: clap::Command, shell: clap_complete::Shell) -> Result<(), Error> {
    let mut command = command.bin_name("semiseq");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "semiseq", &mut script);
    terminal::write(&script)
}

/// The manual: one page of all commands, as roff.
///
/// # Errors
///
/// Where standard output cannot be written.
pub fn page(command: clap::Command) -> Result<(), Error> {
    let failed = |error| Error::write(std::path::Path::new("standard output"), error);
    let mut command = command.bin_name("semiseq");
    command.build();
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(command.clone());
    manual.render_title(&mut page).map_err(failed)?;
    manual.render_name_section(&mut page).map_err(failed)?;
    manual.render_synopsis_section(&mut page).map_err(failed)?;
    manual.render_description_section(&mut page).map_err(failed)?;
    manual.render_options_section(&mut page).map_err(failed)?;
    manual.render_extra_section(&mut page).map_err(failed)?;
    for part in command.get_subcommands().filter(|part| part.get_name() != "help") {
        part_of(part, part.get_name(), &mut page).map_err(failed)?;
    }
    terminal::write(&page)
}

/// A command's section of the page, and those of the commands below it.
fn part_of(command: &clap::Command, name: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Write;
    let manual = clap_mangen::Man::new(command.clone());
    writeln!(page, ".SH \"SEMISEQ {}\"", name.to_uppercase())?;
    manual.render_description_section(page)?;
    manual.render_synopsis_section(page)?;
    if command.get_arguments().next().is_some() {
        manual.render_options_section(page)?;
    }
    for part in command.get_subcommands().filter(|part| part.get_name() != "help") {
        part_of(part, &format!("{name} {}", part.get_name()), page)?;
    }
    Ok(())
}
