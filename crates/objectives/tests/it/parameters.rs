//! What a module holds by the paths of its parameters, and steps of plain gradient descent.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};

use crate::common::{device, host};

/// A parameter by its path in its module.
pub struct Found {
    pub path: String,
    pub values: Vec<f32>,
    /// `None` where the loss does not reach it.
    pub gradient: Option<Vec<f32>>,
}

struct Look<'a> {
    gradients: Option<&'a Gradients>,
    path: Vec<String>,
    found: Vec<Found>,
}

impl ModuleVisitor for Look<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self.gradients.and_then(|gradients| param.val().grad(gradients)).map(host);
        self.found.push(Found { path: self.path.join("."), values: host(param.val()), gradient });
    }
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
}

pub fn parameters<M: Module>(module: &M, gradients: Option<&Gradients>) -> Vec<Found> {
    let mut look = Look { gradients, path: Vec::new(), found: Vec::new() };
    module.visit(&mut look);
    look.found
}

/// Whether a path ends in these names.
pub fn ends_in(path: &str, name: &str) -> bool {
    path == name || path.ends_with(&format!(".{name}"))
}

pub fn the<'a>(found: &'a [Found], name: &str) -> &'a Found {
    found.iter().find(|one| ends_in(&one.path, name)).unwrap_or_else(|| {
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        panic!("{name} is not among {paths:?}")
    })
}

/// Puts values in the place of parameters, by their paths.
struct Put {
    path: Vec<String>,
    values: Vec<(String, Vec<f32>)>,
}

impl ModuleMapper for Put {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let exact = self.values.iter().find(|(name, _)| *name == path);
        let Some((_, values)) = exact.or_else(|| self.values.iter().find(|(name, _)| ends_in(&path, name))) else {
            return param;
        };
        let values = values.clone();
        param.map(|old| {
            let data = TensorData::new(values, old.dims());
            Tensor::from_data(data, &device()).set_require_grad(old.is_require_grad())
        })
    }
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
}

pub fn put<M: Module>(module: M, values: Vec<(String, Vec<f32>)>) -> M {
    module.map(&mut Put { path: Vec::new(), values })
}

/// A step down the gradients.
pub fn descended<M: Module>(module: M, gradients: &Gradients, rate: f32) -> M {
    let moved = parameters(&module, Some(gradients)).into_iter().filter_map(|Found { path, values, gradient }| {
        let values = values.iter().zip(gradient?).map(|(value, slope)| value - rate * slope).collect();
        Some((path, values))
    });
    let moved = moved.collect();
    put(module, moved)
}
