//! What the dashboard looks like.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Clear, Dataset, Gauge, GraphType, Paragraph, Wrap};

use crate::amounts::{count, duration};
use crate::learner::dashboard::state::{Curve, Stage, State};

/// Columns of the list of metrics.
const LIST: u16 = 36;
const TRAIN: Color = Color::Cyan;
const VALID: Color = Color::Yellow;

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, now: Instant) {
    let told = told(state);
    let area = frame.area();
    if state.reads_notes {
        let [all, keys] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        frame.render_widget(notes(told), all);
        frame.render_widget(keys_line(state), keys);
        return;
    }
    // Two lines are their frame.
    let wanted = told.iter().map(|line| line.width().div_ceil(usize::from(area.width.saturating_sub(2)).max(1)).max(1));
    let lines = (wanted.sum::<usize>() as u16 + 2).clamp(3, (area.height / 3).max(3));
    let rows = [Constraint::Length(6), Constraint::Fill(1), Constraint::Length(lines), Constraint::Length(1)];
    let [head, middle, foot, keys] = Layout::vertical(rows).areas(area);
    frame.render_widget(notes(told), foot);
    frame.render_widget(keys_line(state), keys);
    let Some(stage) = &state.stage else {
        frame.render_widget(Paragraph::new("reading and measuring …").block(Block::bordered()), head.union(middle));
        return;
    };
    draw_stage(frame, head, state, stage, now);
    let [list, chart] = Layout::horizontal([Constraint::Length(LIST), Constraint::Fill(1)]).areas(middle);
    draw_list(frame, list, state, stage);
    if let Some(curve) = stage.curves.get(state.chosen) {
        draw_curve(frame, chart, curve, stage.step.max(1) as f64);
    }
    if state.asks {
        ask(frame, area);
    }
}

/// How far the stage is, how long it will take, and what it is judged by.
fn draw_stage(frame: &mut Frame<'_>, area: Rect, state: &State, stage: &Stage, now: Instant) {
    let block = Block::bordered().title(format!(" {} ", stage.label));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [place, bar, judged, facts] = Layout::vertical([Constraint::Length(1); 4]).areas(inner);
    let (own, whole) = state.left(now);
    let left = match (own, whole) {
        (Some(own), Some(whole)) => format!(" · {} left, {} of the run", duration(own), duration(whole)),
        (Some(own), None) => format!(" · {} left", duration(own)),
        _ => String::new(),
    };
    let (step, steps) = (count(stage.step), count(stage.steps));
    frame.render_widget(
        Paragraph::new(format!("epoch {} of {} · step {step} of {steps}{left}", stage.epoch, count(stage.epochs))),
        place,
    );
    let share = stage.step as f64 / stage.steps.max(1) as f64;
    frame.render_widget(Gauge::default().ratio(share.clamp(0.0, 1.0)).gauge_style(Style::new().fg(TRAIN)), bar);
    frame.render_widget(Paragraph::new(judged_line(stage)), judged);
    frame.render_widget(Paragraph::new(state.facts.as_str()), facts);
}

fn judged_line(stage: &Stage) -> String {
    let Some(metric) = &stage.chosen_by else { return "nothing is kept for validation: the last weights stay".into() };
    let Some(best) = stage.best else { return format!("chosen by valid.{metric}: not validated yet") };
    let waited = match stage.patience {
        Some(patience) => format!(" · patience {} of {patience}", best.waited),
        None => String::new(),
    };
    let (value, step) = (best.value, count(best.step));
    format!("chosen by valid.{metric}: best {value:.4} in epoch {}, step {step}{waited}", best.epoch)
}

