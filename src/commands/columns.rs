//! Options that say how a table is read.

use semiseq::datasets::SessionsConfig;
use semiseq::prelude::*;

/// How to read a table.
#[derive(Default, PartialEq, Eq, clap::Args)]
pub struct Columns {
    /// The format, where the name does not tell
    #[arg(long)]
    pub(super) format: Option<String>,
    /// Column that holds the text
    #[arg(long)]
    text: Option<String>,
    /// Column that holds the label or number
    #[arg(long)]
    target: Option<String>,
    /// Columns to use
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Bytes that are read of a file at most, unpacked; default: 4 GiB of a packed file or a pipe
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    max_bytes: Option<u64>,
    /// Column that tells the series of a long table
    #[arg(long)]
    id: Option<String>,
    /// Column of the time, in a long table or a recording
    #[arg(long)]
    time: Option<String>,
    /// Order of an array's axes: n sequences, t time, c channels
    #[arg(long)]
    axes: Option<String>,
    /// Column of the user, in a table of users, items and times, which is read as sessions
    #[arg(long)]
    user: Option<String>,
    /// Column of the item, in such a table
    #[arg(long)]
    item: Option<String>,
}

impl Columns {
    pub(super) fn config(&self, source: &str) -> DataConfig {
        let sessions = self.sessions();
        DataConfig {
            source: source.into(),
            format: self.format.clone(),
            text: self.text.clone(),
            target: self.target.clone(),
            features: self.features.clone(),
            max_bytes: self.max_bytes,
            id: self.id.clone(),
            time: self.time.clone().filter(|_| sessions.is_none()),
            axes: self.axes.clone(),
            sessions,
            ..DataConfig::default()
        }
    }

    /// How events become sessions, where a column of theirs is named, or the format is.
    pub(super) fn sessions(&self) -> Option<SessionsConfig> {
        let asked = self.user.is_some() || self.item.is_some() || self.format.as_deref() == Some("sessions");
        let (user, item, time) = (self.user.clone(), self.item.clone(), self.time.clone());
        asked.then(|| SessionsConfig { user, item, time, ..SessionsConfig::default() })
    }
}
