//! `wf_grant_access`: the rights on tables and functions that each kind of role needs.

use crate::core::{StateError, StateResult, limits};
use crate::pg::roles::quoted;
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::tenant::existing_role;

/// Functions of the API by what they need: stable ones read, the others write. Those that PUBLIC was left have no
/// rights of their own.
static FUNCTIONS: Statement = Statement::new(
    "SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text
       FROM pg_catalog.pg_depend AS d
       JOIN pg_catalog.pg_extension AS e ON e.oid {=} d.refobjid AND e.extname {=} 'wfstate'
       JOIN pg_catalog.pg_proc AS p ON p.oid {=} d.objid
      WHERE d.classid {=} 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND d.refclassid {=} 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND d.deptype {=} 'e' AND p.proacl IS NOT NULL AND p.prorettype {<>} 'pg_catalog.trigger'::pg_catalog.regtype
        AND ($1 {=} 'admin' OR p.proname {<>} ALL (ARRAY['wf_grant_tenant', 'wf_revoke_tenant',
             'wf_tenants', 'wf_grant_access', 'wf_declare_search',
             'wf_recalculate_statistics', 'wf_circuit_configure']::pg_catalog.name[]))
        AND ($1 {<>} 'reader' OR p.provolatile {<>} 'v')",
    &[Type::Text],
);

const READER: &str = "wfstate.executions, wfstate.state_versions, wfstate.checkpoints, wfstate.search, \
                      wfstate.search_paths, wfstate.routing_decisions, wfstate.agent_statistics, \
                      wfstate.routing_retention, wfstate.circuits, wfstate.circuit_policies, \
                      wfstate.circuit_transitions";
const WRITER: &str = "wfstate.executions, wfstate.state_versions, wfstate.checkpoints, wfstate.search, \
                      wfstate.routing_decisions, wfstate.agent_statistics, wfstate.routing_retention, \
                      wfstate.circuits, wfstate.circuit_transitions";
const ADMIN: &str = "wfstate.search_paths, wfstate.tenant_roles, wfstate.circuit_policies";

/// Gives a role what a reader, writer or admin needs; each includes the one before.
pub fn grant(role: Option<&str>, access: Option<&str>) -> StateResult<()> {
    existing_role(role)?;
    let role = quoted(role.unwrap_or_default());
    let access = limits::required("access", access)?;
    if !["reader", "writer", "admin"].contains(&access) {
        return Err(
            StateError::invalid("access is not known").hint("Use one of reader, writer, admin.")
        );
    }
    let option = if access == "admin" {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    command(&format!("GRANT USAGE ON SCHEMA wfstate TO {role}{option}"))?;
    command(&format!("GRANT SELECT ON {READER} TO {role}{option}"))?;
    if access != "reader" {
        command(&format!(
            "GRANT INSERT, UPDATE, DELETE ON {WRITER} TO {role}{option}"
        ))?;
    }
    if access == "admin" {
        command(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {ADMIN} TO {role}{option}"
        ))?;
    }
    let functions = FUNCTIONS.all(Mode::Read, &[Param::Text(Some(access))], |row| {
        Ok(row.text(0).unwrap_or_default())
    })?;
    command(&format!(
        "GRANT EXECUTE ON FUNCTION {} TO {role}{option}",
        functions.join(", ")
    ))
}
