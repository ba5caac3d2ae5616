//! The cells as a table: mean ± standard deviation over seeds, ranks over tasks, paired tests against the baseline.

use std::fmt::Write;

use semiseq::analysis::{holm, mean_and_deviation, mean_ranks, wilcoxon_signed_rank};
use semiseq::schema::higher_is_better;
use semiseq::training::{BaselineSummary, Summary};
use serde::Serialize;

use super::super::cells::Outcome;
use super::grid::Plan;

/// The table in numbers.
#[derive(Serialize)]
pub struct Table {
    pub metric: String,
    pub baseline: String,
    pub tasks: Vec<String>,
    pub rows: Vec<Row>,
}

/// A method.
#[derive(Serialize)]
pub struct Row {
    pub method: String,
    /// One a task; absent where no seed is through.
    pub cells: Vec<Option<Score>>,
    /// Mean over the tasks that all methods have finished, 1 for the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<f64>,
    /// Of the signed-rank test against the baseline over all tasks and seeds, corrected by Holm's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Seconds of its runs over those of the baseline's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Seconds of a step of the last stage over those of the baseline's: the median over tasks and seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Whether it is a plain method, which the grid does not name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reference: bool,
}

/// The score of the test part that a grid compares.
pub fn score(summary: &Summary, metric: &str) -> Option<f64> {
    summary.test.get(metric).copied()
}

/// Over the seeds.
#[derive(Clone, Copy, Serialize)]
pub struct Score {
    pub mean: f64,
    /// Of a sample; 0 for a single seed.
    pub deviation: f64,
    pub seeds: usize,
}

impl Table {
    /// Gathers what is through.
    pub fn new(plan: &Plan, outcomes: &[Option<Outcome>]) -> Self {
        let metric = plan.grid.metric.clone();
        let seeds = plan.grid.seeds.len();
        let (methods, tasks) = (plan.grid.methods.len(), plan.tasks.len());
        // [method][task][seed]
        let mut scores = vec![vec![vec![None; seeds]; tasks]; methods];
        let mut seconds = scores.clone();
        let mut steps = scores.clone();
        for (index, (cell, outcome)) in plan.cells.iter().zip(outcomes).enumerate() {
            if let Some(Ok(summary)) = outcome {
                scores[cell.method][cell.task][index % seeds] = score(summary, &metric);
                seconds[cell.method][cell.task][index % seeds] = Some(training_seconds(summary));
                let last = summary.stages.last().and_then(|stage| stage.outcome.step_seconds);
                steps[cell.method][cell.task][index % seeds] = last;
            }
        }
        let cells: Vec<Vec<Option<Score>>> =
            scores.iter().map(|tasks| tasks.iter().map(|seeds| Score::of(seeds)).collect()).collect();
        let ranks = ranks(&cells, tasks, higher_is_better(&metric));
        let baseline = plan.baseline;
        let others: Vec<usize> = (0..methods).filter(|method| *method != baseline).collect();
        let tested: Vec<Option<f64>> = others.iter().map(|method| test(&scores[*method], &scores[baseline])).collect();
        let known: Vec<f64> = tested.iter().flatten().copied().collect();
        let mut corrected = holm(&known).into_iter();
        let mut p = vec![None; methods];
        for (method, tested) in others.iter().zip(tested) {
            p[*method] = tested.and_then(|_| corrected.next());
        }
        let mut rows: Vec<Row> = plan
            .grid
            .methods
            .iter()
            .enumerate()
            .map(|(index, method)| Row {
                method: method.name.clone(),
                cells: cells[index].clone(),
                rank: ranks.as_ref().map(|ranks| ranks[index]),
                p: p[index],
                time: ratio(&seconds[index], &seconds[baseline]),
                step: median_ratio(&steps[index], &steps[baseline]),
                reference: false,
            })
            .collect();
        rows.extend(reference_rows(plan, outcomes, &metric));
        rows.extend(naive_rows(plan, outcomes, &metric));
        Self {
            metric,
            baseline: plan.grid.methods[baseline].name.clone(),
            tasks: plan.tasks.iter().map(|task| task.name.clone()).collect(),
            rows,
        }
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = format!("| {} of the test part |", self.metric);
        self.tasks.iter().for_each(|task| text.push_str(&format!(" {} |", task.replace('|', "\\|"))));
        text.push_str(" rank | p | time × | step × |\n|---|");
        text.push_str(&"---|".repeat(self.tasks.len() + 4));
        text.push('\n');
        for row in &self.rows {
            let _ = write!(text, "| {} |", row.method.replace('|', "\\|"));
            for (task, cell) in row.cells.iter().enumerate() {
                let shown = cell.map_or_else(|| "–".into(), Score::text);
                let _ = write!(text, " {} |", if self.is_best(task, cell) { format!("**{shown}**") } else { shown });
            }
            let (rank, p) = (number(row.rank, 2), number(row.p, 3));
            let _ = writeln!(text, " {rank} | {p} | {} | {} |", number(row.time, 2), number(row.step, 2));
        }
        let _ = write!(
            text,
            "\nMean ± standard deviation over seeds. Rank: mean over the tasks (Friedman), 1 is best. p: paired \
             signed-rank test against `{}` over tasks and seeds, corrected by Holm's method. Time: of its runs over \
             the baseline's; step: of a step of its last stage.\n",
            self.baseline
        );
        text
    }

