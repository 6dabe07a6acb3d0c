//! `wf_claim`: executions for a worker.

use crate::core::{StateResult, limits, statuses};
use crate::pg::interrupts;
use crate::pg::invalidation;
use crate::pg::spi::Interval;
use crate::store::Key;
use crate::store::execution::runs;
use crate::store::log::executions::Head;
use crate::store::queue::marks::{self, Lane};
use crate::store::queue::queues::{self, MAX_CLAIMS, Queue};
use crate::store::queue::take::{self, First, Ready};
use crate::store::queue::{due, entries, hold, limits as bounds, rescue};
use crate::store::waits::children;
use std::collections::{BTreeMap, HashMap};

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
        search.run(true)?;
    }
    marks::claimed();
    Ok(search.claimed)
}

/// How often a call that finds nothing has more of what is due made ready.
const ROUNDS: usize = 50;
/// How many a call parks or puts aside at most: what is left is for the next one.
const REFUSED: usize = 1000;
/// How many are taken at once.
const MOST: usize = 100;

struct Search<'a> {
    tenant: &'a str,
    call: &'a Call<'a>,
    queues: BTreeMap<String, Queue>,
    lanes: Vec<Lane>,
    /// Where each lane goes on: behind what others have locked, or what was passed over.
    passed: HashMap<Lane, i64>,
    claimed: Vec<Claimed>,
    /// Bytes of their inputs.
    bytes: usize,
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
        while self.claimed.len() < self.call.max_rows
            && self.bytes < limits::MAX_BATCH_BYTES
            && self.refused < REFUSED
        {
            interrupts::check();
            let open: Vec<Lane> = self
                .lanes
                .iter()
                .filter(|lane| self.passed.get(*lane) != Some(&i64::MAX))
                .filter(|lane| !whole || !marks::is_too_soon(self.tenant, lane))
                .cloned()
                .collect();
            if open.is_empty() {
                return Ok(());
            }
            let firsts = take::first(self.tenant, &open, &self.passed, whole)?;
            let Some(first) = firsts.first() else {
                return Ok(());
            };
            // What is older comes first, across the workflows of one priority.
            let next = firsts.get(1).filter(|next| next.lane.1 == first.lane.1);
            self.take(first, next.map_or(i64::MAX, |next| next.ticket))?;
        }
        Ok(())
    }

    fn take(&mut self, first: &First, below: i64) -> StateResult<()> {
        let room = self.room(&first.lane.0)?;
        let wanted = (self.call.max_rows - self.claimed.len())
            .min(room)
            .min(MOST);
        let taken = match wanted {
            0 => Vec::new(),
            wanted => take::take(self.tenant, first, below, wanted)?,
        };
        // Without room there is nothing more to be had; behind what others have locked there may be.
        let next = match (wanted, taken.last()) {
            (0, _) => i64::MAX,
            (_, Some(last)) => last.ticket.saturating_add(1),
            (_, None) => below,
        };
        self.passed.insert(first.lane.clone(), next);
        for ready in taken {
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
                let (held, _) = bounds::held(self.tenant, workflow, None)?;
                Ok(usize::try_from(i64::from(most) - held).unwrap_or(0))
            }
        }
    }

    /// Whether one more execution with a key may be held.
    fn has_room(&self, workflow: &str, concurrency_key: Option<&str>) -> StateResult<bool> {
        let most = self
            .queues
            .get(workflow)
            .and_then(|queue| queue.max_per_key);
        match most.filter(|_| concurrency_key.is_some()) {
            None => Ok(true),
            Some(most) => {
                let (_, held) = bounds::held(self.tenant, workflow, concurrency_key)?;
                Ok(held < i64::from(most))
            }
        }
    }

    /// What becomes of an execution whose turn it is. It leaves the lane, unless something of it is locked that would
    /// have to be waited for.
    fn decide(&self, workflow: &str, ready: Ready) -> StateResult<Option<Claimed>> {
        let key = Key {
            tenant: self.tenant,
            id: &ready.execution_id,
        };
        let status = ready.head.status.as_str();
        if status == "paused" || statuses::is_final(status) {
            // It was given that by something that does not know of queues.
            if children::try_lock_parent(key)? {
                entries::follow(key, status)?;
            }
            return Ok(None);
        }
        if ready.head.workflow.as_deref() != Some(workflow) {
            entries::leave(key)?;
            entries::offer(key)?;
            return Ok(None);
        }
        if !self.has_room(workflow, ready.concurrency_key.as_deref())? {
            hold::park(key)?;
            return Ok(None);
        }
        let claims = self.claims(key, &ready)?;
        let most = self.queues.get(workflow).and_then(|queue| queue.max_claims);
        if claims > i64::from(most.unwrap_or(MAX_CLAIMS)) {
            if children::try_lock_parent(key)? {
                hold::set_aside(key, &ready)?;
            }
            return Ok(None);
        }
        let input = match ready.has_input {
            true => runs::input(key)?,
            false => ready.input,
        };
        hold::hold(key, self.call, ready.head, input, claims).map(Some)
    }

    /// Claims since it last came forward, this one among them.
    fn claims(&self, key: Key<'_>, ready: &Ready) -> StateResult<i64> {
        let (Some(version), Some(at)) = (ready.claimed_version, ready.claimed_at) else {
            return Ok(1);
        };
        if ready.head.version > version || hold::has_completed(key, at)? {
            return Ok(1);
        }
        Ok(ready.claims + 1)
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
