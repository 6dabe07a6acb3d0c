//! Where this session last found the first of each lane: what is behind was claimed, and its dead index entries need
//! not be passed again before vacuum has taken them away. A transaction that commits late may put one behind a mark,
//! so that every lane is looked at from its beginning now and then, and always by a worker that finds nothing else to
//! do. What this session has claimed and rolled back makes it forget its marks.

use crate::pg::backend::{self, Undone};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a lane is read from its mark on.
const FROM_MARK: Duration = Duration::from_secs(1);
/// How long only what has become due since is looked for.
const DUE_FROM_MARK: Duration = Duration::from_secs(5);
/// How long no look is taken at what has become due, while there is other work.
const DUE_UNSEEN: Duration = Duration::from_millis(100);
/// Looks from the beginning take no more than this share of the time.
const SHARE: u32 = 20;
/// Looks that take less are taken by whoever has nothing else to do.
const QUICK: Duration = Duration::from_millis(5);
/// How long it is looked up what has come of a claim; the marks are forgotten then.
const RECENT: Duration = Duration::from_secs(60);
/// Lanes up to which a session remembers.
const KEPT: usize = 10_000;

/// A lane of a workflow.
pub(super) type Lane = (String, i32);

#[derive(Clone, Copy)]
struct Mark {
    from: i64,
    /// When it was last looked at from the beginning, and how long that took.
    whole_at: Instant,
    took: Duration,
}

#[derive(Clone, Copy)]
struct Due {
    from: i64,
    whole_at: Instant,
    took: Duration,
    seen_at: Instant,
}

#[derive(Default)]
struct Marks {
    lanes: HashMap<(String, Lane), Mark>,
    due: HashMap<String, Due>,
    /// Transactions of this session that have claimed, and are not known to have committed.
    claimed_in: Vec<(u32, Instant)>,
}

thread_local! {
    static MARKS: RefCell<Marks> = RefCell::default();
}

/// What this transaction claims is passed by the marks.
pub(super) fn claimed() {
    MARKS.with_borrow_mut(|marks| {
        if let Some(transaction) = backend::transaction()
            && marks
                .claimed_in
                .last()
                .is_none_or(|(last, _)| *last != transaction)
        {
            marks.claimed_in.push((transaction, Instant::now()));
        }
    });
}

/// Forgets the marks where what they pass was rolled back.
pub(super) fn check() {
    MARKS.with_borrow_mut(|marks| {
        let mut is_undone = marks.claimed_in.len() >= KEPT;
        marks.claimed_in.retain(|(transaction, at)| {
            // The server forgets in the end what came of one.
            let is_recent = at.elapsed() < RECENT;
            let undone = backend::is_undone(*transaction, is_recent);
            is_undone |= undone == Undone::Yes;
            undone == Undone::NotYet
        });
        if is_undone {
            *marks = Marks::default();
        }
    });
}

/// The ticket that a lane is read from; the lowest there is when its time has come.
pub(super) fn from(tenant: &str, lane: &Lane) -> i64 {
    let place = (tenant.to_owned(), lane.clone());
    MARKS.with_borrow(|marks| match marks.lanes.get(&place) {
        Some(mark) if mark.whole_at.elapsed() < FROM_MARK.max(mark.took * SHARE) => mark.from,
        _ => i64::MIN,
    })
}

/// Whether looking from the beginning again would take too much of the time.
pub(super) fn is_too_soon(tenant: &str, lane: &Lane) -> bool {
    let place = (tenant.to_owned(), lane.clone());
    MARKS.with_borrow(|marks| {
        let mark = marks.lanes.get(&place).filter(|mark| mark.took > QUICK);
        mark.is_some_and(|mark| mark.whole_at.elapsed() < mark.took * SHARE)
    })
}

/// A lane was read from `read_from` on, and begins at `first`.
pub(super) fn begins(tenant: &str, lane: &Lane, read_from: i64, first: i64, took: Duration) {
    MARKS.with_borrow_mut(|marks| {
        if marks.lanes.len() >= KEPT {
            marks.lanes.clear();
        }
        let place = (tenant.to_owned(), lane.clone());
        let now = Instant::now();
        if read_from == i64::MIN {
            let mark = Mark {
                from: first,
                whole_at: now,
                took,
            };
            marks.lanes.insert(place, mark);
        } else if let Some(mark) = marks.lanes.get_mut(&place) {
            mark.from = first;
        }
    });
}

/// Everything before a ticket was claimed.
pub(super) fn pass(tenant: &str, lane: &Lane, ticket: i64) {
    MARKS.with_borrow_mut(|marks| {
        if let Some(mark) = marks.lanes.get_mut(&(tenant.to_owned(), lane.clone())) {
            mark.from = mark.from.max(ticket.saturating_add(1));
        }
    });
}

/// The time from which on what has become due is looked for; `None` where it is too soon, which it never is for
/// who has nothing else to do.
pub(super) fn due_from(tenant: &str, is_idle: bool) -> Option<i64> {
    MARKS.with_borrow(|marks| match marks.due.get(tenant) {
        Some(due) if !is_idle && due.seen_at.elapsed() < DUE_UNSEEN => None,
        Some(due) if due.whole_at.elapsed() < DUE_FROM_MARK.max(due.took * SHARE) => Some(due.from),
        _ => Some(i64::MIN),
    })
}

/// What has become due up to `until` was looked at, from `read_from` on.
pub(super) fn due_seen(tenant: &str, read_from: i64, until: i64, took: Duration) {
    MARKS.with_borrow_mut(|marks| {
        if marks.due.len() >= KEPT {
            marks.due.clear();
        }
        let now = Instant::now();
        let before = marks.due.get(tenant).copied();
        let due = match before.filter(|_| read_from != i64::MIN) {
            Some(before) => Due {
                from: until,
                seen_at: now,
                ..before
            },
            None => Due {
                from: until,
                whole_at: now,
                took,
                seen_at: now,
            },
        };
        marks.due.insert(tenant.to_owned(), due);
    });
}
