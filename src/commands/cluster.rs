//! `semiseq cluster`.

use std::path::PathBuf;

use clap::ValueEnum;
use semiseq::analysis::{
    AnalysisError, adjusted_rand_index, cluster, normalized_mutual_information, pca, silhouette, tsne,
};
use semiseq::prelude::*;
use semiseq::report::map;
use semiseq::training::files::{make_folder, write_atomic};
use serde::Serialize;

use super::{cell, check_finite, json_text, labels_of, open_run, prepare_input, print, tell, tell_formulas};

/// Arguments of `cluster`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// A file or folder in any supported format; `-` reads JSON lines from standard input
    input: String,
    /// Clusters; by default as many as INPUT has classes. DBSCAN finds their number itself
    #[arg(long)]
    k: Option<usize>,
    /// How to cluster
    #[arg(long, value_enum, default_value = "kmeans")]
    method: Method,
    /// Seeds the starts, and the t-SNE map
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for `clusters.csv`, `pca.svg` and `tsne.svg`; by default `clusters` in the run folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// The methods by their names on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// Nearest of K centres
    Kmeans,
    /// Mixture of K normal distributions
    Gmm,
    /// Dense regions; the rest is noise
    Dbscan,
}

/// What is printed.
#[derive(Serialize)]
struct Found {
    sequences: usize,
    clusters: usize,
    sizes: Vec<usize>,
    noise: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    silhouette: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nmi: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ari: Option<f64>,
}

/// Clusters.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    let (names, mut labels) = labels_of(&run, &arguments.input)?;
    let vectors = run.embed(&prepare_input(&run, &arguments.input, false)?);
    check_finite(vectors.iter().map(Vec::as_slice))?;
    labels.resize(vectors.len(), None);
    let method = match arguments.method {
        Method::Kmeans => semiseq::analysis::Method::KMeans,
        Method::Gmm => semiseq::analysis::Method::GaussianMixture,
        Method::Dbscan => semiseq::analysis::Method::Dbscan,
    };
    let k = match (arguments.k, arguments.method, names.len()) {
        (Some(k), ..) => k,
        (None, Method::Dbscan, _) => 1,
        (None, _, 0) => {
            return Err(Error::input(
                format!("{} has no labels that would say how many clusters to look for", arguments.input),
                "give their number, for example `--k 3`",
            ));
        }
        (None, _, classes) => classes,
    };
    let wrong = |error: AnalysisError| Error::input(error.message, "look at the vectors with `semiseq embed`");
    let groups = cluster(&vectors, method, k, arguments.seed).map_err(wrong)?;
    let found = judge(&vectors, &groups, &labels);

    let folder = arguments.out.clone().unwrap_or_else(|| arguments.run.join("clusters"));
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
    if arguments.json {
        print(json_text(&found)?)?;
        return Ok(());
    }
    let mut text = format!(
        "{} sequences in {} clusters of {:?}; {} noise",
        found.sequences, found.clusters, found.sizes, found.noise
    );
    for (name, value) in [("silhouette", found.silhouette), ("nmi", found.nmi), ("ari", found.ari)] {
        if let Some(value) = value {
            text.push_str(&format!("\n{name:<10} {value:.4}"));
        }
    }
    print(text)?;
    let verb = if written.len() > 1 { "are" } else { "is" };
    tell(format!("{} {verb} in {}", written.join(", "), folder.display()));
    Ok(())
}

/// Measures over the points that are no noise; agreement over those of them that have a label.
fn judge(vectors: &[Vec<f64>], groups: &[Option<usize>], labels: &[Option<usize>]) -> Found {
    let clusters = groups.iter().flatten().max().map_or(0, |most| most + 1);
    let sizes: Vec<usize> =
        (0..clusters).map(|cluster| groups.iter().filter(|group| **group == Some(cluster)).count()).collect();
    let (points, kept): (Vec<Vec<f64>>, Vec<usize>) =
        vectors.iter().zip(groups).filter_map(|(point, group)| Some((point.clone(), (*group)?))).unzip();
    let (truth, of_labeled): (Vec<usize>, Vec<usize>) =
        labels.iter().zip(groups).filter_map(|(label, group)| Some(((*label)?, (*group)?))).unzip();
    let labeled = !truth.is_empty();
    Found {
        sequences: vectors.len(),
        clusters,
        sizes,
        noise: groups.iter().filter(|group| group.is_none()).count(),
        silhouette: silhouette(&points, &kept).ok(),
        nmi: labeled.then(|| normalized_mutual_information(&truth, &of_labeled)),
        ari: labeled.then(|| adjusted_rand_index(&truth, &of_labeled)),
    }
}

/// A row per sequence: its number, cluster (empty for noise) and label.
fn table(groups: &[Option<usize>], names: &[String], labels: &[Option<usize>]) -> String {
    let mut text = String::from("index,cluster,label\n");
    for (index, (group, label)) in groups.iter().zip(labels).enumerate() {
        let group = group.map_or(String::new(), |group| group.to_string());
        let label = label.map_or(String::new(), |label| cell(&names[label]));
        text.push_str(&format!("{index},{group},{label}\n"));
    }
    text
}

/// By cluster, and by class where there are labels.
fn colorings(groups: &[Option<usize>], names: &[String], labels: &[Option<usize>]) -> Vec<map::Coloring> {
    let clusters = groups.iter().flatten().max().map_or(0, |most| most + 1);
    let by_cluster = map::Coloring {
        title: "by cluster".into(),
        names: (0..clusters).map(|cluster| format!("cluster {cluster}")).collect(),
        groups: groups.to_vec(),
    };
    let by_class = map::Coloring { title: "by class".into(), names: names.to_vec(), groups: labels.to_vec() };
    if names.is_empty() { vec![by_cluster] } else { vec![by_cluster, by_class] }
}
