//! `wf_grant_access`: the rights on tables and functions that each kind of role needs. `wfstate.access` tells them;
//! sql/ fills it beside each declaration.

use crate::core::{StateResult, limits};
use crate::pg::roles::quoted;
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::tenants::tenant::existing_role;

/// What a role of a level needs: commands to be completed with its name. A reader may read every table that
/// somebody may write to, and an admin the others, too.
static RIGHTS: Statement = Statement::new(
    "WITH levels AS (
  SELECT l.level, l.rank
    FROM ROWS FROM (pg_catalog.unnest('{reader,writer,operator,admin}'::pg_catalog.text[]))
         WITH ORDINALITY AS l (level, rank)
), granted AS (
  SELECT a.object, l.level {=} 'admin' AS is_for_admins
    FROM wfstate.access AS a JOIN levels AS l ON l.level {=} a.level
   WHERE l.rank {<=} (SELECT m.rank FROM levels AS m WHERE m.level {=} $1)
)
SELECT pg_catalog.format('EXECUTE ON FUNCTION %s',
           pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::pg_catalog.text, ', '))
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_depend AS d ON d.refobjid {=} e.oid
   AND d.refclassid {=} 'pg_catalog.pg_extension'::pg_catalog.regclass
   AND d.classid {=} 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype {=} 'e'
  JOIN pg_catalog.pg_proc AS p ON p.oid {=} d.objid
  JOIN granted AS g ON g.object {=} p.proname::pg_catalog.text
 WHERE e.extname {=} 'wfstate'
UNION ALL
SELECT pg_catalog.format('SELECT ON %s', pg_catalog.string_agg(a.object, ', '))
  FROM wfstate.access AS a
 WHERE a.object {~} '^wfstate[.]' AND (a.level {<>} 'admin' OR $1 {=} 'admin')
UNION ALL
SELECT pg_catalog.format('INSERT, UPDATE, DELETE ON %s', pg_catalog.string_agg(g.object, ', '))
  FROM granted AS g WHERE g.object {~} '^wfstate[.]' HAVING pg_catalog.count(*) {>} 0
UNION ALL
SELECT 'USAGE ON SCHEMA wfstate'",
    &[Type::Text],
);

/// Gives a role what its level needs; each includes the one before.
pub fn grant(role: Option<&str>, access: Option<&str>) -> StateResult<()> {
    existing_role(role)?;
    let role = quoted(role.unwrap_or_default());
    let access = limits::required("access", access)?;
    const LEVELS: [&str; 4] = ["reader", "writer", "operator", "admin"];
    if !LEVELS.contains(&access) {
        return Err(limits::unknown("access", access, &LEVELS));
    }
    let option = if access == "admin" {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    let rights = RIGHTS.all(Mode::Read, &[Param::Text(Some(access))], |row| {
        Ok(row.text(0).unwrap_or_default())
    })?;
    for right in rights {
        command(&format!("GRANT {right} TO {role}{option}"))?;
    }
    Ok(())
}
