//! What becomes of an execution whose turn it is to be claimed.

use crate::core::{StateResult, statuses};
use crate::store::Key;
use crate::store::execution::runs;
use crate::store::queue::claim::{Claimed, Search};
use crate::store::queue::queues::MAX_CLAIMS;
use crate::store::queue::take::Ready;
use crate::store::queue::{entries, hold, limits as bounds};
use crate::store::waits::children;

impl Search<'_> {
    /// Whether one more execution with a key may be held.
    fn has_room(&self, workflow: &str, concurrency_key: Option<&str>) -> StateResult<bool> {
        let most = self
            .queues
            .get(workflow)
            .and_then(|queue| queue.max_per_key);
        match most.zip(concurrency_key) {
            None => Ok(true),
            Some((most, key)) => {
                let held = bounds::held_of_key(self.tenant, workflow, key)?;
                Ok(held < i64::from(most))
            }
        }
    }

    /// What becomes of an execution whose turn it is. It leaves the lane, unless something of it is locked that would
    /// have to be waited for.
    pub(super) fn decide(&self, workflow: &str, ready: Ready) -> StateResult<Option<Claimed>> {
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
