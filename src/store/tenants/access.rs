//! `wf_grant_access` and `wf_revoke_access`: the rights on tables and functions that each kind of role needs.
//! `wfstate.access` tells them; sql/ fills it beside each declaration.

use crate::core::{Code, StateError, StateResult};
use crate::pg::roles::{self, quoted};
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::tenants::grants::{self, existing_role};
use crate::store::tenants::tenant::check_all;

/// Nobody may give what he has not.
const CHANGE: &str = "permission denied to change access";

/// What a role of a level needs: commands to be completed with its name.
static RIGHTS: Statement = Statement::new(
    "WITH levels AS (
  SELECT l.level, l.rank
    FROM ROWS FROM (pg_catalog.unnest('{reader,writer,operator,admin}'::pg_catalog.text[]))
         WITH ORDINALITY AS l (level, rank)
), own AS (
  SELECT l.level FROM levels AS l
   WHERE l.rank {<=} (SELECT m.rank FROM levels AS m WHERE m.level {=} $1)
)
SELECT pg_catalog.format('EXECUTE ON FUNCTION %s',
           pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::pg_catalog.text, ', '))
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_depend AS d ON d.refobjid {=} e.oid
   AND d.refclassid {=} 'pg_catalog.pg_extension'::pg_catalog.regclass
   AND d.classid {=} 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype {=} 'e'
  JOIN pg_catalog.pg_proc AS p ON p.oid {=} d.objid
  JOIN wfstate.access AS a ON a.object {=} p.proname::pg_catalog.text
  JOIN own AS o ON o.level {=} a.level
 WHERE e.extname {=} 'wfstate'
UNION ALL
SELECT pg_catalog.format('SELECT ON %s', pg_catalog.string_agg(a.object, ', '))
  FROM wfstate.access AS a JOIN own AS o ON o.level {=} a.read_level WHERE a.object {~} '^wfstate[.]'
UNION ALL
SELECT pg_catalog.format('INSERT, DELETE ON %s', pg_catalog.string_agg(a.object, ', '))
  FROM wfstate.access AS a JOIN own AS o ON o.level {=} a.level WHERE a.object {~} '^wfstate[.]'
HAVING pg_catalog.count(*) {>} 0
UNION ALL
-- What is only ever added to is changed by nobody.
SELECT pg_catalog.format('UPDATE ON %s', pg_catalog.string_agg(a.object, ', '))
  FROM wfstate.access AS a JOIN own AS o ON o.level {=} a.level
 WHERE a.object {~} '^wfstate[.]' AND NOT a.object {~} '^wfstate[.](logs|metrics|thoughts)$'
HAVING pg_catalog.count(*) {>} 0
UNION ALL
SELECT 'USAGE ON SCHEMA wfstate'",
    &[Type::Text],
);

/// The rights to the extension's objects that somebody other than the owner gave or was given: grantor, grantee,
/// and a command to be completed with the grantee's name.
static GIVEN: Statement = Statement::new(
    "WITH member AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_depend AS d ON d.refobjid {=} e.oid AND d.deptype {=} 'e'
     AND d.refclassid {=} 'pg_catalog.pg_extension'::pg_catalog.regclass
   WHERE e.extname {=} 'wfstate'
), object (kind, name, owner, acl) AS (
  SELECT 'FUNCTION', p.oid::pg_catalog.regprocedure::pg_catalog.text, p.proowner, p.proacl
    FROM member AS m JOIN pg_catalog.pg_proc AS p ON p.oid {=} m.objid
   WHERE m.classid {=} 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION ALL
  SELECT 'TABLE', c.oid::pg_catalog.regclass::pg_catalog.text, c.relowner, c.relacl
    FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid {=} m.objid
   WHERE m.classid {=} 'pg_catalog.pg_class'::pg_catalog.regclass
  UNION ALL
  SELECT 'TABLE', c.oid::pg_catalog.regclass::pg_catalog.text, c.relowner, t.attacl
    FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid {=} m.objid
    JOIN pg_catalog.pg_attribute AS t ON t.attrelid {=} c.oid AND t.attacl IS NOT NULL
   WHERE m.classid {=} 'pg_catalog.pg_class'::pg_catalog.regclass
  UNION ALL
  SELECT 'SCHEMA', pg_catalog.quote_ident(n.nspname), n.nspowner, n.nspacl
    FROM member AS m JOIN pg_catalog.pg_namespace AS n ON n.oid {=} m.objid
   WHERE m.classid {=} 'pg_catalog.pg_namespace'::pg_catalog.regclass
)
SELECT a.grantor::pg_catalog.int8, a.grantee {=} $1::pg_catalog.oid AS is_own,
       pg_catalog.pg_get_userbyid(CASE WHEN a.grantee {=} $1::pg_catalog.oid THEN a.grantor ELSE a.grantee END)::pg_catalog.text,
       pg_catalog.format('REVOKE ALL ON %s %s FROM ', o.kind, pg_catalog.string_agg(DISTINCT o.name, ', '))
  FROM object AS o, pg_catalog.aclexplode(o.acl) AS a
 WHERE $1::pg_catalog.oid {<>} o.owner
   AND (a.grantee {=} $1::pg_catalog.oid OR a.grantor {=} $1::pg_catalog.oid)
 GROUP BY 1, 2, 3, o.kind ORDER BY 2, 3, o.kind",
    &[Type::Int8],
);

