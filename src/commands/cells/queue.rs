//! Which cell is next: the first that waits or, where processes share the work, the first that can be claimed.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use semiseq::prelude::*;

use super::cell::Cell;
use super::claims::{Asked, Claim, Claims};

/// Cells that wait, by their places.
pub struct Queue<'a> {
    waiting: Mutex<VecDeque<usize>>,
    claims: Option<&'a Claims>,
}

/// What there is to do.
pub enum Next<'a> {
    /// Run this cell, which is claimed where cells are.
    Run(usize, Option<Claim<'a>>),
    /// Another process ran this cell; with why it failed, where it did.
    Elsewhere(usize, Option<String>),
    /// All that are left are others'.
    Later,
    Nothing,
}

impl<'a> Queue<'a> {
    pub fn new(waiting: Vec<usize>, claims: Option<&'a Claims>) -> Self {
        Self { waiting: Mutex::new(waiting.into()), claims }
    }

    /// The next of `cells`, whose run folders lie in `folder`.
    ///
    /// # Errors
    ///
    /// Where a claim cannot be written.
    pub fn next(&self, cells: &[&Cell], folder: &Path) -> Result<Next<'a>, Error> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(claims) = self.claims else {
            return Ok(waiting.pop_front().map_or(Next::Nothing, |index| Next::Run(index, None)));
        };
        for place in 0..waiting.len() {
            let index = waiting[place];
            let cell = cells[index];
            let next = if cell.finished(folder).is_some() {
                Next::Elsewhere(index, None)
            } else {
                match claims.ask(&cell.key)? {
                    Asked::Theirs => continue,
                    Asked::Failed(why) => Next::Elsewhere(index, Some(why)),
                    // It may have been finished between the look and the claim.
                    Asked::Ours(claim) if cell.finished(folder).is_some() => {
                        claim.finished();
                        Next::Elsewhere(index, None)
                    }
                    Asked::Ours(claim) => Next::Run(index, Some(claim)),
                }
            };
            waiting.remove(place);
            return Ok(next);
        }
        Ok(if waiting.is_empty() { Next::Nothing } else { Next::Later })
    }

    /// A cell that was not run after all.
    pub fn put_back(&self, index: usize) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(index);
    }
}
