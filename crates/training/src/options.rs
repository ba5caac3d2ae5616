//! What a run is told besides its config.

use std::fmt;
use std::path::PathBuf;

use burn::tensor::Device;
use burn::train::Interrupter;

use crate::observer::SharedObserver;

/// What a run is told besides its config.
#[derive(Clone)]
pub struct RunOptions {
    /// The run folder; default `runs/NAME`.
    pub out: Option<PathBuf>,
    /// Go on from the last checkpoint.
    pub resume: bool,
    /// Write over a finished run.
    pub force: bool,
    /// Show the dashboard where there is a terminal.
    pub dashboard: bool,
    /// Print no progress.
    pub quiet: bool,
    /// What tells the run from others that belong to one, such as `member 2 of 3`: progress is told behind it, in a
    /// line a stage and one every few seconds.
    pub one_of: Option<String>,
    /// Leave all sequences out of the report: its page may be read by others than the data.
    pub no_examples: bool,
    /// Where to compute.
    pub device: Device,
    /// Devices that share the passes of the model with it ([`semiseq_models::Crew`]); `device` may stand there again.
    /// Empty: it makes them alone.
    pub crew: Vec<Device>,
    /// Stops the run at the next step, or at the next batch of the scoring behind the last stage.
    pub interrupter: Interrupter,
    /// Whoever wants to hear of the run, besides its folder.
    pub observers: Vec<SharedObserver>,
}

impl RunOptions {
    /// A new run in `runs/NAME`, without dashboard and progress lines.
    pub fn new(device: Device) -> Self {
        Self {
            out: None,
            resume: false,
            force: false,
            dashboard: false,
            quiet: true,
            one_of: None,
            no_examples: false,
            device,
            crew: Vec::new(),
            interrupter: Interrupter::new(),
            observers: Vec::new(),
        }
    }

    /// Whether the user has interrupted the run.
    pub fn stopped(&self) -> bool {
        self.interrupter.should_stop()
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out, resume, force, dashboard, quiet, .. } = self;
        f.debug_struct("RunOptions")
            .field("out", out)
            .field("resume", resume)
            .field("force", force)
            .field("dashboard", dashboard)
            .field("quiet", quiet)
            .finish_non_exhaustive()
    }
}