    /// For programs: a row per method and task.
    pub fn csv(&self) -> String {
        let mut text = format!("method,task,{0}_mean,{0}_deviation,seeds,rank,p,time,step\n", self.metric);
        for row in &self.rows {
            for (task, cell) in self.tasks.iter().zip(&row.cells) {
                let score = cell
                    .map_or_else(|| ",,0".into(), |cell| format!("{},{},{}", cell.mean, cell.deviation, cell.seeds));
                let plain = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
                let (method, task) = (super::super::cell(&row.method), super::super::cell(task));
                let costs = format!("{},{}", plain(row.time), plain(row.step));
                let _ = writeln!(text, "{method},{task},{score},{},{},{costs}", plain(row.rank), plain(row.p));
            }
        }
        text
    }

    /// For papers, with the booktabs package.
    pub fn latex(&self) -> String {
        let escape = |text: &str| {
            text.replace('\\', "").replace('&', "\\&").replace('_', "\\_").replace('%', "\\%").replace('#', "\\#")
        };
        let mut text = format!("\\begin{{tabular}}{{l{}rr}}\n\\toprule\nMethod", "c".repeat(self.tasks.len()));
        self.tasks.iter().for_each(|task| text.push_str(&format!(" & {}", escape(task))));
        text.push_str(" & Rank & $p$ \\\\\n\\midrule\n");
        for row in &self.rows {
            text.push_str(&escape(&row.method));
            for (task, cell) in row.cells.iter().enumerate() {
                let shown =
                    cell.map_or_else(|| "--".into(), |cell| format!("{:.3} \\pm {:.3}", cell.mean, cell.deviation));
                let shown = if self.is_best(task, cell) { format!("\\mathbf{{{shown}}}") } else { shown };
                let _ = write!(text, " & ${shown}$");
            }
            let _ = writeln!(text, " & {} & {} \\\\", number(row.rank, 2), number(row.p, 3));
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n");
        text
    }

    /// Whether nothing in the column is better.
    pub fn is_best(&self, task: usize, cell: &Option<Score>) -> bool {
        let sign = if higher_is_better(&self.metric) { 1.0 } else { -1.0 };
        let best = self.rows.iter().filter_map(|row| row.cells[task]).map(|cell| sign * cell.mean);
        cell.is_some_and(|cell| best.fold(f64::NEG_INFINITY, f64::max) == sign * cell.mean)
    }
}

impl Score {
    fn of(seeds: &[Option<f64>]) -> Option<Self> {
        let values: Vec<f64> = seeds.iter().flatten().copied().collect();
        let (mean, deviation) = mean_and_deviation(&values);
        (!values.is_empty()).then_some(Self { mean, deviation, seeds: values.len() })
    }

