//! Several devices at one model: each makes the passes of some rows.
//!
//! `forward(rows) = cat over the devices of copy.forward(its rows)`, and a copy is `model.to_device(device)` inside the
//! graph, so that all gradients come back to the one set of weights. Model, objective and optimiser see whole batches:
//! thresholds, memory banks, teachers and the mean over a batch are those of one device.

mod draws;
mod rows;

use std::fmt::{self, Debug, Display, Formatter};
use std::sync::{Mutex, PoisonError};

use burn::module::{Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor};
use burn::tensor::Device;

use crate::crew::draws::Part;
pub(crate) use crate::crew::draws::drawn;
use crate::crew::rows::{Joined, Rows};

/// The devices that share a model's passes, as a field of the model, and its copies on them.
///
/// The copies are made in the first pass and stand until the model's weights change, or anything else goes over all of
/// its parameters ([`Module::map`]): an optimiser's step, a loaded record, `freeze`. A clone makes its own. Gradients
/// come back through a copy once, since a pass back takes apart the graph that it goes through: the learner goes on
/// with a clone after each, and an objective that goes back inside a step goes through a model of its own.
///
/// A model that is moved to a device, or forked, works there alone.
pub struct Crew<M> {
    /// The first is the one where the model lies; empty for a model that works alone.
    devices: Vec<Device>,
    /// Empty before the first pass.
    copies: Mutex<Vec<M>>,
}

impl<M> Crew<M> {
    /// A model that makes all passes itself.
    pub fn alone() -> Self {
        Self::of(Vec::new())
    }

    /// The devices that share the passes, the first being the one where the model lies. A device may stand there
    /// twice.
    pub fn of(devices: Vec<Device>) -> Self {
        Self { devices, copies: Mutex::default() }
    }

    /// Whether there is more than one device.
    pub fn shares(&self) -> bool {
        self.devices.len() > 1
    }
}

impl<M: Module> Crew<M> {
    /// The model's copies, one a device.
    fn copies(&self, model: &M) -> Vec<M> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if copies.is_empty() {
            copies.extend(self.devices.iter().map(|device| model.clone().to_device(device)));
        }
        copies.clone()
    }
}

/// Makes a pass, each device of a crew the rows that fall to it; what they give stands on the first device, row by row
/// as one device gives it.
pub(crate) fn share<M: Module, I: Rows, O: Joined>(
    crew: Option<&Crew<M>>,
    model: &M,
    input: I,
    pass: impl Fn(&M, I) -> O,
) -> O {
    let all = input.rows();
    let Some(crew) = crew.filter(|crew| crew.shares() && all > 1) else { return pass(model, input) };
    let copies = crew.copies(model);
    let (count, mut part) = (copies.len().min(all), Part::first(all));
    let mut outputs = Vec::with_capacity(count);
    for (place, (copy, device)) in copies.iter().zip(&crew.devices).take(count).enumerate() {
        // The first parts have a row more where the rows do not come out even.
        part.next(all / count + usize::from(place < all % count));
        let rows = input.part(part.rows(), device);
        outputs.push(part.during(|| pass(copy, rows)));
    }
    O::joined(outputs, &crew.devices[0])
}

impl<M> Clone for Crew<M> {
    fn clone(&self) -> Self {
        Self::of(self.devices.clone())
    }
}

impl<M> Debug for Crew<M> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Crew").field(&self.devices).finish()
    }
}

impl<M> Display for Crew<M> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.devices.as_slice() {
            [] => formatter.write_str("alone"),
            devices => write!(formatter, "{devices:?}"),
        }
    }
}

impl<M> ModuleDisplayDefault for Crew<M> {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(self).optional()
    }
}

impl<M> ModuleDisplay for Crew<M> {}

/// A module without parameters: what changes those of the model around it throws the copies away.
impl<M: Clone + Debug + Send> Module for Crew<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        // Where the model lies its own parameters say.
        devices
    }

    fn fork(self, _device: &Device) -> Self {
        Self::alone()
    }

    fn to_device(self, _device: &Device) -> Self {
        Self::alone()
    }

    fn train(self) -> Self {
        self.clone()
    }

    fn valid(&self) -> Self {
        self.clone()
    }

    fn materialize(self) -> Self {
        self.clone()
    }

    fn visit<Visitor: ModuleVisitor>(&self, _visitor: &mut Visitor) {}

    fn map<Mapper: ModuleMapper>(self, _mapper: &mut Mapper) -> Self {
        self.clone()
    }
}
