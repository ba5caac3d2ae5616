//! `[data.sessions]`: who took which item when, cut into sessions and split by time.
//!
//! Sessions are put in the order of their ends, and the last of them are the test part, so that nothing which is
//! learned happened after what is tested (Hidasi et al. 2016); or of each user the last session.

use std::collections::HashSet;
use std::ops::Range;

use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::events::{Event, Events};

/// `[data.sessions]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsConfig {
    /// Column of the user, or of the session where the table numbers those itself. Default: looked for (`user_id`,
    /// `session`, `visitorid` and such).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Column of the item. Default: looked for (`item_id`, `product`, `track_id` and such).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Column of the time: dates, or numbers. Default: looked for (`timestamp`, `date` and such).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// A session ends where the user's next event is more than this later: seconds between dates, else in the column's
    /// own unit. Absent: all events of a user are one sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// Events of an item in the training part at least; rarer items are left out. Default 5, as Hidasi & Karatzoglou.
    pub min_item: usize,
    /// Items of a session at least, 2 or more; shorter ones are left out. Default 2.
    pub min_session: usize,
    /// Which sessions are the test part: `time` (those that end last, `data.test_fraction` of all) or `user` (each
    /// user's last, where there are several). Validation takes the last of the rest. Default `time`.
    pub split: SessionSplit,
}

/// What the test part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SessionSplit {
    /// The sessions that end last.
    #[default]
    Time,
    /// The last session of each user who has several.
    User,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self { user: None, item: None, time: None, gap: None, min_item: 5, min_session: 2, split: SessionSplit::Time }
    }
}

impl SessionsConfig {
    /// Notes every value out of range; `path` is the key of the table.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: String, hint: &str| {
            problems.push(problem(format!("{path}.{key}"), message, Some(hint)))
        };
        if let Some(gap) = self.gap.filter(|gap| *gap <= 0.0 || gap.is_nan()) {
            note("gap", format!("must be above 0, got {gap}"), "1800 seconds, half an hour, is usual");
        }
        if self.min_item == 0 {
            note("min_item", "must be at least 1, got 0".into(), "1 keeps all items");
        }
        if self.min_session < 2 {
            let message = format!("must be at least 2, got {}", self.min_session);
            note("min_session", message, "a session of one item has none that follows");
        }
    }
}

/// The items of a user between two gaps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Session {
    pub(crate) user: u32,
    pub(crate) items: Vec<u32>,
    end: f64,
}

/// Cuts events into sessions, in the order of their ends; where two end at once, of their users.
pub(crate) fn cut(events: &[Event], gap: Option<f64>) -> Vec<Session> {
    let mut order: Vec<&Event> = events.iter().collect();
    // Events of one time stay in the order of the file.
    order.sort_by(|left, right| left.user.cmp(&right.user).then(left.time.total_cmp(&right.time)));
    let mut sessions: Vec<Session> = Vec::new();
    for event in order {
        match sessions.last_mut() {
            Some(last) if last.user == event.user && gap.is_none_or(|gap| event.time - last.end <= gap) => {
                last.items.push(event.item);
                last.end = event.time;
            }
            _ => sessions.push(Session { user: event.user, items: vec![event.item], end: event.time }),
        }
    }
    sessions.sort_by(|left, right| left.end.total_cmp(&right.end).then(left.user.cmp(&right.user)));
    sessions
}

/// Takes the test part off sessions in the order of their ends.
pub(crate) fn take_test(sessions: &mut Vec<Session>, split: SessionSplit, fraction: f64) -> Vec<Session> {
    match split {
        SessionSplit::Time => take_last(sessions, fraction),
        SessionSplit::User => {
            let mut last = HashSet::new();
            // From the end, so that a user's first one seen is the last; a user with one session keeps it for training.
            let is_last: Vec<bool> = sessions.iter().rev().map(|session| last.insert(session.user)).collect();
            let mut seen = HashSet::new();
            let mut test = Vec::new();
            let all = std::mem::take(sessions);
            for (session, is_last) in all.into_iter().zip(is_last.into_iter().rev()) {
                let first = seen.insert(session.user);
                if is_last && !first { test.push(session) } else { sessions.push(session) }
            }
            test
        }
    }
}

