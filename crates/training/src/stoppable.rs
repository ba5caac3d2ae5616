//! Work that an interrupt leaves at once.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::options::RunOptions;

/// Between two looks at whether the user has interrupted what takes long.
const LISTENING: Duration = Duration::from_millis(50);

/// What `work` makes, on a thread of its own; `None` as soon as the user interrupts it, when the thread ends by itself
/// or with the process. What is called in it are other libraries' loops of minutes, which cannot be asked to stop.
pub(crate) fn unless_stopped<T: Send + 'static>(
    options: &RunOptions,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    // Nobody listens any more where the user has stopped it.
    let thread = thread::spawn(move || drop(sender.send(work())));
    loop {
        match receiver.recv_timeout(LISTENING) {
            Ok(made) => return Some(made),
            Err(RecvTimeoutError::Timeout) if options.stopped() => return None,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => return None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use burn::tensor::Device;

    use super::*;

    #[test]
    fn what_takes_long_is_left_as_soon_as_the_user_stops_it() {
        let options = RunOptions::new(Device::flex());
        assert_eq!(unless_stopped(&options, || 7), Some(7));
        let began = Instant::now();
        options.interrupter.stop(Some("by the test"));
        assert_eq!(unless_stopped(&options, || thread::sleep(Duration::from_secs(20))), None);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn a_panic_on_the_other_thread_is_a_panic_here() {
        let options = RunOptions::new(Device::flex());
        let caught = std::panic::catch_unwind(|| unless_stopped(&options, || panic!("a defect")));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"a defect"));
    }
}
