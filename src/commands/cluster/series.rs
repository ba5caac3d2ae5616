//! Clusters of series by how well they lie on each other when time may be stretched, without a run.

use std::io::BufReader;
use std::path::PathBuf;

use semiseq::analysis::AnalysisError;
use semiseq::analysis::warping::{TimeSeries, WarpedClusters, Warping, check_cost, dtw_silhouette, warped_clusters};
use semiseq::datasets::formats::{ReadOptions, read_jsonl};
use semiseq::datasets::synthetic::FORMULAS;
use semiseq::datasets::{Normalize, Processor, Series, TransformConfig, dataset_from_rows, input_path, read_input};
use semiseq::prelude::*;
use semiseq::report::centres;
use semiseq::training::files::{make_folder, write_atomic};

use super::found::{Found, table};
use super::{Arguments, Method, Scale, clusters, tell_written};
use crate::commands::{STANDARD_INPUT, tell, tell_formulas, tell_notes};

/// Pairs of values that a silhouette compares at most, some seconds of work.
const SILHOUETTE_PAIRS: f64 = 2e9;
/// γ of soft-DTW where nothing is said.
const GAMMA: f64 = 1.0;
/// The golden ratio less 1.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Clusters them, and writes `clusters.csv` and the centres.
pub(super) fn cluster(arguments: &Arguments, method: Method) -> Result<(), Error> {
    let raw = read(arguments, TargetKind::Classify).or_else(|_| read(arguments, TargetKind::Unsupervised))?;
    tell_notes(&raw.notes);
    let class = |target: &Target| if let Target::Class(class) = target { Some(*class) } else { None };
    let (names, labels) = (raw.classes.clone(), raw.targets.iter().map(class).collect::<Vec<_>>());
    let series = series_of(arguments, raw)?;
    let k = clusters(arguments, names.len())?;
    let gamma = arguments.gamma.unwrap_or(GAMMA);
    if !(gamma.is_finite() && gamma > 0.0) {
        return Err(Error::input(
            format!("`--gamma` must be a number above 0, got {gamma}"),
            format!("leave it out to take {GAMMA}"),
        ));
    }
    let warping = if method == Method::SoftDtw { Warping::Soft(gamma) } else { Warping::Dtw };
    let shorter = "take fewer series, or make them shorter: `--resample 64`";
    check_cost(&series, warping, k).map_err(|error| Error::input(error.message, shorter))?;
    let wrong = |error: AnalysisError| Error::input(error.message, "look at the series with `semiseq data info`");
    let WarpedClusters { groups, centres, inertia } =
        warped_clusters(&series, warping, k, arguments.seed).map_err(wrong)?;
    let silhouette = silhouette(&series, &groups);
    let groups: Vec<Option<usize>> = groups.into_iter().map(Some).collect();
    let found = Found::new(&groups, &labels, silhouette).with_inertia(inertia);

    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from("clusters"));
    make_folder(&folder)?;
    write_atomic(&folder.join("clusters.csv"), table(&groups, &names, &labels).as_bytes())?;
    tell_formulas(names.iter().map(String::as_str));
    write_atomic(&folder.join("centres.csv"), centre_table(&centres).as_bytes())?;
    let drawn: Vec<(String, Series)> = centres
        .iter()
        .enumerate()
        .map(|(cluster, centre)| {
            let size = groups.iter().filter(|group| **group == Some(cluster)).count();
            let values = centre.values.iter().map(|value| *value as f32).collect();
            (format!("cluster {cluster}, {size} series"), Series { values, channels: centre.channels })
        })
        .collect();
    centres::write(&folder.join("centres.svg"), &drawn)?;
    found.print(arguments.json)?;
    if !arguments.json {
        tell_written(&["clusters.csv", "centres.csv", "centres.svg"], &folder);
    }
    Ok(())
}

