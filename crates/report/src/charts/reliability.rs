//! How sure a model is beside how often it is right.

use std::fmt::Write;

use crate::charts::Chart;
use crate::charts::frame::{Frame, HEIGHT, WIDTH};

/// Accuracy in bins of confidence beside the diagonal of a model that is as sure as it is right; `(confidence,
/// accuracy, share of all)` each.
pub(crate) fn reliability(bins: &[(f64, f64, f64)]) -> Chart {
    let frame = Frame { x: (0.0, 1.0), y: (0.0, 1.0) };
    let mut marks = frame.axes("confidence");
    let (from, to) = (frame.place(0.0, 0.0), frame.place(1.0, 1.0));
    let _ = write!(
        marks,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"var(--other)\" stroke-dasharray=\"4 4\"/>",
        from.0, from.1, to.0, to.1
    );
    for (confidence, accuracy, share) in bins {
        let (x, y) = frame.place(*confidence, *accuracy);
        // An area in proportion to the share.
        let radius = 3.0 + 14.0 * share.sqrt();
        let _ = write!(
            marks,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"var(--good)\" fill-opacity=\".7\"/>"
        );
    }
    Chart { width: WIDTH, height: HEIGHT, marks }
}
