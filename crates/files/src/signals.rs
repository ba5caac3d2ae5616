//! What recordings of signals have in common: channels at their own rates, in physical units, and annotations in time.

/// A recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Whom it is of, as the file says; may be empty.
    pub patient: String,
    /// The channels.
    pub signals: Vec<Signal>,
    /// What was noted, in the order of time.
    pub annotations: Vec<Annotation>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// The unit of its values.
    pub unit: String,
    /// Values a second.
    pub rate: f64,
    /// The values in that unit; NaN where one is missing.
    pub values: Vec<f32>,
}

/// A note in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Seconds from the beginning of the recording.
    pub onset: f64,
    /// Seconds that it lasts; `None` for a moment.
    pub duration: Option<f64>,
    /// What is noted: of WFDB the symbol of a beat, or the text of a rhythm or note.
    pub text: String,
}

/// A field of fixed width: ASCII, filled up by spaces.
pub(crate) fn field(bytes: &[u8], at: usize, width: usize) -> Result<String, String> {
    let field = bytes.get(at..at + width).ok_or_else(|| format!("byte {at}: the file is cut short in its header"))?;
    // Some devices write Latin letters such as µ.
    Ok(field.iter().map(|byte| char::from(*byte)).collect::<String>().trim_matches([' ', '\0']).to_string())
}
