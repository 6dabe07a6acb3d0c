//! wfstate: where workflows and AI agents keep their state, inside PostgreSQL.
//!
//! Every save is a commit that stores only what changed, a checkpoint is a tag, a recovery is a new commit
//! that refers to an old one, and a fork is a branch.
//!
//! The rooms, and the one way that data flows through them:
//!
//! - [`api`]: the SQL functions, a file for each group. They convert, call, and convert back.
//! - [`store`]: the tables. The only room that issues SQL, through one closed set of prepared statements.
//! - [`pg`]: the server's memory. The only room with `unsafe`; the one place that gives errors their SQLSTATE.
//! - [`core`]: pure Rust that each of them may use and that knows none of them: binary jsonb (read, write,
//!   diff, patch, hash), limits, and the errors' words.
//!
//! A save reads nothing when this session knows the head's state: one statement checks that the head is
//! still the one known, moves it, and appends the version. A load reads the head, and unless this session
//! has its content, one index range of the log.

#![deny(unsafe_op_in_unsafe_fn, missing_docs)]

pub mod api;
pub mod core;
pub mod pg;
pub mod store;

::pgrx::pg_module_magic!(name, version);

::pgrx::extension_sql_file!("../sql/schema.sql", name = "schema", bootstrap);
::pgrx::extension_sql_file!(
    "../sql/circuits.sql",
    name = "circuits",
    requires = ["schema"]
);
::pgrx::extension_sql_file!("../sql/security.sql", name = "security", finalize);
::pgrx::extension_sql_file!(
    "../sql/comments.sql",
    name = "comments",
    requires = [
        wf_save_state,
        wf_patch_state,
        wf_save_states,
        wf_load_state,
        wf_load,
        wf_load_many,
        wf_state_at,
        wf_history,
        wf_diff,
        wf_delete,
        wf_list,
        wf_find,
        wf_declare_search,
        wf_prune_history,
        wf_export,
        wf_import,
        wf_checkpoint,
        wf_checkpoints,
        wf_recover,
        wf_fork,
        wf_drop_checkpoint,
        wf_verify,
        wf_tenant,
        wf_grant_tenant,
        wf_revoke_tenant,
        wf_tenants,
        wf_grant_access,
    ]
);

::pgrx::extension_sql_file!(
    "../sql/routing_stats.sql",
    name = "routing_stats",
    requires = ["schema"]
);
::pgrx::extension_sql_file!(
    "../sql/routing_stats_json.sql",
    name = "routing_stats_json",
    requires = [
        "routing_stats",
        total_tasks,
        successful_tasks,
        failed_tasks,
        measured_tasks,
        success_rate,
        total_duration_ms,
        mean_duration_ms,
        stddev_duration_ms,
        min_duration_ms,
        max_duration_ms,
        approx_percentile,
        approx_percentile_rank,
        relative_error,
    ]
);

::pgrx::extension_sql_file!(
    "../sql/routing.sql",
    name = "routing",
    requires = ["schema", "routing_stats"]
);
::pgrx::extension_sql_file!(
    "../sql/routing_comments.sql",
    name = "routing_comments",
    requires = [
        wf_record_routing,
        wf_complete_routing,
        wf_routing_decisions,
        wf_agent_statistics,
        wf_top_agents,
        wf_underperforming_agents,
        wf_recalculate_statistics,
        wf_prune_routing,
        wf_maintain,
    ]
);

::pgrx::extension_sql_file!(
    "../sql/circuits_comments.sql",
    name = "circuits_comments",
    requires = [
        wf_circuit_allow,
        wf_circuit_record,
        wf_circuit_configure,
        wf_circuit_policy,
        wf_circuit_save,
        wf_circuit_reset,
        wf_circuits_recover,
        wf_circuits,
        wf_circuits_open,
        wf_circuit_transitions,
    ]
);

/// Called by the server when it loads the library.
#[pgrx::pg_guard]
#[allow(non_snake_case)]
pub extern "C-unwind" fn _PG_init() {
    pg::settings::register();
    pg::invalidation::register();
    pg::interrupts::register();
}
