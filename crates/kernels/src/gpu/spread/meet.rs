//! Where cubes of the same rows wait for each other.

use cubecl::prelude::*;

/// Waits until all `slices` cubes of a group are here for the `passed`-th time. What any of them has written to the
/// device's memory before is then read by all.
///
/// All of a group's cubes must run at the same time.
#[cube]
pub(super) fn meet(counter: &[Atomic<u32>], group: usize, times: u32, #[comptime] slices: usize) {
    sync_storage();
    if comptime!(slices > 1) {
        if UNIT_POS_X == 0 {
            counter[group].fetch_add(1u32);
            let all = times * comptime!(slices as u32);
            let mut here = 0u32;
            while here < all {
                here = counter[group].load();
            }
        }
        sync_storage();
    }
}
