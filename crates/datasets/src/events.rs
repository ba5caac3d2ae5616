//! Who took which item, and when: what sessions are made of.

use std::collections::HashMap;

/// What parts the items of a session that is kept as a text.
pub(crate) const BETWEEN_ITEMS: char = '\n';

/// An event: user and item by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) user: u32,
    pub(crate) item: u32,
    /// In seconds, or in the unit of a column of numbers.
    pub(crate) time: f64,
}

/// The events of some files, in their order.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) users: Names,
    pub(crate) items: Names,
    pub(crate) rows: Vec<Event>,
    /// What was read otherwise than it may be meant.
    pub(crate) notes: Vec<String>,
}

/// Names by number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of a name, a new one where it was never seen.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.another(name);
        self.numbers.insert(name.to_string(), number);
        number
    }

    /// A number of its own for a name, whatever came before.
    pub(crate) fn another(&mut self, name: &str) -> u32 {
        self.names.push(name.to_string());
        (self.names.len() - 1) as u32
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
