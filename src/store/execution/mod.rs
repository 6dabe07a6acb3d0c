//! Executions as something that runs: started once, moved from status to status, with what comes of them.

pub mod finish;
pub mod retry;
pub mod runs;
pub mod sagas;
pub mod start;
pub mod step_begin;
pub mod step_fail;
pub mod step_finish;
pub mod step_list;
pub mod steps;
pub mod task_results;
