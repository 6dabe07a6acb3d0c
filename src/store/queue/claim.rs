//! `wf_claim`: executions for a worker.

use crate::core::{StateResult, limits};
use crate::pg::interrupts;
use crate::pg::invalidation;
use crate::pg::spi::Interval;
use crate::store::log::executions::Head;
use crate::store::queue::marks::{self, Lane};
use crate::store::queue::queues::{self, Queue};
use crate::store::queue::take::{self, First};
use crate::store::queue::{due, limits as bounds, rescue};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A call.
pub struct Call<'a> {
    /// Name of the worker.
    pub worker: &'a str,
    /// Workflows; all where it is `None`.
    pub workflows: Option<&'a [String]>,
    /// How long the lease is held.
    pub duration: Interval,
    /// At most so many.
    pub max_rows: usize,
}

/// An execution that is held now.
pub struct Claimed {
    /// Its id.
    pub execution_id: String,
    /// The fencing token.
    pub lease: i64,
    /// Until when it is held, in the server's microseconds.
    pub expires_at: i64,
    /// Claims since it last came forward.
    pub claims: i64,
    /// What it was started with.
    pub input: Option<Vec<u8>>,
    /// Where it stands.
    pub head: Head,
}

/// Claims executions.
pub fn claim(tenant: &str, call: &Call<'_>) -> StateResult<Vec<Claimed>> {
    marks::check();
    due::make_ready(tenant, false)?;
    let mut search = Search::new(tenant, call)?;
    search.run(false)?;
    let mut rounds = 0;
    // What is due may be of other workflows.
    while search.claimed.is_empty() && rounds < ROUNDS && due::make_ready(tenant, true)? {
        search.again();
        search.run(false)?;
        rounds += 1;
    }
    if search.claimed.is_empty() && search.rescue()? {
        search.again();
    }
    if search.claimed.len() < call.max_rows {
        // Also what came late before something that is locked.
        search.again();
        search.run(true)?;
    }
    marks::claimed();
    Ok(search.claimed)
}

/// How often a call that finds nothing has more of what is due made ready.
const ROUNDS: usize = 50;
/// How many a call parks or puts aside at most: what is left is for the next one.
const REFUSED: usize = 1000;
/// Lanes that are looked at together.
const FEW: usize = 64;
/// How many are taken at once.
const MOST: usize = 100;

pub(super) struct Search<'a> {
    pub(super) tenant: &'a str,
    pub(super) call: &'a Call<'a>,
    pub(super) queues: BTreeMap<String, Queue>,
    lanes: Vec<Lane>,
    /// Where each lane goes on: behind what others have locked, or what was passed over.
    passed: HashMap<Lane, i64>,
    claimed: Vec<Claimed>,
    /// Bytes of their inputs.
    bytes: usize,
    /// How many are taken at least, since others have locked many.
    missed: usize,
    /// How many had their turn and were not to be had.
    refused: usize,
}

impl<'a> Search<'a> {
    fn new(tenant: &'a str, call: &'a Call<'a>) -> StateResult<Self> {
        let mut locked = Vec::new();
        let queues = loop {
            let queues = chosen(tenant, call.workflows);
            let limited = queues.iter().filter(|(_, queue)| queue.is_limited());
            let unlocked: Vec<String> = limited
                .map(|(name, _)| name.clone())
                .filter(|name| !locked.contains(name))
                .collect();
            if unlocked.is_empty() {
                break queues;
            }
            // Limits may be other ones by the time that the lock is had.
            bounds::lock(tenant, &unlocked)?;
            invalidation::accept();
            locked.extend(unlocked);
        };
        let of = |(name, queue): (&String, &Queue)| {
            let lanes = queue.lanes;
            let name = name.clone();
            (0..20)
                .filter(move |lane| lanes >> lane & 1 == 1)
                .map(move |lane| (name.clone(), lane))
        };
        let lanes = queues.iter().flat_map(of).collect();
        Ok(Search {
            tenant,
            call,
            queues,
            lanes,
            passed: HashMap::new(),
            claimed: Vec::new(),
            bytes: 0,
            missed: 0,
            refused: 0,
        })
    }

    fn again(&mut self) {
        self.passed.clear();
    }

    /// Whether an execution was parked although its key has room.
    fn rescue(&self) -> StateResult<bool> {
        // Of the others something may be left from the time when they had limits; who claims many does not look.
        let few = self.queues.len() <= rescue::FEW;
        let mut any = false;
        for (workflow, queue) in &self.queues {
            if queue.max_per_key.is_some() || few {
                let most = queue.max_per_key.unwrap_or(i32::MAX);
                any |= rescue::rescue(self.tenant, workflow, most)?;
            }
        }
        Ok(any)
    }

