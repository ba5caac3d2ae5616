//! Which sequences and views an objective asks for, and the batches that it gets.

use crate::loading::batch::Batch;

/// A set of views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views(u8);

impl Views {
    /// The weakly augmented sequences; plain ones where no augmentation is set. Always made.
    pub const WEAK: Self = Self(1);
    /// Another draw of the weak view.
    pub const SECOND: Self = Self(2);
    /// The strongly augmented sequences.
    pub const STRONG: Self = Self(4);
    /// Another draw of the strong view.
    pub const SECOND_STRONG: Self = Self(8);
    /// The sequences as they are, without any augmentation: the same at every visit.
    pub const PLAIN: Self = Self(16);

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Views {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Which sequences an objective uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Labelled ones only.
    Labeled,
    /// Labelled and unlabelled side by side.
    Paired,
    /// The whole training part, as if unlabelled.
    All,
    /// Labelled ones only, in their order: as many streams side by side as a batch has rows.
    Streams,
}

/// One step's batches.
#[derive(Clone, Debug)]
pub struct StepBatches {
    /// Absent for [`Pool::All`].
    pub labeled: Option<ViewBatches>,
    /// Absent for [`Pool::Labeled`] and [`Pool::Streams`], and where no unlabelled sequence exists.
    pub unlabeled: Option<ViewBatches>,
    /// Labelled rows that are drawn class by class, where such a batch is asked for beside the labelled one.
    pub balanced: Option<ViewBatches>,
}

/// The same rows in the views asked for.
#[derive(Clone, Debug)]
pub struct ViewBatches {
    /// The weak view.
    pub weak: Batch,
    /// Another draw of it.
    pub second: Option<Batch>,
    /// The strong view.
    pub strong: Option<Batch>,
    /// Another draw of it.
    pub second_strong: Option<Batch>,
    /// The sequences as they are.
    pub plain: Option<Batch>,
}
