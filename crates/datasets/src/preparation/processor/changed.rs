//! Recordings that many windows share, each changed once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::sequence::Window;
use crate::series::Series;

/// Recordings before and after a change, each changed once for all windows on it. They are known by their addresses,
/// which stay theirs while they are held here.
#[derive(Default)]
pub(super) struct ChangedRecordings(HashMap<*const Series, (Arc<Series>, Arc<Series>)>);

impl ChangedRecordings {
    /// The window on the changed recording.
    pub(super) fn window(&mut self, window: &Window, change: impl FnOnce(Series) -> Series) -> Window {
        let recording = window.recording();
        let (_, changed) = self
            .0
            .entry(Arc::as_ptr(recording))
            .or_insert_with(|| (Arc::clone(recording), Arc::new(change(Series::clone(recording)))));
        window.on(Arc::clone(changed))
    }
}
