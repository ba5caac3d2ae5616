//! What stops a run from without.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use semiseq::prelude::*;

use super::super::{INTERRUPTED, fail};

/// A signal stops the run at its next step; before it trains, at once.
pub(super) fn stop_on_signals(interrupter: &Interrupter, training: &Arc<AtomicBool>) {
    let (stop, trains) = (interrupter.clone(), Arc::clone(training));
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop_now(&stop, &trains));
}

/// So does the end of standard input.
pub(super) fn stop_with_parent(interrupter: &Interrupter, training: &Arc<AtomicBool>) {
    let (stop, trains) = (interrupter.clone(), Arc::clone(training));
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while std::io::stdin().lock().read(&mut bytes).is_ok_and(|count| count > 0) {}
        stop_now(&stop, &trains);
    });
}

fn stop_now(interrupter: &Interrupter, training: &AtomicBool) {
    if !training.load(Ordering::SeqCst) {
        // Nothing is written yet, and a large file is read for minutes.
        fail("interrupted before anything was trained; nothing is written");
        std::process::exit(INTERRUPTED);
    }
    interrupter.stop(Some("interrupted by the user"));
}
