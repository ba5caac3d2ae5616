//! Which rows of a pool are worth a label most: by how unsure a model is of them (`uncertainty`), by how they are
//! spread (`coreset`, `typiclust`), or by both (`badge`).

mod badge;
mod chosen;
mod coreset;
mod distance;
mod random;
mod typiclust;
mod uncertainty;

pub use badge::badge;
pub use chosen::Chosen;
pub use coreset::coreset;
pub use random::random;
pub use typiclust::typiclust;
pub use uncertainty::{bald, entropy, highest, margin};