/// Takes the last part of the sessions off: at least one where there are two.
pub(crate) fn take_last(sessions: &mut Vec<Session>, fraction: f64) -> Vec<Session> {
    let count = sessions.len();
    let taken = ((count as f64 * fraction).round() as usize).clamp(1, count.saturating_sub(1).max(1));
    sessions.split_off(count.saturating_sub(taken))
}

/// Leaves out what `keep` does not keep, and then sessions that are too short; how many events went.
pub(crate) fn retain(sessions: &mut Vec<Session>, least: usize, keep: impl Fn(u32) -> bool) -> usize {
    let count = |sessions: &[Session]| sessions.iter().map(|session| session.items.len()).sum::<usize>();
    let before = count(sessions);
    for session in sessions.iter_mut() {
        session.items.retain(|item| keep(*item));
    }
    sessions.retain(|session| session.items.len() >= least);
    before - count(sessions)
}

/// How often each item stands in sessions.
pub(crate) fn item_counts(sessions: &[Session], items: usize) -> Vec<usize> {
    let mut counts = vec![0; items];
    sessions.iter().flat_map(|session| &session.items).for_each(|item| counts[*item as usize] += 1);
    counts
}

/// The sessions of some of the events.
pub(crate) fn of(events: &Events, rows: Range<usize>, config: &SessionsConfig) -> Vec<Session> {
    cut(&events.rows[rows], config.gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(rows: &[(u32, u32, f64)]) -> Vec<Event> {
        rows.iter().map(|(user, item, time)| Event { user: *user, item: *item, time: *time }).collect()
    }

    fn items(sessions: &[Session]) -> Vec<(u32, Vec<u32>)> {
        sessions.iter().map(|session| (session.user, session.items.clone())).collect()
    }

    #[test]
    fn events_are_sorted_by_time_and_cut_at_gaps() {
        // User 0 pauses from 2 to 12, user 1 does not pause.
        let rows = events(&[(0, 5, 2.0), (1, 7, 1.0), (0, 4, 1.0), (0, 6, 12.0), (1, 8, 9.0), (0, 5, 13.0)]);
        let sessions = cut(&rows, Some(9.0));
        assert_eq!(items(&sessions), [(0, vec![4, 5]), (1, vec![7, 8]), (0, vec![6, 5])]);
        assert_eq!(items(&cut(&rows, None)), [(1, vec![7, 8]), (0, vec![4, 5, 6, 5])]);
    }

    #[test]
    fn the_test_part_is_the_last_by_time_or_of_each_user() {
        let row = |user: u32, time: u32| (user, 10 * user + time, f64::from(time));
        let rows = events(&[row(0, 0), row(1, 1), row(0, 2), row(2, 3), row(1, 4), row(1, 5)]);
        let all = cut(&rows, Some(0.5));
        let mut rest = all.clone();
        assert_eq!(items(&take_test(&mut rest, SessionSplit::Time, 0.33)), [(1, vec![14]), (1, vec![15])]);
        assert_eq!(rest.len(), 4);
        let mut rest = all.clone();
        // User 2 has one session alone, which is learned from.
        assert_eq!(items(&take_test(&mut rest, SessionSplit::User, 0.33)), [(0, vec![2]), (1, vec![15])]);
        assert_eq!(rest.len(), 4);
        let mut one = all[..1].to_vec();
        assert_eq!(take_last(&mut one, 0.2).len(), 1);
    }

    #[test]
    fn rare_items_go_and_then_short_sessions() {
        let rows = events(&[(0, 1, 0.0), (0, 2, 1.0), (0, 1, 2.0), (1, 1, 0.0), (1, 3, 1.0)]);
        let mut sessions = cut(&rows, None);
        assert_eq!(item_counts(&sessions, 4), [0, 3, 1, 1]);
        let counts = item_counts(&sessions, 4);
        assert_eq!(retain(&mut sessions, 2, |item| counts[item as usize] >= 2), 3);
        assert_eq!(items(&sessions), [(0, vec![1, 1])]);
    }
}
