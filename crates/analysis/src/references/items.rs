//! What recommends without learning an order: popularity, and the items that stand in the same sessions (Linden, Smith
//! & York 2003; as Hidasi et al. 2016 compare with it). An item's neighbours are those with the largest `both /
//! sqrt((of one + λ) (of the other + λ))`, counted in sessions; what follows is ranked by its likeness to the last
//! item, then by popularity.

use std::collections::HashMap;

/// Neighbours of an item at most, and `λ`, which makes rare items less alike: the authors'.
const NEIGHBOURS: usize = 100;
const RARE: f64 = 20.0;
/// Items of a session whose pairs are counted, the last ones: pairs grow with its square.
const COUNTED: usize = 100;

/// Ranks all items for what follows in a session.
#[derive(Debug)]
pub struct ItemReferences {
    /// The place of each item by popularity, counted from 0; equal counts by number.
    places: Vec<usize>,
    /// How many items are more popular, and how many as popular, beside itself.
    beside: Vec<(usize, usize)>,
    /// The neighbours of each item with how alike they are.
    neighbours: Vec<Vec<(u32, f64)>>,
}

impl ItemReferences {
    /// Counts items below `items` in training sessions. `counts` tells how often each stands there, 0 for those that
    /// are never recommended.
    pub fn fit(sessions: &[&[u32]], counts: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..counts.len()).filter(|item| counts[*item] > 0).collect();
        order.sort_by_key(|item| (std::cmp::Reverse(counts[*item]), *item));
        let mut places = vec![order.len(); counts.len()];
        let mut beside = vec![(order.len(), 0); counts.len()];
        for (place, item) in order.iter().enumerate() {
            places[*item] = place;
        }
        for same in order.chunk_by(|left, right| counts[*left] == counts[*right]) {
            let above = places[same[0]];
            same.iter().for_each(|item| beside[*item] = (above, same.len() - 1));
        }
        Self { places, beside, neighbours: neighbours(sessions, counts.len()) }
    }

    /// The rank of an item by popularity, counted from 1; equal counts share their places.
    pub fn by_popularity(&self, item: u32) -> f64 {
        let (above, same) = self.beside[item as usize];
        1.0 + above as f64 + same as f64 / 2.0
    }

    /// The rank of an item behind another by their likeness, counted from 1.
    pub fn by_neighbours(&self, last: u32, item: u32) -> f64 {
        let place = |item: u32| self.places[item as usize];
        let near = &self.neighbours[last as usize];
        let Some((_, own)) = near.iter().find(|(other, _)| *other == item) else {
            // All neighbours stand before it, and of the others those that are more popular.
            return (1 + place(item) + near.iter().filter(|(other, _)| place(*other) > place(item)).count()) as f64;
        };
        let before = |(other, alike): &&(u32, f64)| *alike > *own || (*alike == *own && place(*other) < place(item));
        (1 + near.iter().filter(before).count()) as f64
    }
}

/// The items that stand in the sessions of each item.
fn neighbours(sessions: &[&[u32]], items: usize) -> Vec<Vec<(u32, f64)>> {
    let mut holding = vec![0usize; items];
    let mut both: Vec<HashMap<u32, u32>> = vec![HashMap::new(); items];
    for session in sessions {
        let mut set: Vec<u32> = session[session.len().saturating_sub(COUNTED)..].to_vec();
        set.sort_unstable();
        set.dedup();
        for one in &set {
            holding[*one as usize] += 1;
            for other in set.iter().filter(|other| *other != one) {
                *both[*one as usize].entry(*other).or_default() += 1;
            }
        }
    }
    let size = |item: usize| (holding[item] as f64 + RARE).sqrt();
    let near = |(one, counts): (usize, HashMap<u32, u32>)| {
        let alike = |other: u32, count: u32| f64::from(count) / (size(one) * size(other as usize));
        let mut near: Vec<(u32, f64)> = counts.into_iter().map(|(other, count)| (other, alike(other, count))).collect();
        near.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        near.truncate(NEIGHBOURS);
        near
    };
    both.into_iter().enumerate().map(near).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_rank_by_popularity_and_by_shared_sessions() {
        // Item 0 is padding. 1 stands four times, 2 and 3 twice, 4 once.
        let sessions: [&[u32]; 4] = [&[1, 2], &[1, 2], &[1, 3], &[3, 1, 4]];
        let counts = [0, 4, 2, 2, 1];
        let found = ItemReferences::fit(&sessions, &counts);
        assert_eq!([1, 2, 3, 4].map(|item| found.by_popularity(item)), [1.0, 2.5, 2.5, 4.0]);
        // Behind 4: 3 and 1 share a session with it; of the rarer 3 that is a larger part.
        assert_eq!([3, 1].map(|item| found.by_neighbours(4, item)), [1.0, 2.0]);
        // 2 is no neighbour of 4 and comes behind both; 4 is none of itself.
        assert_eq!([2, 4].map(|item| found.by_neighbours(4, item)), [3.0, 4.0]);
        // Behind 1: 2 and 3 in two sessions each, alike: the lower number is the more popular. Then 4, then 1 itself.
        assert_eq!([2, 3, 4, 1].map(|item| found.by_neighbours(1, item)), [1.0, 2.0, 3.0, 4.0]);
        let one = &found.neighbours[4][0];
        assert_eq!(one.0, 3);
        assert!((one.1 - 1.0 / (21.0f64 * 22.0).sqrt()).abs() < 1e-12);
    }
}