/// INPUT as it stands there.
fn read(arguments: &Arguments, task: TargetKind) -> Result<Dataset, Error> {
    let (input, columns) = (arguments.input.as_str(), &arguments.columns);
    let config = columns.config(input);
    if input == "-" {
        // Standard input can be read but once, so that labels in it are left out.
        let options = ReadOptions { features: config.features, ..ReadOptions::default() };
        let rows = read_jsonl(BufReader::new(std::io::stdin()), STANDARD_INPUT, &options)?;
        return Ok(dataset_from_rows(rows, TargetKind::Unsupervised)?);
    }
    if let Some(formula) = FORMULAS.iter().find(|formula| formula.name == input) {
        return Ok(formula.test_part(config.seed));
    }
    let (path, note) = input_path(input)?;
    let mut dataset = read_input(&path, &config, task)?;
    dataset.notes.splice(0..0, note);
    Ok(dataset)
}

/// The series, filled and scaled.
fn series_of(arguments: &Arguments, mut raw: Dataset) -> Result<Vec<TimeSeries>, Error> {
    raw.targets.fill(Target::Missing);
    raw.classes.clear();
    let normalize = match arguments.normalize {
        Some(Scale::Channel) | None => Normalize::Channel,
        Some(Scale::Series) => Normalize::Series,
        Some(Scale::None) => Normalize::None,
    };
    let resample = arguments.resample.map(|steps| steps as usize);
    let config = TransformConfig { normalize, resample, ..TransformConfig::default() };
    let prepared = if raw.sequences.iter().all(|sequence| sequence.loaded().values().is_some()) {
        Processor::fit(&config, &raw)?.apply(raw)?
    } else {
        return Err(Error::input(
            format!("{} holds texts or tokens, and `dtw` warps series of values", arguments.input),
            "cluster the vectors of a run: `semiseq cluster RUN INPUT`",
        ));
    };
    let of = |sequence: &Sequence| {
        let sequence = sequence.loaded();
        let (values, channels) = sequence.values()?;
        Some(TimeSeries { values: values.iter().map(|value| f64::from(*value)).collect(), channels })
    };
    Ok(prepared.sequences.iter().filter_map(of).collect())
}

/// The silhouette by dynamic time warping: of all series, or of as many as seconds allow, which are spread over all by
/// multiples of the golden ratio: rows may stand class by class or in turn.
fn silhouette(series: &[TimeSeries], groups: &[usize]) -> Option<f64> {
    let count = series.len();
    let steps = series.iter().map(TimeSeries::time).sum::<usize>() as f64 / count.max(1) as f64;
    let channels = series.first().map_or(1, |first| first.channels) as f64;
    let most = (2.0 * SILHOUETTE_PAIRS / (steps * steps * channels).max(1.0)).sqrt() as usize;
    if most >= count {
        return dtw_silhouette(series, groups).ok();
    }
    let share = most as f64 / count as f64;
    let rows: Vec<usize> = (0..count).filter(|row| (*row as f64 * GOLDEN).fract() < share).collect();
    tell(format!("note: the silhouette is that of {} of the {count} series; all would take long", rows.len()));
    let (series, groups): (Vec<TimeSeries>, Vec<usize>) =
        rows.into_iter().map(|row| (series[row].clone(), groups[row])).unzip();
    dtw_silhouette(&series, &groups).ok()
}

/// A row per step of each centre: the cluster, the step, and the channels, scaled as the series were.
fn centre_table(centres: &[TimeSeries]) -> String {
    let channels = centres.first().map_or(0, |first| first.channels);
    let names: String = (0..channels).map(|channel| format!(",v{channel}")).collect();
    let mut text = format!("cluster,step{names}\n");
    for (cluster, centre) in centres.iter().enumerate() {
        for (step, values) in centre.values.chunks(centre.channels.max(1)).enumerate() {
            let values: String = values.iter().map(|value| format!(",{}", *value as f32)).collect();
            text.push_str(&format!("{cluster},{step}{values}\n"));
        }
    }
    text
}
