//! `semiseq cluster`: vectors of a run, or series themselves.

mod found;
mod series;
mod vectors;

use std::path::PathBuf;

use clap::ValueEnum;
use semiseq::prelude::*;

use super::columns::Columns;

/// Arguments of `cluster`.
#[derive(clap::Args)]
#[command(allow_missing_positional = true)]
pub struct Arguments {
    /// The run folder whose vectors are clustered; without one, the series of INPUT themselves are (`dtw`, `soft-dtw`)
    run: Option<PathBuf>,
    /// A file or folder in any supported format; `-` reads JSON lines from standard input
    input: String,
    /// Clusters; by default as many as INPUT has classes. DBSCAN finds their number itself
    #[arg(long)]
    k: Option<usize>,
    /// How to cluster; default: as the run itself does where it learned clusters, otherwise `kmeans`; without a run
    /// `dtw`
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// Seeds the starts, and the t-SNE map
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// For `soft-dtw`: how soft its minimum is, above 0; the nearer to 0, the more it is as `dtw`. Default: 1
    #[arg(long)]
    gamma: Option<f64>,
    /// Without a run: scale each `channel` over all series, each `series` by itself, or `none`; default: `channel`
    #[arg(long, value_enum)]
    normalize: Option<Scale>,
    /// Without a run: resample each series to so many steps first, by straight lines; a quarter of them takes a
    /// sixteenth of the time
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..))]
    resample: Option<u32>,
    /// Folder for what is written; by default `clusters`, in the run folder where there is one
    #[arg(long)]
    out: Option<PathBuf>,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    columns: Columns,
}

impl Arguments {
    /// Whether an option says how INPUT is read or prepared.
    fn prepares(&self) -> bool {
        self.normalize.is_some() || self.resample.is_some() || self.columns != Columns::default()
    }
}

/// The methods by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// Nearest of K centres
    Kmeans,
    /// Mixture of K normal distributions
    Gmm,
    /// Dense regions; the rest is noise
    Dbscan,
    /// Series: nearest of K centres by dynamic time warping (Petitjean et al. 2011)
    Dtw,
    /// Series: nearest of K centres by soft-DTW (Cuturi & Blondel 2017)
    SoftDtw,
}

impl Method {
    /// Whether it works on series and not on vectors.
    fn warps(self) -> bool {
        matches!(self, Self::Dtw | Self::SoftDtw)
    }
}

/// What series are scaled by.
#[derive(Clone, Copy, ValueEnum)]
enum Scale {
    Channel,
    Series,
    None,
}

/// Clusters.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let method = arguments.method.unwrap_or(if arguments.run.is_some() { Method::Kmeans } else { Method::Dtw });
    if arguments.gamma.is_some() && method != Method::SoftDtw {
        return Err(Error::input("`--gamma` is for `soft-dtw`", "add `--method soft-dtw`, or leave it out"));
    }
    match (&arguments.run, method.warps()) {
        (Some(run), false) if arguments.prepares() => Err(Error::input(
            format!("{} says how its data are read and prepared", run.display()),
            "`--normalize`, `--resample` and the options of columns are for series without a run: leave them out",
        )),
        (Some(run), false) => vectors::cluster(arguments, run, method),
        (None, true) => series::cluster(arguments, method),
        (Some(run), true) => Err(Error::input(
            format!(
                "`dtw` and `soft-dtw` cluster the series themselves and ask no run, and {} is given",
                run.display()
            ),
            format!("`semiseq cluster {} --method dtw`", arguments.input),
        )),
        (None, false) => Err(Error::input(
            "`kmeans`, `gmm` and `dbscan` cluster the vectors of a run, and no run folder is given",
            format!("`semiseq cluster RUN {0}`, or `semiseq cluster {0} --method dtw` for series", arguments.input),
        )),
    }
}

/// How many clusters to look for.
fn clusters(arguments: &Arguments, classes: usize) -> Result<usize, Error> {
    match (arguments.k, classes) {
        (Some(k), _) => Ok(k),
        (None, 0) => Err(Error::input(
            format!("{} has no labels that would say how many clusters to look for", arguments.input),
            "give their number, for example `--k 3`",
        )),
        (None, classes) => Ok(classes),
    }
}

/// Says where files are.
fn tell_written(written: &[&str], folder: &std::path::Path) {
    let verb = if written.len() > 1 { "are" } else { "is" };
    super::tell(format!("{} {verb} in {}", written.join(", "), folder.display()));
}
