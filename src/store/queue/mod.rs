//! Which executions wait for a worker, and which worker holds which.
//!
//! Lock order: the row of `wfstate.leases`, then the head, then those of the parent, then the row of `wfstate.queues`;
//! behind that, whoever is no claim waits for nothing. A claim passes over what is locked and waits for none of them but its queues. Whoever writes under a
//! lease locks its row for KEY SHARE until the transaction ends, so that nobody can claim it meanwhile, while
//! heartbeats go on; whoever moves or ends the execution locks it before the head.

pub mod claim;
mod decide;
pub mod due;
pub mod entries;
pub mod guard;
pub mod heartbeat;
pub mod hold;
pub mod limits;
pub mod list;
mod marks;
pub mod queues;
pub mod release;
mod rescue;
mod take;
