//! A row that was chosen.

/// A row that was chosen, and what for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// Its place in the pool, from 0.
    pub row: usize,
    /// The higher, the more it is worth, among rows that one method chose.
    pub score: f64,
}