    /// Claims from the lanes until there is nothing left, or enough is claimed.
    fn run(&mut self, whole: bool) -> StateResult<()> {
        for lanes in self.in_turn() {
            let open: Vec<Lane> = lanes
                .into_iter()
                .filter(|lane| self.passed.get(lane) != Some(&i64::MAX))
                .filter(|lane| !whole || !marks::is_too_soon(self.tenant, lane))
                .collect();
            let mut firsts = self.firsts(&open, whole)?;
            while let Some(first) = firsts.pop_first() {
                if self.has_enough() {
                    return Ok(());
                }
                interrupts::check();
                // What is older comes first, across the workflows of one priority.
                let next = firsts.first().filter(|next| next.lane.1 == first.lane.1);
                self.take(&first, next.map_or(i64::MAX, |next| next.ticket))?;
                if self.passed.get(&first.lane) != Some(&i64::MAX) && !self.has_enough() {
                    firsts.append(&mut self.firsts(&[first.lane], whole)?);
                }
            }
        }
        Ok(())
    }

    /// The lanes, the higher ones first where there are so many that to look at all of them takes a while.
    fn in_turn(&self) -> Vec<Vec<Lane>> {
        if self.lanes.len() <= FEW {
            return vec![self.lanes.clone()];
        }
        let mut levels: BTreeMap<Reverse<i32>, Vec<Lane>> = BTreeMap::new();
        for lane in &self.lanes {
            levels
                .entry(Reverse(lane.1))
                .or_default()
                .push(lane.clone());
        }
        levels.into_values().collect()
    }

    fn firsts(&self, lanes: &[Lane], whole: bool) -> StateResult<BTreeSet<First>> {
        if lanes.is_empty() {
            return Ok(BTreeSet::new());
        }
        let firsts = take::first(self.tenant, lanes, &self.passed, whole)?;
        Ok(firsts.into_iter().collect())
    }

    fn has_enough(&self) -> bool {
        self.claimed.len() >= self.call.max_rows
            || self.bytes >= limits::MAX_BATCH_BYTES
            || self.refused >= REFUSED
    }

    fn take(&mut self, first: &First, below: i64) -> StateResult<()> {
        let room = self.room(&first.lane.0)?;
        let wanted = (self.call.max_rows - self.claimed.len())
            .min(room)
            .min(MOST);
        if wanted == 0 {
            // Without room there is nothing more to be had.
            self.passed.insert(first.lane.clone(), i64::MAX);
            return Ok(());
        }
        // The more at once, the more others have locked.
        let asked = wanted.max(self.missed).min(MOST);
        let mut taken = take::take(self.tenant, first, below, asked)?;
        self.missed = match taken.has_missed {
            true => (2 * asked).min(MOST),
            false => 0,
        };
        let next = match (taken.ready.get(wanted), taken.last) {
            (Some(left), _) => left.ticket,
            (None, Some(last)) => last.saturating_add(1),
            (None, None) => below,
        };
        if taken.last.is_some() {
            marks::pass(self.tenant, &first.lane, next.saturating_sub(1));
        }
        taken.ready.truncate(wanted);
        self.passed.insert(first.lane.clone(), next);
        for ready in taken.ready {
            if self.bytes >= limits::MAX_BATCH_BYTES {
                break;
            }
            match self.decide(&first.lane.0, ready)? {
                Some(claimed) => {
                    self.bytes += claimed.input.as_ref().map_or(0, Vec::len);
                    self.claimed.push(claimed);
                }
                None => self.refused += 1,
            }
        }
        Ok(())
    }

    /// How many more executions of a workflow may be held.
    fn room(&self, workflow: &str) -> StateResult<usize> {
        match self
            .queues
            .get(workflow)
            .and_then(|queue| queue.max_running)
        {
            None => Ok(usize::MAX),
            Some(most) => {
                let held = bounds::held(self.tenant, workflow)?;
                Ok(usize::try_from(i64::from(most) - held).unwrap_or(0))
            }
        }
    }
}

/// The queues that are asked for.
fn chosen(tenant: &str, workflows: Option<&[String]>) -> BTreeMap<String, Queue> {
    let all = queues::of(tenant);
    let named = |(name, queue): (&String, &Queue)| (name.clone(), *queue);
    match workflows {
        None => all.iter().map(named).collect(),
        Some(names) => names
            .iter()
            .filter_map(|name| all.get_key_value(name).map(named))
            .collect(),
    }
}
