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

// The SQL surface is sql/, in this order. tests/lib/build.sh reads the order here and puts the files together;
// `cargo pgrx` takes them from here and must come to the same script (tests/agreement.sh).
::pgrx::extension_sql_file!("../sql/begin.sql", name = "begin", bootstrap);
::pgrx::extension_sql_file!("../sql/tenants.sql", name = "tenants", requires = ["begin"]);
::pgrx::extension_sql_file!("../sql/log.sql", name = "log", requires = ["tenants"]);
::pgrx::extension_sql_file!("../sql/state.sql", name = "state", requires = ["log"]);
::pgrx::extension_sql_file!(
    "../sql/checkpoints.sql",
    name = "checkpoints",
    requires = ["state"]
);
::pgrx::extension_sql_file!(
    "../sql/history.sql",
    name = "history",
    requires = ["checkpoints"]
);
::pgrx::extension_sql_file!("../sql/search.sql", name = "search", requires = ["history"]);
::pgrx::extension_sql_file!(
    "../sql/definitions.sql",
    name = "definitions",
    requires = ["search"]
);
::pgrx::extension_sql_file!(
    "../sql/migrations.sql",
    name = "migrations",
    requires = ["definitions"]
);
::pgrx::extension_sql_file!(
    "../sql/repair.sql",
    name = "repair",
    requires = ["migrations"]
);
::pgrx::extension_sql_file!("../sql/import.sql", name = "import", requires = ["repair"]);
::pgrx::extension_sql_file!(
    "../sql/execution.sql",
    name = "execution",
    requires = ["import"]
);
::pgrx::extension_sql_file!(
    "../sql/leases.sql",
    name = "leases",
    requires = ["execution"]
);
::pgrx::extension_sql_file!("../sql/steps.sql", name = "steps", requires = ["leases"]);
::pgrx::extension_sql_file!("../sql/waits.sql", name = "waits", requires = ["steps"]);
::pgrx::extension_sql_file!("../sql/feed.sql", name = "feed", requires = ["waits"]);
::pgrx::extension_sql_file!(
    "../sql/sessions.sql",
    name = "sessions",
    requires = ["feed"]
);
::pgrx::extension_sql_file!(
    "../sql/todo_lists.sql",
    name = "todo_lists",
    requires = ["sessions"]
);
::pgrx::extension_sql_file!(
    "../sql/thoughts.sql",
    name = "thoughts",
    requires = ["todo_lists"]
);
::pgrx::extension_sql_file!(
    "../sql/memories.sql",
    name = "memories",
    requires = ["thoughts"]
);
::pgrx::extension_sql_file!(
    "../sql/routing_stats.sql",
    name = "routing_stats",
    requires = ["memories"]
);
::pgrx::extension_sql_file!(
    "../sql/routing.sql",
    name = "routing",
    requires = ["routing_stats"]
);
::pgrx::extension_sql_file!(
    "../sql/circuits.sql",
    name = "circuits",
    requires = ["routing"]
);
::pgrx::extension_sql_file!("../sql/logs.sql", name = "logs", requires = ["circuits"]);
::pgrx::extension_sql_file!("../sql/metrics.sql", name = "metrics", requires = ["logs"]);
::pgrx::extension_sql_file!(
    "../sql/partitions.sql",
    name = "partitions",
    requires = ["metrics"]
);
::pgrx::extension_sql_file!(
    "../sql/retention.sql",
    name = "retention",
    requires = ["partitions"]
);
::pgrx::extension_sql_file!(
    "../sql/operations.sql",
    name = "operations",
    requires = ["retention"]
);
::pgrx::extension_sql_file!(
    "../sql/monitoring.sql",
    name = "monitoring",
    requires = ["operations"]
);
::pgrx::extension_sql_file!(
    "../sql/health_checks.sql",
    name = "health_checks",
    requires = ["monitoring"]
);
::pgrx::extension_sql_file!(
    "../sql/health_retention.sql",
    name = "health_retention",
    requires = ["health_checks"]
);
::pgrx::extension_sql_file!(
    "../sql/health.sql",
    name = "health",
    requires = ["health_retention"]
);
::pgrx::extension_sql_file!(
    "../sql/looking.sql",
    name = "looking",
    requires = ["health"]
);
::pgrx::extension_sql_file!("../sql/end.sql", name = "end", finalize);

/// Called by the server when it loads the library.
#[pgrx::pg_guard]
#[allow(non_snake_case)]
pub extern "C-unwind" fn _PG_init() {
    pg::settings::register();
    pg::invalidation::register();
    pg::interrupts::register();
    pg::guard::register();
}

/// What `cargo pgrx test` asks for.
#[cfg(test)]
pub mod pg_test {
    /// Before the server starts.
    pub fn setup(_options: Vec<&str>) {}

    /// Lines of its configuration.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        Vec::new()
    }
}
