//! The grid file and the cells that it stands for.

use std::path::{Path, PathBuf};

use semiseq::datasets::formats::text_of;
use semiseq::prelude::*;
use serde::Deserialize;

use super::super::cells;

/// A grid file. Every combination of method, task, labels, further keys and seed is a cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The config that all cells start from, beside the grid file.
    base: PathBuf,
    /// `seed` and `data.labels.seed` of the cells.
    #[serde(default = "three_seeds")]
    pub seeds: Vec<u64>,
    /// The score of the test part that is compared.
    #[serde(default = "accuracy")]
    pub metric: String,
    /// The method that the others are tested against; by default the first.
    baseline: Option<String>,
    /// What is compared.
    #[serde(rename = "method")]
    pub methods: Vec<Variant>,
    /// What it is compared on; by default the base's data.
    #[serde(rename = "task", default)]
    tasks: Vec<Variant>,
    /// How many labels.
    labels: Option<Labels>,
    /// Further keys, each with its values.
    #[serde(default)]
    grid: toml::Table,
}

/// A name, and what it changes in the base.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    #[serde(default)]
    set: toml::Table,
}

/// `data.labels`: one of the three.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Labels {
    PerClass(Vec<i64>),
    Total(Vec<i64>),
    Fraction(Vec<f64>),
}

fn three_seeds() -> Vec<u64> {
    vec![0, 1, 2]
}

fn accuracy() -> String {
    "accuracy".into()
}

/// One run of the grid.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Position in the methods.
    pub method: usize,
    /// Position in [`Plan::tasks`].
    pub task: usize,
    pub seed: u64,
    pub run: cells::Cell,
}

/// A column of the table: data, labels and further keys.
#[derive(Clone, Debug)]
pub struct Task {
    pub name: String,
    /// Without the labels: tasks that differ in labels alone lie on one curve.
    pub family: String,
    pub labels: Option<f64>,
}

/// A checked grid.
pub struct Plan {
    pub grid: Grid,
    pub baseline: usize,
    pub tasks: Vec<Task>,
    pub cells: Vec<Cell>,
}

type Overrides = Vec<(String, toml::Value)>;