    /// `mean ± deviation`.
    pub fn text(self) -> String {
        format!("{:.3} ± {:.3}", self.mean, self.deviation)
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.digits$}"))
}

/// Seconds of a run's stages: one method's runs also compute the references.
fn training_seconds(summary: &Summary) -> f64 {
    summary.stages.iter().map(|stage| stage.outcome.wall_seconds).sum()
}

/// What plain methods give on the same labels, which the baseline's runs compute.
fn reference_rows(plan: &Plan, outcomes: &[Option<Outcome>], metric: &str) -> Vec<Row> {
    let runs: Vec<(usize, &Summary)> = plan
        .cells
        .iter()
        .zip(outcomes)
        .filter(|(cell, _)| cell.method == plan.baseline)
        .filter_map(|(cell, outcome)| Some((cell.task, outcome.as_ref()?.as_ref().ok()?)))
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for reference in runs.iter().flat_map(|(_, summary)| &summary.references) {
        if reference.test.contains_key(metric) && !names.contains(&reference.name.as_str()) {
            names.push(&reference.name);
        }
    }
    let score_of = |name: &str, task: usize| {
        let of_task = runs.iter().filter(|(of, _)| *of == task);
        let said = of_task.flat_map(|(_, summary)| summary.references.iter().filter(|one| one.name == name));
        let values: Vec<Option<f64>> = said.map(|one| one.test.get(metric).copied()).collect();
        Score::of(&values)
    };
    let row = |name: &str| Row {
        method: name.into(),
        cells: (0..plan.tasks.len()).map(|task| score_of(name, task)).collect(),
        rank: None,
        p: None,
        time: None,
        step: None,
        reference: true,
    };
    names.into_iter().map(row).collect()
}

/// What forecasts are held against: the same for every method, so that any run of a task tells it.
fn naive_rows(plan: &Plan, outcomes: &[Option<Outcome>], metric: &str) -> Vec<Row> {
    let row = |method: &str, of: fn(&Summary) -> Option<&BaselineSummary>| {
        let of_task = |task: usize| {
            let mut runs = plan.cells.iter().zip(outcomes).filter(|(cell, _)| cell.task == task);
            let mean = runs.find_map(|(_, outcome)| match outcome {
                Some(Ok(summary)) => of(summary)?.test.get(metric).copied(),
                _ => None,
            })?;
            Some(Score { mean, deviation: 0.0, seeds: 1 })
        };
        let cells: Vec<Option<Score>> = (0..plan.tasks.len()).map(of_task).collect();
        let row = Row { method: method.into(), cells, rank: None, p: None, time: None, step: None, reference: true };
        row.cells.iter().any(Option::is_some).then_some(row)
    };
    let rows = [
        row("naive", |summary| summary.naive.as_ref()),
        row("seasonal naive", |summary| summary.seasonal_naive.as_ref()),
    ];
    rows.into_iter().flatten().collect()
}

/// The median of what one value is of the other, over the tasks and seeds that both have.
fn median_ratio(own: &[Vec<Option<f64>>], baseline: &[Vec<Option<f64>>]) -> Option<f64> {
    let pairs = own.iter().flatten().zip(baseline.iter().flatten());
    let mut ratios: Vec<f64> = pairs.filter_map(|(own, baseline)| Some((*own)? / (*baseline)?)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied()
}

/// Mean ranks over the tasks that every method has a score for.
fn ranks(cells: &[Vec<Option<Score>>], tasks: usize, higher: bool) -> Option<Vec<f64>> {
    let sign = if higher { 1.0 } else { -1.0 };
    let of_task = |task: usize| -> Option<Vec<f64>> {
        cells.iter().map(|cells| cells[task].map(|score| sign * score.mean)).collect()
    };
    let complete: Vec<Vec<f64>> = (0..tasks).filter_map(of_task).collect();
    (!complete.is_empty()).then(|| mean_ranks(&complete))
}

/// The test over the pairs of task and seed that both have.
fn test(own: &[Vec<Option<f64>>], baseline: &[Vec<Option<f64>>]) -> Option<f64> {
    let pairs = own.iter().flatten().zip(baseline.iter().flatten());
    let differences: Vec<f64> = pairs.filter_map(|(own, baseline)| Some((*own)? - (*baseline)?)).collect();
    (!differences.is_empty()).then(|| wilcoxon_signed_rank(&differences))
}

fn ratio(own: &[Vec<Option<f64>>], baseline: &[Vec<Option<f64>>]) -> Option<f64> {
    let pairs = own.iter().flatten().zip(baseline.iter().flatten());
    let (own, baseline): (Vec<f64>, Vec<f64>) =
        pairs.filter_map(|(own, baseline)| Some(((*own)?, (*baseline)?))).unzip();
    (!own.is_empty()).then(|| own.iter().sum::<f64>() / baseline.iter().sum::<f64>())
}
