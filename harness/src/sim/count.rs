//! How many schedules there are: the number of paths through the states.

use std::collections::HashMap;
use std::hash::Hash;

/// Counts the paths from `root` to places without edges whose edges cost at most
/// `budget` in all. `None` where the number exceeds 128 bits, or paths are
/// longer than is worth counting.
pub fn schedules<P: Copy + Eq + Hash>(
    edges: &HashMap<P, Vec<(P, u32)>>,
    root: P,
    budget: u32,
) -> Option<u128> {
    let mut known: HashMap<(P, u32), u128> = HashMap::new();
    // Depth first with a stack of our own: paths can be thousands of steps long.
    let mut stack = vec![(root, budget)];
    while let Some(&(place, left)) = stack.last() {
        let next = edges.get(&place).map_or(&[][..], Vec::as_slice);
        let missing = next
            .iter()
            .filter(|(_, cost)| *cost <= left)
            .map(|(to, cost)| (*to, left - cost))
            .find(|key| !known.contains_key(key));
        if let Some(key) = missing {
            stack.push(key);
            continue;
        }
        let mut paths: u128 = u128::from(next.is_empty());
        for (to, cost) in next.iter().filter(|(_, cost)| *cost <= left) {
            paths = paths.checked_add(known[&(*to, left - cost)])?;
        }
        known.insert((place, left), paths);
        stack.pop();
    }
    known.get(&(root, budget)).copied()
}
