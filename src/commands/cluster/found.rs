//! What is printed and written of clusters, however they were found.

use semiseq::analysis::{adjusted_rand_index, normalized_mutual_information};
use semiseq::prelude::*;
use semiseq::report::map::Coloring;
use serde::Serialize;

use crate::commands::{cell, json_text, print};

/// Measures of clusters; agreement over the sequences that are in one and have a label.
#[derive(Serialize)]
pub(super) struct Found {
    sequences: usize,
    clusters: usize,
    sizes: Vec<usize>,
    noise: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    inertia: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silhouette: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nmi: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ari: Option<f64>,
}

impl Found {
    /// Of the cluster of each sequence, and its label where there is one.
    pub(super) fn new(groups: &[Option<usize>], labels: &[Option<usize>], silhouette: Option<f64>) -> Self {
        let clusters = cluster_count(groups);
        let (truth, of_labeled): (Vec<usize>, Vec<usize>) =
            labels.iter().zip(groups).filter_map(|(label, group)| Some(((*label)?, (*group)?))).unzip();
        let labeled = !truth.is_empty();
        Self {
            sequences: groups.len(),
            clusters,
            sizes: (0..clusters)
                .map(|cluster| groups.iter().filter(|group| **group == Some(cluster)).count())
                .collect(),
            noise: groups.iter().filter(|group| group.is_none()).count(),
            inertia: None,
            silhouette,
            nmi: labeled.then(|| normalized_mutual_information(&truth, &of_labeled)),
            ari: labeled.then(|| adjusted_rand_index(&truth, &of_labeled)),
        }
    }

    /// Together with the mean of what k-means minimises.
    pub(super) fn with_inertia(self, inertia: f64) -> Self {
        Self { inertia: Some(inertia), ..self }
    }

    /// Prints them, as lines or as one JSON object.
    pub(super) fn print(&self, json: bool) -> Result<(), Error> {
        if json {
            return print(json_text(self)?);
        }
        let mut text = format!(
            "{} sequences in {} clusters of {:?}; {} noise",
            self.sequences, self.clusters, self.sizes, self.noise
        );
        let measures =
            [("inertia", self.inertia), ("silhouette", self.silhouette), ("nmi", self.nmi), ("ari", self.ari)];
        for (name, value) in measures {
            if let Some(value) = value {
                text.push_str(&format!("\n{name:<10} {value:.4}"));
            }
        }
        print(text)
    }
}

/// How many clusters there are.
pub(super) fn cluster_count(groups: &[Option<usize>]) -> usize {
    groups.iter().flatten().max().map_or(0, |most| most + 1)
}

/// A row per sequence: its number, cluster (empty for noise) and label.
pub(super) fn table(groups: &[Option<usize>], names: &[String], labels: &[Option<usize>]) -> String {
    let mut text = String::from("index,cluster,label\n");
    for (index, (group, label)) in groups.iter().zip(labels).enumerate() {
        let group = group.map_or(String::new(), |group| group.to_string());
        let label = label.map_or(String::new(), |label| cell(&names[label]));
        text.push_str(&format!("{index},{group},{label}\n"));
    }
    text
}

/// By cluster, and by class where there are labels.
pub(super) fn colorings(groups: &[Option<usize>], names: &[String], labels: &[Option<usize>]) -> Vec<Coloring> {
    let by_cluster = Coloring {
        title: "by cluster".into(),
        names: (0..cluster_count(groups)).map(|cluster| format!("cluster {cluster}")).collect(),
        groups: groups.to_vec(),
    };
    let by_class = Coloring { title: "by class".into(), names: names.to_vec(), groups: labels.to_vec() };
    if names.is_empty() { vec![by_cluster] } else { vec![by_cluster, by_class] }
}