/// All metrics with their last values, that of the curve marked.
fn draw_list(frame: &mut Frame<'_>, area: Rect, state: &State, stage: &Stage) {
    let number = |points: &[(f64, f64)]| points.last().map_or(String::new(), |(_, value)| short(*value));
    let width = usize::from(LIST - 2 - 2 * 9);
    let row = |(place, curve): (usize, &Curve)| {
        let name: String = curve.name.chars().take(width).collect();
        let text = format!("{name:<width$}{:>9}{:>9}", number(&curve.train), number(&curve.valid));
        let style = if place == state.chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        Line::styled(text, style)
    };
    let title = Line::from(vec![
        Span::raw(format!("{:<width$}", "")),
        Span::styled(format!("{:>9}", "train"), Style::new().fg(TRAIN)),
        Span::styled(format!("{:>9}", "valid"), Style::new().fg(VALID)),
    ]);
    let speed =
        stage.samples_per_second.map_or(String::new(), |speed| format!(" · {} samples/s", count(speed as usize)));
    let room = usize::from(area.height.saturating_sub(3)).max(1);
    let from = (state.chosen + 1).saturating_sub(room);
    let rows = stage.curves.iter().enumerate().skip(from).map(row);
    frame.render_widget(
        Paragraph::new(std::iter::once(title).chain(rows).collect::<Vec<Line<'_>>>())
            .block(Block::bordered().title(format!(" metrics{speed} "))),
        area,
    );
}

/// A metric over the steps so far.
fn draw_curve(frame: &mut Frame<'_>, area: Rect, curve: &Curve, steps: f64) {
    let values = || curve.train.iter().chain(&curve.valid).map(|(_, value)| *value);
    let (low, high) =
        values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let room = if high > low { 0.0 } else { high.abs().max(1.0) * 0.1 };
    let (low, high) = (low - room, high + room);
    let of = |points, color, name: &'static str| {
        Dataset::default()
            .name(name)
            .data(points)
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(Style::new().fg(color))
    };
    let sets = [of(&curve.train, TRAIN, "train"), of(&curve.valid, VALID, "valid")];
    let sets: Vec<Dataset<'_>> = sets
        .into_iter()
        .zip([&curve.train, &curve.valid])
        .filter(|(_, points)| !points.is_empty())
        .map(|(set, _)| set)
        .collect();
    let steps_axis = Axis::default().bounds([0.0, steps]).labels(["0".to_string(), count(steps as usize)]);
    let values_axis = Axis::default().bounds([low, high]).labels([short(low), short(high)]);
    let chart = Chart::new(sets).x_axis(steps_axis).y_axis(values_axis).legend_position(None);
    frame.render_widget(chart.block(Block::bordered().title(format!(" {} ", curve.name))), area);
}

/// Warnings and then notes, the newest of either first.
fn told(state: &State) -> Vec<Line<'static>> {
    let warning = |text: &String| Line::styled(format!("! {text}"), Style::new().fg(Color::Yellow));
    let notes = state.notes.iter().rev().map(|text| Line::raw(text.clone()));
    state.warnings.iter().rev().map(warning).chain(notes).collect()
}

fn notes(told: Vec<Line<'static>>) -> Paragraph<'static> {
    Paragraph::new(told).wrap(Wrap { trim: true }).block(Block::bordered().title(" warnings and notes "))
}

fn keys_line(state: &State) -> Line<'static> {
    Line::styled(
        match state.stops {
            true => " stops at the next step, with a checkpoint …",
            false => " q stop   ← → another metric   n all notes",
        },
        Style::new().add_modifier(Modifier::DIM),
    )
}

/// How to stop.
fn ask(frame: &mut Frame<'_>, area: Rect) {
    let lines = [
        "s  stop with a checkpoint; `--resume` goes on",
        "k  end at once, and lose what came after the last one",
        "any other key goes on",
    ];
    let (width, height) = (lines.iter().map(|line| line.len()).max().unwrap_or(0) as u16 + 4, lines.len() as u16 + 2);
    let [row] = Layout::vertical([Constraint::Length(height)]).flex(ratatui::layout::Flex::Center).areas(area);
    let [place] = Layout::horizontal([Constraint::Length(width)]).flex(ratatui::layout::Flex::Center).areas(row);
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines.map(Line::raw).to_vec()).block(Block::bordered().title(" stop? ")), place);
}

