//! `data.packed`.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `packed = true`, `false`, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packed {
    /// Into a folder of the user's cache.
    Yes,
    /// Into memory.
    No,
    /// Into this folder.
    In(PathBuf),
}

impl JsonSchema for Packed {
    fn schema_name() -> Cow<'static, str> {
        "Packed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "minLength": 1 }] })
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::No => serializer.serialize_bool(false),
            Self::In(folder) => folder.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Packed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a folder")
            }

            fn visit_bool<E: serde::de::Error>(self, packed: bool) -> Result<Packed, E> {
                Ok(if packed { Packed::Yes } else { Packed::No })
            }

            fn visit_str<E: serde::de::Error>(self, folder: &str) -> Result<Packed, E> {
                match folder {
                    "" => Err(E::invalid_value(serde::de::Unexpected::Str(folder), &self)),
                    folder => Ok(Packed::In(folder.into())),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
