//! `wf_claim`: executions for a worker.

use crate::core::{StateResult, limits, statuses};
use crate::pg::interrupts;
use crate::pg::spi::Interval;
use crate::store::Key;
use crate::store::execution::runs;
use crate::store::log::executions::Head;
use crate::store::queue::marks::{self, Lane};
use crate::store::queue::queues::{self, MAX_CLAIMS, Queue};
use crate::store::queue::take::{self, First, Ready};
use crate::store::queue::{due, entries, hold, limits as bounds};
use std::collections::{BTreeMap, HashSet};

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
    due::make_ready(tenant, false)?;
    let mut search = Search::new(tenant, call)?;
    search.run(false)?;
    if search.claimed.is_empty() && due::make_ready(tenant, true)? {
        search.reset();
        search.run(false)?;
    }
    if search.claimed.len() < call.max_rows {
        search.run(true)?;
    }
    Ok(search.claimed)
}

/// How many are taken at once.
const MOST: usize = 100;

struct Search<'a> {
    tenant: &'a str,
    call: &'a Call<'a>,
    queues: BTreeMap<String, Queue>,
    lanes: Vec<Lane>,
    /// Lanes of which everything is locked by others, or that have no room.
    done: HashSet<Lane>,
    claimed: Vec<Claimed>,
    /// Bytes of their inputs.
    bytes: usize,
}

impl<'a> Search<'a> {
    fn new(tenant: &'a str, call: &'a Call<'a>) -> StateResult<Self> {
        let all = queues::of(tenant);
        let queues: BTreeMap<String, Queue> = match call.workflows {
            None => all
                .iter()
                .map(|(name, queue)| (name.clone(), *queue))
                .collect(),
            Some(names) => names
                .iter()
                .filter_map(|name| Some((name.clone(), *all.get(name)?)))
                .collect(),
        };
        let limited: Vec<String> = queues
            .iter()
            .filter(|(_, queue)| queue.is_limited())
            .map(|(name, _)| name.clone())
            .collect();
        if !limited.is_empty() {
            bounds::lock(tenant, &limited)?;
        }
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
            done: HashSet::new(),
            claimed: Vec::new(),
            bytes: 0,
        })
    }

    fn reset(&mut self) {
        self.done.clear();
    }

    /// Claims from the lanes until there is nothing left, or enough is claimed.
    fn run(&mut self, whole: bool) -> StateResult<()> {
        while self.claimed.len() < self.call.max_rows && self.bytes < limits::MAX_BATCH_BYTES {
            interrupts::check();
            let open: Vec<Lane> = self
                .lanes
                .iter()
                .filter(|lane| !self.done.contains(*lane))
                .filter(|lane| !whole || !marks::is_too_soon(self.tenant, lane))
                .cloned()
                .collect();
            if open.is_empty() {
                return Ok(());
            }
            let firsts = take::first(self.tenant, &open, whole)?;
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
        if taken.is_empty() {
            self.done.insert(first.lane.clone());
        }
        for ready in taken {
            if self.bytes >= limits::MAX_BATCH_BYTES {
                break;
            }
            if let Some(claimed) = self.decide(&first.lane.0, ready)? {
                self.bytes += claimed.input.as_ref().map_or(0, Vec::len);
                self.claimed.push(claimed);
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

    /// What becomes of an execution whose turn it is; it leaves the lane in any case.
    fn decide(&self, workflow: &str, ready: Ready) -> StateResult<Option<Claimed>> {
        let key = Key {
            tenant: self.tenant,
            id: &ready.execution_id,
        };
        let status = ready.head.status.as_str();
        if status == "paused" || statuses::is_final(status) {
            // It was given that by something that does not know of queues.
            entries::follow(key, status)?;
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
            hold::set_aside(key, &ready)?;
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