/// A number in eight columns at most.
fn short(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || (1e-3..1e4).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use semiseq_schema::Scores;

    use super::*;
    use crate::learner::dashboard::state::{Best, Split, StageShown};

    fn shown() -> State {
        let mut state = State::default();
        let expected =
            vec![("stage 1/2 autoencoder".into(), 2.0), ("stage 2/2 fixmatch".into(), 9.0), ("baseline".into(), 4.0)];
        state.expect(expected, "classifier with gru, 12,345 parameters · 84 MB of memory so far".into());
        state.note("data: cbf, 735 training sequences of series, 64 steps, 1 channel");
        state.warn("class `bell` has no label to learn from");
        state.start_stage(&StageShown {
            label: "stage 2/2 fixmatch",
            epochs: 60,
            steps_per_epoch: 10,
            steps: 600,
            done: 0,
            chosen_by: Some("accuracy"),
            patience: Some(10),
        });
        for step in [0, 100, 200, 300] {
            state.step(1 + step / 10, step);
            let scores = |loss: f64| Scores::from([("loss".to_string(), loss), ("lr".into(), 1e-5)]);
            state.metrics(Split::Train, &scores(1.0 - step as f64 / 400.0));
            state.metrics(Split::Valid, &Scores::from([("accuracy".to_string(), 0.5 + step as f64 / 1000.0)]));
        }
        state.metrics(Split::Train, &Scores::from([("samples_per_second".to_string(), 1234.0)]));
        state.best(Some(Best { value: 0.8, epoch: 31, step: 300, waited: 3 }));
        state
    }

    /// What stands on a terminal of that size after `seconds` of the stage.
    fn screen(state: &State, columns: u16, rows: u16, seconds: u64) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let now = Instant::now() + Duration::from_secs(seconds);
        terminal.draw(|frame| draw(frame, state, now)).unwrap();
        let cells = terminal.backend().buffer().content();
        let line = |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect::<String>();
        cells.chunks(usize::from(columns)).map(|row| line(row).trim_end().to_string() + "\n").collect()
    }

    #[test]
    fn all_that_matters_stands_on_a_terminal_of_80_columns() {
        insta::assert_snapshot!(screen(&shown(), 80, 24, 5), @r#"
            ┌ stage 2/2 fixmatch ──────────────────────────────────────────────────────────┐
            │epoch 31 of 60 · step 300 of 600 · 5.0 s left, 9.0 s of the run               │
            │█████████████████████████████████████50%                                      │
            │chosen by valid.accuracy: best 0.8000 in epoch 31, step 300 · patience 3 of 10│
            │classifier with gru, 12,345 parameters · 84 MB of memory so far               │
            └──────────────────────────────────────────────────────────────────────────────┘
            ┌ metrics · 1,234 samples/s ───────┐┌ accuracy ────────────────────────────────┐
            │                    train    valid││0.8000│                               ⢀⡠⠔⠊│
            │accuracy                    0.8000││      │                           ⢀⡠⠔⠊⠁   │
            │loss               0.2500         ││      │                       ⢀⡠⠔⠊⠁       │
            │lr                 1.0e-5         ││      │                   ⢀⡠⠔⠊⠁           │
            │                                  ││      │               ⢀⡠⠔⠊⠁               │
            │                                  ││      │           ⢀⡠⠔⠊⠁                   │
            │                                  ││      │       ⢀⡠⠔⠊⠁                       │
            │                                  ││      │   ⢀⡠⠔⠊⠁                           │
            │                                  ││0.5000│⡠⠔⠊⠁                               │
            │                                  ││      └───────────────────────────────────│
            │                                  ││      0                                300│
            └──────────────────────────────────┘└──────────────────────────────────────────┘
            ┌ warnings and notes ──────────────────────────────────────────────────────────┐
            │! class `bell` has no label to learn from                                     │
            │data: cbf, 735 training sequences of series, 64 steps, 1 channel              │
            └──────────────────────────────────────────────────────────────────────────────┘
             q stop   ← → another metric   n all notes
            "#);
    }

    #[test]
    fn warnings_come_first_and_notes_can_have_the_whole_terminal() {
        let mut state = shown();
        (0..40).for_each(|number| state.note(&format!("note {number}")));
        let screen_of = |state: &State| screen(state, 120, 36, 5);
        let whole = screen_of(&state);
        assert!(whole.contains("│! class `bell` has no label") && whole.contains("note 39"), "{whole}");
        assert!(!whole.contains("note 5\n") && whole.contains("60"), "{whole}");
        state.reads_notes = true;
        assert!(screen_of(&state).contains("note 8"), "{}", screen_of(&state));
        state.asks = true;
        state.reads_notes = false;
        assert!(screen_of(&state).contains("s  stop with a checkpoint"), "{}", screen_of(&state));
    }

    #[test]
    fn before_a_stage_and_on_the_smallest_terminals_nothing_breaks() {
        assert!(screen(&State::default(), 80, 24, 0).contains("reading and measuring"));
        for (columns, rows) in [(1, 1), (5, 40), (300, 2), (20, 10)] {
            screen(&shown(), columns, rows, 5);
        }
    }
}