/// What a role may be given, each including the one before.
pub const LEVELS: [&str; 4] = ["reader", "writer", "operator", "admin"];

/// Gives a role what its level needs, each including the one before, and tenants. The owner grants, so that nobody
/// needs the option to pass rights on past this function.
pub fn grant(role: &str, access: &str, tenants: Option<&[String]>) -> StateResult<()> {
    let oid = existing_role(role)?;
    let role = quoted(role);
    // A level counts in every tenant of the role, and of whoever is a member of it.
    check_all(CHANGE)?;
    grants::change(|| {
        let rights = RIGHTS.all(Mode::Latest, &[Param::Text(Some(access))], |row| {
            Ok(row.text(0).unwrap_or_default())
        })?;
        for right in rights {
            command(&format!("GRANT {right} TO {role}"))?;
        }
        Ok(())
    })?;
    match tenants {
        None => grants::add_where_none(oid),
        Some([]) => Ok(()),
        Some(tenants) => grants::add(oid, tenants),
    }
}

/// A right that a role has or has passed on: who gave it, whether to the role, the other role, and the command.
type Given = (u32, bool, String, String);

/// Takes from a role all rights to the extension's schema, tables and functions, and its tenants. False when
/// it had none. Rights that come with a membership stay.
pub fn revoke(name: &str) -> StateResult<bool> {
    let oid = existing_role(name)?;
    check_all(CHANGE)?;
    let given: Vec<Given> =
        GIVEN.all(Mode::Write, &[Param::Int8(Some(i64::from(oid)))], |row| {
            let grantor = u32::try_from(row.int8(0).unwrap_or_default()).unwrap_or_default();
            let other = row.text(2).unwrap_or_default();
            let command = row.text(3).unwrap_or_default();
            Ok((grantor, row.bool(1).unwrap_or_default(), other, command))
        })?;
    let others = |wanted: &dyn Fn(&Given) -> bool| {
        let mut names: Vec<&str> = Vec::new();
        for one in given.iter().filter(|one| wanted(one)) {
            if !names.contains(&one.2.as_str()) {
                names.push(&one.2);
            }
        }
        names.join("\", \"")
    };
    let passed_on = others(&|one| !one.1);
    if !passed_on.is_empty() {
        return Err(StateError::new(
            Code::DependentObjects,
            format!("role \"{name}\" has granted access to others"),
        )
        .detail(format!("It was granted to \"{passed_on}\"."))
        .hint(
            "Use wf_revoke_access on them first; another role can grant it anew to who keeps it.",
        ));
    }
    let foreign = others(&|one| !roles::is_owner(one.0) && !roles::has_rights_of(one.0));
    if !foreign.is_empty() {
        return Err(StateError::new(
            Code::InsufficientPrivilege,
            format!("permission denied to revoke the access of role \"{name}\""),
        )
        .detail(format!("It was granted by \"{foreign}\"."))
        .hint("Ask who granted it, or a superuser."));
    }
    let has_tenants = grants::has_own(oid)?;
    if has_tenants {
        grants::revoke_all(oid)?;
    }
    for (grantor, _, _, revoke) in &given {
        let revoke = || command(&format!("{revoke}{}", quoted(name)));
        if roles::is_owner(*grantor) {
            grants::change(revoke)?;
        } else {
            roles::as_member_of(*grantor, revoke)?;
        }
    }
    Ok(has_tenants || !given.is_empty())
}