impl Plan {
    /// Reads a grid file, and checks the config of every cell.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = semiseq::schema::read(path).map_err(|error| {
            Error::input(format!("{}: cannot be read: {error}", path.display()), "name a grid file")
        })?;
        let text = text_of(bytes, &path.display().to_string())?;
        let grid: Grid = toml::from_str(&text).map_err(|error| {
            Error::input(
                format!("{}: {}", path.display(), error.to_string().trim_end()),
                "configs/grids/quickstart.toml is an example",
            )
        })?;
        let empty = [("seeds", grid.seeds.is_empty()), ("method", grid.methods.is_empty())];
        if let Some((key, _)) = empty.iter().find(|(_, empty)| *empty) {
            return Err(Error::input(format!("{}: `{key}` is empty", path.display()), "give at least one"));
        }
        let baseline = match &grid.baseline {
            None => 0,
            Some(name) => grid.methods.iter().position(|method| method.name == *name).ok_or_else(|| {
                let names: Vec<&str> = grid.methods.iter().map(|method| method.name.as_str()).collect();
                Error::input(
                    format!("{}: `baseline` names `{name}`, which is no method", path.display()),
                    format!("the methods are {}", names.join(", ")),
                )
            })?,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let base = folder.join(&grid.base);
        let mut plan = Self { grid, baseline, tasks: Vec::new(), cells: Vec::new() };
        for (task, overrides) in plan.columns(path)? {
            let task_index = plan.tasks.len();
            plan.tasks.push(task);
            for method in 0..plan.grid.methods.len() {
                for seed in plan.grid.seeds.clone() {
                    let cell = plan.cell(folder, &base, method, task_index, seed, &overrides)?;
                    plan.cells.push(cell);
                }
            }
        }
        Ok(plan)
    }

    /// What a cell is called.
    pub fn name(&self, index: usize) -> String {
        let cell = &self.cells[index];
        format!("{}, {}, seed {}", self.grid.methods[cell.method].name, self.tasks[cell.task].name, cell.seed)
    }

    /// Every task with what it changes.
    fn columns(&self, path: &Path) -> Result<Vec<(Task, Overrides)>, Error> {
        let whole = Variant { name: String::new(), set: toml::Table::new() };
        let tasks = if self.grid.tasks.is_empty() { vec![whole] } else { self.grid.tasks.clone() };
        let mut columns: Vec<(Task, Overrides)> = tasks
            .into_iter()
            .map(|task| {
                (Task { name: task.name.clone(), family: task.name, labels: None }, task.set.into_iter().collect())
            })
            .collect();
        for (key, values) in &self.grid.grid {
            let values = values.as_array().filter(|values| !values.is_empty()).ok_or_else(|| {
                Error::input(
                    format!("{}: `grid.{key}` must be a list of values", path.display()),
                    format!("for example `\"{key}\" = [1, 2]`"),
                )
            })?;
            columns =
                product(&columns, values.iter().map(|value| (format!("{key} {value}"), key.clone(), value.clone())));
        }
        let (key, counts): (&str, Vec<toml::Value>) = match &self.grid.labels {
            None => return Ok(named(columns)),
            Some(Labels::PerClass(counts)) => ("per_class", counts.iter().map(|count| (*count).into()).collect()),
            Some(Labels::Total(counts)) => ("total", counts.iter().map(|count| (*count).into()).collect()),
            Some(Labels::Fraction(shares)) => ("fraction", shares.iter().map(|share| (*share).into()).collect()),
        };
        let mut all = Vec::new();
        for (task, overrides) in columns {
            for count in &counts {
                let mut overrides = overrides.clone();
                overrides
                    .push(("data.labels".into(), toml::Table::from_iter([(key.to_string(), count.clone())]).into()));
                let shown = format!("{count} {}", if key == "per_class" { "a class" } else { key });
                let name = if task.name.is_empty() { shown } else { format!("{}, {shown}", task.name) };
                let labels = count.as_float().or_else(|| count.as_integer().map(|count| count as f64));
                all.push((Task { name, family: task.family.clone(), labels }, overrides));
            }
        }
        Ok(all)
    }

    /// The run of a cell; relative paths that the grid file sets are relative to its `folder`, as all paths in a file
    /// are.
    fn cell(
        &self,
        folder: &Path,
        base: &Path,
        method: usize,
        task: usize,
        seed: u64,
        task_set: &Overrides,
    ) -> Result<Cell, Error> {
        let own = self.grid.methods[method].set.iter().map(|(key, value)| (key.clone(), value.clone()));
        let mut fixed = vec![
            ("seed", toml::Value::Integer(seed as i64)),
            ("data.labels.seed", toml::Value::Integer(seed as i64)),
            // The methods are the comparison; a baseline in each cell would be trained again and again.
            ("baseline.enabled", toml::Value::Boolean(false)),
            ("name", toml::Value::String("cell".into())),
        ];
        // They are the same for every method: one computes them.
        if method != self.baseline {
            fixed.push(("references.enabled", toml::Value::Boolean(false)));
        }
        let fixed = fixed.into_iter().map(|(key, value)| (key.to_string(), value));
        let overrides: Vec<String> =
            task_set.iter().cloned().chain(own).chain(fixed).map(|(key, value)| format!("{key}={value}")).collect();
        let config = RunConfig::read_from(base, &overrides, folder)?;
        Ok(Cell { method, task, seed, run: cells::Cell::new(config, folder)? })
    }
}

fn product(
    columns: &[(Task, Overrides)],
    values: impl Iterator<Item = (String, String, toml::Value)> + Clone,
) -> Vec<(Task, Overrides)> {
    let with = |(task, overrides): &(Task, Overrides)| {
        let (task, overrides) = (task.clone(), overrides.clone());
        values.clone().map(move |(shown, key, value)| {
            let name = if task.name.is_empty() { shown } else { format!("{}, {shown}", task.name) };
            let mut overrides = overrides.clone();
            overrides.push((key, value));
            (Task { name: name.clone(), family: name, labels: None }, overrides)
        })
    };
    columns.iter().flat_map(with).collect()
}

/// A grid with a single task needs a name for it.
fn named(mut columns: Vec<(Task, Overrides)>) -> Vec<(Task, Overrides)> {
    for (task, _) in columns.iter_mut().filter(|(task, _)| task.name.is_empty()) {
        task.name = "test".into();
    }
    columns
}
