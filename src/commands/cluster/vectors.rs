//! Clusters of a run's vectors.

use std::path::Path;

use semiseq::analysis::{self, AnalysisError, pca, silhouette, tsne};
use semiseq::prelude::*;
use semiseq::report::map;
use semiseq::training::Predictor;
use semiseq::training::files::{make_folder, write_atomic};
use semiseq::training::tasks::Outputs;

use super::found::{Found, colorings, table};
use super::{Arguments, Method, clusters, tell_written};
use crate::commands::{check_finite, labels_of, open_run, prepare_input, tell, tell_formulas};

/// Clusters them, and writes `clusters.csv` and two maps.
pub(super) fn cluster(arguments: &Arguments, folder: &Path, method: Method) -> Result<(), Error> {
    let run = open_run(folder, arguments.backend.as_deref())?;
    let (names, mut labels) = labels_of(&run, &arguments.input)?;
    let data = prepare_input(&run, &arguments.input, false)?;
    let vectors = run.embed(&data);
    check_finite(vectors.iter().map(Vec::as_slice))?;
    labels.resize(vectors.len(), None);
    let own = arguments.method.is_none() && arguments.k.is_none();
    let groups = if own && run.purpose().predictor == Predictor::Clusters {
        own_clusters(&run, &data)?
    } else {
        let (by, k) = match method {
            Method::Gmm => (analysis::Method::GaussianMixture, clusters(arguments, names.len())?),
            Method::Dbscan => (analysis::Method::Dbscan, arguments.k.unwrap_or(1)),
            _ => (analysis::Method::KMeans, clusters(arguments, names.len())?),
        };
        let wrong = |error: AnalysisError| Error::input(error.message, "look at the vectors with `semiseq embed`");
        analysis::cluster(&vectors, by, k, arguments.seed).map_err(wrong)?
    };
    let (points, kept): (Vec<Vec<f64>>, Vec<usize>) =
        vectors.iter().zip(&groups).filter_map(|(point, group)| Some((point.clone(), (*group)?))).unzip();
    let found = Found::new(&groups, &labels, silhouette(&points, &kept).ok());

    let folder = arguments.out.clone().unwrap_or_else(|| folder.join("clusters"));
    make_folder(&folder)?;
    write_atomic(&folder.join("clusters.csv"), table(&groups, &names, &labels).as_bytes())?;
    tell_formulas(names.iter().map(String::as_str));
    let mut written = vec!["clusters.csv"];
    for (name, title, places) in
        [("pca.svg", "Principal components", pca(&vectors)), ("tsne.svg", "t-SNE", tsne(&vectors, arguments.seed))]
    {
        match places {
            Ok(places) => {
                map::write(&folder.join(name), title, &places, &colorings(&groups, &names, &labels))?;
                written.push(name);
            }
            Err(error) => tell(format!("note: no {name}: {error}")),
        }
    }
    found.print(arguments.json)?;
    if !arguments.json {
        tell_written(&written, &folder);
    }
    Ok(())
}

/// The likeliest of the run's own clusters, of each sequence.
fn own_clusters(run: &SavedRun, data: &Dataset) -> Result<Vec<Option<usize>>, Error> {
    let Outputs::Classes(rows) = run.predict(data)? else { return Ok(vec![None; data.len()]) };
    let likeliest = |row: &Vec<f64>| (0..row.len()).max_by(|left, right| row[*left].total_cmp(&row[*right]));
    Ok(rows.iter().map(likeliest).collect())
}
