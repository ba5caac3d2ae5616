//! What can be written in a config, from the doc comments of its structs: as a JSON schema, as tables of keys, and as
//! comments of a config in full.

mod schema;
mod tables;
mod written;

pub use schema::schema;
pub use tables::{Key, KeyTable, tables};
pub use written::written_out;
