//! What the layers of a shared pass draw: once, for all rows, by the device that has the first of them, so that several
//! devices drop what one drops and leave the generator where one leaves it.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

thread_local! {
    /// The part of a shared pass that this thread makes.
    static PART: RefCell<Option<Part>> = const { RefCell::new(None) };
}

/// Some rows of a shared pass.
pub(super) struct Part {
    rows: Range<usize>,
    all: usize,
    /// What the layers drew in the first part, in the order in which they did.
    drawn: Vec<Rc<dyn Any>>,
    /// How many of these the part under way has taken.
    taken: usize,
}

impl Part {
    /// Before the first of so many rows.
    pub fn first(all: usize) -> Self {
        Self { rows: 0..0, all, drawn: Vec::new(), taken: 0 }
    }

    /// Goes on to the next rows, so many of them.
    pub fn next(&mut self, count: usize) {
        self.rows = self.rows.end..self.rows.end + count;
        self.taken = 0;
    }

    /// The rows of this part.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Makes the pass of this part on this thread.
    pub fn during<O>(&mut self, pass: impl FnOnce() -> O) -> O {
        /// Takes the part from the thread again, also where the pass panics.
        struct Under;
        impl Drop for Under {
            fn drop(&mut self) {
                PART.take();
            }
        }
        let part = Self { rows: self.rows(), all: self.all, drawn: std::mem::take(&mut self.drawn), taken: 0 };
        PART.set(Some(part));
        let under = Under;
        let output = pass();
        if let Some(part) = PART.take() {
            self.drawn = part.drawn;
        }
        drop(under);
        output
    }
}

/// What a layer draws for a tensor of so many values, and the place of the first of them in the tensor of all rows:
/// `draw` is asked for that whole one, and only where no earlier part has asked already.
///
/// # Panics
///
/// If the copies of a model draw in different orders.
pub(crate) fn drawn<T: Clone + 'static>(values: usize, draw: impl FnOnce(usize) -> T) -> (T, usize) {
    let place = PART.with_borrow_mut(|part| {
        let Part { rows, all, drawn, taken } = part.as_mut()?;
        *taken += 1;
        let of_row = values / rows.len();
        Some((of_row * rows.start, of_row * *all, drawn.get(*taken - 1).cloned()))
    });
    match place {
        None => (draw(values), 0),
        Some((first, _, Some(known))) => {
            let known = known.downcast_ref::<T>().expect("the copies of a model draw in one order");
            (known.clone(), first)
        }
        Some((first, whole, None)) => {
            let new = draw(whole);
            PART.with_borrow_mut(|part| part.iter_mut().for_each(|part| part.drawn.push(Rc::new(new.clone()))));
            (new, first)
        }
    }
}
