//! `devices`: where a run computes.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::de::{Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

use crate::config::BACKENDS;

/// Devices that one run may name.
const MOST: usize = 64;

/// A device of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum DeviceName {
    /// A device of the config's `backend`, by number.
    Number(usize),
    /// `"cuda:1"`: a backend and the number of its device; `"flex"` is its first.
    Name(String),
}

/// What several devices do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strategy {
    /// There is one.
    Single,
    /// Each makes the passes of some rows of a batch.
    Multi,
    /// Not to be had: each device with an objective and an optimiser of its own, gradients averaged. A mean of means
    /// over parts is not the mean over the batch, and thresholds, memory banks and teachers would part.
    Ddp,
}

impl DeviceName {
    /// Backend and number; `backend` is the config's.
    ///
    /// # Errors
    ///
    /// What is wrong with the name, and what would be right.
    pub fn parts<'a>(&'a self, backend: &'a str) -> Result<(&'a str, usize), (String, String)> {
        let name = match self {
            Self::Number(number) => return Ok((backend, *number)),
            Self::Name(name) => name.as_str(),
        };
        if name.starts_with("iroh:") || name.starts_with("ws:") {
            let message = format!("names `{name}`, a device of another machine, which this version cannot use");
            return Err((message, "name devices of this machine, such as \"cuda:0\"".into()));
        }
        let (known, number) = name.split_once(':').map_or((name, Ok(0)), |(known, number)| (known, number.parse()));
        let hint = "write a number, a device of `backend`, or a backend with a number: \"cuda:1\"".to_string();
        match number {
            Ok(number) if BACKENDS.contains(&known) => Ok((known, number)),
            Ok(_) => Err((format!("must name one of the backends {}, got `{name}`", BACKENDS.join(", ")), hint)),
            Err(_) => Err((format!("must be a number or a name such as \"cuda:1\", got `{name}`"), hint)),
        }
    }
}

impl Display for DeviceName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

/// By hand: of an untagged enum serde says only that no variant fits.
impl<'de> Deserialize<'de> for DeviceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl Visitor<'_> for Named {
            type Value = DeviceName;

            fn expecting(&self, formatter: &mut Formatter) -> fmt::Result {
                formatter.write_str("a number or a name such as \"cuda:1\"")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<DeviceName, E> {
                let number = usize::try_from(number);
                number
                    .map(DeviceName::Number)
                    .map_err(|_| E::invalid_value(Unexpected::Other("a negative number"), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<DeviceName, E> {
                let number = usize::try_from(number);
                number
                    .map(DeviceName::Number)
                    .map_err(|_| E::invalid_value(Unexpected::Other("a larger number"), &self))
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<DeviceName, E> {
                Ok(DeviceName::Name(name.to_string()))
            }
        }
        deserializer.deserialize_any(Named)
    }
}

/// Notes what is wrong with the devices and what they are to do.
pub(crate) fn check(devices: &[DeviceName], strategy: Option<Strategy>, backend: &str, problems: &mut Vec<Problem>) {
    if devices.is_empty() || devices.len() > MOST {
        let hint = Some("`devices = [0]` is the first device of `backend`");
        problems.push(problem("devices", format!("must name 1 to {MOST} devices, got {}", devices.len()), hint));
    }
    for (index, device) in devices.iter().enumerate() {
        if let Err((message, hint)) = device.parts(backend) {
            problems.push(Problem { key: format!("devices.{index}"), message, hint: Some(hint) });
        }
    }
    match strategy {
        Some(Strategy::Ddp) => problems.push(problem(
            "strategy",
            "cannot be `ddp`: gradients averaged over devices are not those of the batch, and thresholds, memory banks \
             and teachers would differ from device to device",
            Some("`multi` shares the passes of a batch among the devices, with one objective and one optimiser"),
        )),
        Some(Strategy::Single) if devices.len() > 1 => problems.push(problem(
            "strategy",
            format!("is `single`, and `devices` names {}", devices.len()),
            Some("name one device, or write `strategy = \"multi\"`"),
        )),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::config::RunConfig;

    fn config(lines: &str) -> String {
        format!(
            "{lines}\n[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = 2\n\
             [stage.objective.supervised]\n"
        )
    }

    #[test]
    fn numbers_and_names_are_read_and_written_as_they_stand() {
        let text = config("backend = \"cuda\"\ndevices = [1, \"flex\", \"cuda:3\"]\nstrategy = \"multi\"");
        let read = RunConfig::parse("c.toml", &text, &[]).expect("a config");
        let parts: Vec<_> = read.devices.iter().map(|device| device.parts(&read.backend).expect("a device")).collect();
        assert_eq!(parts, [("cuda", 1), ("flex", 0), ("cuda", 3)]);
        assert_eq!(read.lead_backend(), "cuda");
        let written = toml::to_string(&read).expect("TOML");
        assert!(written.contains("devices = [1, \"flex\", \"cuda:3\"]\nstrategy = \"multi\"\n"), "{written}");
        assert!(
            !toml::to_string(&RunConfig::parse("c.toml", &config(""), &[]).expect("one"))
                .expect("TOML")
                .contains("strategy")
        );
    }

    #[test]
    fn each_mistake_is_told_with_its_place() {
        for (lines, expected) in [
            ("devices = []", "c.toml:1: `devices` must name 1 to 64 devices, got 0"),
            (
                "devices = [0, \"cuba:1\"]",
                "`devices.1` must name one of the backends flex, ndarray, wgpu, cuda, got `cuba:1`",
            ),
            ("devices = [\"cuda:x\"]", "`devices.0` must be a number or a name such as \"cuda:1\", got `cuda:x`"),
            ("devices = [-1]", "a number or a name such as \"cuda:1\""),
            ("devices = [true]", "a number or a name such as \"cuda:1\""),
            ("devices = [\"iroh:abc@host:1/0\"]", "a device of another machine"),
            ("devices = [0, 0]\nstrategy = \"single\"", "c.toml:2: `strategy` is `single`, and `devices` names 2"),
            ("strategy = \"ddp\"", "gradients averaged over devices are not those of the batch"),
            ("strategy = \"both\"", "single"),
        ] {
            let error = RunConfig::parse("c.toml", &config(lines), &[]).expect_err(lines).in_full();
            assert!(error.contains(expected), "{lines}: {error}");
        }
    }
}
