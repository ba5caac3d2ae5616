//! The dashboard: what a run is doing, in a terminal that somebody looks at. Drawn ten times a second by a thread of
//! its own, which also reads the keys.

mod state;
mod view;

use std::io::{IsTerminal, stdin, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use burn::train::Interrupter;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind};

pub(super) use state::State;
pub use state::{Best, Split, StageShown};

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);
/// The exit status of a run that the user ends at once, as that of a signal.
const KILLED: i32 = 130;

/// An open dashboard; the terminal is as it was before when it is dropped.
pub(super) struct Dashboard {
    state: Arc<Mutex<State>>,
    closing: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

impl Dashboard {
    /// Takes the terminal over; `None` where there is none, or it is of a size that nobody looks at.
    pub(super) fn open(interrupter: Interrupter) -> Option<Self> {
        if !(stdout().is_terminal() && stdin().is_terminal() && fits()) {
            return None;
        }
        let terminal = ratatui::try_init().ok()?;
        keep_interrupt_key();
        let state = Arc::new(Mutex::new(State::default()));
        let closing = Arc::new(AtomicBool::new(false));
        let (shown, close) = (Arc::clone(&state), Arc::clone(&closing));
        let draw = move || draw_until(terminal, &shown, &close, &interrupter);
        let drawing = thread::Builder::new().name("dashboard".into()).spawn(draw).ok();
        Some(Self { state, closing, drawing })
    }

    /// What is shown, to be changed.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            let _ = drawing.join();
        }
        let _ = ratatui::try_restore();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws, and reads keys, until the dashboard is closed or the terminal is gone.
fn draw_until(mut terminal: DefaultTerminal, state: &Mutex<State>, closing: &AtomicBool, interrupter: &Interrupter) {
    while !closing.load(Ordering::Relaxed) {
        if terminal.draw(|frame| view::draw(frame, &lock(state), Instant::now())).is_err() {
            return;
        }
        match event::poll(TICK) {
            Ok(false) => {}
            Ok(true) => match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => obey(key.code, &mut lock(state), interrupter),
                Ok(_) => {}
                Err(_) => return,
            },
            Err(_) => return,
        }
    }
}

fn obey(key: KeyCode, state: &mut State, interrupter: &Interrupter) {
    match key {
        KeyCode::Char('q') if !state.asks => state.asks = true,
        KeyCode::Char('s' | 'q') if state.asks => {
            (state.asks, state.stops) = (false, true);
            interrupter.stop(Some("stopped by the user"));
        }
        KeyCode::Char('k') if state.asks => {
            let _ = ratatui::try_restore();
            std::process::exit(KILLED);
        }
        _ if state.asks => state.asks = false,
        KeyCode::Left | KeyCode::Up => state.choose(-1),
        KeyCode::Right | KeyCode::Down => state.choose(1),
        KeyCode::Char('n') => state.reads_notes = !state.reads_notes,
        _ => {}
    }
}

/// Whether the terminal is of a size that somebody looks at: every cell of it is kept, of which one of 65,535 columns
/// and rows has four billion.
#[cfg(unix)]
fn fits() -> bool {
    const MOST: u16 = 2_000;
    rustix::termios::tcgetwinsize(stdout()).is_ok_and(|size| size.ws_col <= MOST && size.ws_row <= MOST)
}

#[cfg(not(unix))]
fn fits() -> bool {
    true
}

/// In raw mode Ctrl-C is a mere key; this makes it a signal again.
#[cfg(unix)]
fn keep_interrupt_key() {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    if let Ok(mut modes) = tcgetattr(stdin()) {
        modes.local_modes |= LocalModes::ISIG;
        let _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
    }
}

#[cfg(not(unix))]
fn keep_interrupt_key() {}
