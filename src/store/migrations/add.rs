//! `wf_add_migration`. Whoever changes the steps of a workflow locks its row of `wfstate.migration_runs` first, and so
//! does who migrates a batch: a step is added between two batches, and the next one begins anew.

use crate::core::jsonb::{self, Kind};
use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::functions;
use crate::pg::roles;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::log::checks::check_depth;
use crate::store::migrations::runs;

/// Bytes of a patch.
const MAX_PATCH: usize = 64 << 10;
/// Steps of a workflow.
const MAX_STEPS: usize = 1000;
/// Workflows of a tenant that have migrations: every session of the tenant keeps their names.
const MAX_WORKFLOWS: i64 = 2000;

static STEPS: Statement = Statement::new(
    "SELECT m.from_version, m.to_version, m.unsaid_version FROM wfstate.migrations AS m
      WHERE m.tenant {=} $1 AND m.workflow {=} $2 ORDER BY m.from_version",
    &[Type::Text, Type::Text],
);
static COUNT: Statement = Statement::new(
    "SELECT DISTINCT m.workflow FROM wfstate.migrations AS m WHERE m.tenant {=} $1 LIMIT $2",
    &[Type::Text, Type::Int8],
);
static INSERT: Statement = Statement::new(
    "INSERT INTO wfstate.migrations (tenant, workflow, from_version, to_version, patch, function, added_by,
            unsaid_version)
     VALUES ($1, $2, $3, $4, $5, $6, pg_catalog.quote_ident($7)::pg_catalog.regrole, $8)",
    &[
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Int4,
        Type::Jsonb,
        Type::Text,
        Type::Text,
        Type::Int4,
    ],
);

/// A step that is there.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub from: i32,
    pub to: i32,
    /// What a state counts as that none was said of.
    pub unsaid: i32,
}

/// A step to be added.
pub struct Step<'a> {
    /// Workflow.
    pub workflow: &'a str,
    /// Version of the shape that it takes.
    pub from: i32,
    /// Version that it gives, a later one.
    pub to: i32,
    /// How.
    pub using: Using<'a>,
}

/// What a step does.
#[derive(Clone, Copy)]
pub enum Using<'a> {
    /// It applies this patch.
    Patch(&'a [u8]),
    /// It calls this function.
    Function(&'a str),
}

/// Locks the steps against others that change them, and reads those of a workflow. For the owner.
pub(super) fn locked(tenant: &str, workflow: &str) -> StateResult<Vec<Known>> {
    runs::begin_anew(tenant, workflow)?;
    let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    STEPS.all(Mode::Latest, &params, |row| {
        Ok(Known {
            from: row.int4(0).unwrap_or_default(),
            to: row.int4(1).unwrap_or_default(),
            unsaid: row.int4(2).unwrap_or_default(),
        })
    })
}

/// Adds a step.
pub fn add(tenant: &str, step: &Step<'_>) -> StateResult<()> {
    let Step {
        workflow, from, to, ..
    } = *step;
    let (patch, function) = match step.using {
        Using::Patch(patch) => {
            check_patch(patch)?;
            (Some(patch), None)
        }
        Using::Function(name) => (None, Some(resolved(name)?)),
    };
    let [current, ..] = roles::callers();
    let by = roles::role_name(current);
    roles::as_owner(|| {
        let steps = locked(tenant, workflow)?;
        check_joins(workflow, &steps, from, to)?;
        check_counts(tenant, steps.len())?;
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(workflow)),
            Param::Int4(Some(i64::from(from))),
            Param::Int4(Some(i64::from(to))),
            Param::Jsonb(patch),
            Param::Text(function.as_deref()),
            Param::Text(Some(&by)),
            Param::Int4(Some(i64::from(
                steps.first().map_or(from, |step| step.unsaid),
            ))),
        ];
        INSERT.run(Mode::Write, &params)?;
        Ok(())
    })
}

fn check_patch(patch: &[u8]) -> StateResult<()> {
    if patch.len() > MAX_PATCH {
        return Err(limits::too_large("patch", patch.len(), MAX_PATCH));
    }
    let bad = |error| StateError::bad_document("patch", error);
    let shape = jsonb::check(patch).map_err(bad)?;
    check_depth("patch", shape.depth)?;
    match jsonb::kind(patch).map_err(bad)? {
        Kind::Scalar => Err(StateError::invalid("patch must be a json object or array")
            .hint("An object is an RFC 7386 merge patch, an array an RFC 6902 patch.")),
        // Its operations are read, whatever they would be applied to.
        Kind::JsonPatch => {
            for operation in jsonb::patch::operations(patch).map_err(bad)? {
                operation.map_err(bad)?;
            }
            Ok(())
        }
        Kind::MergePatch => Ok(()),
    }
}

/// The function's name as it can be found whatever the search_path.
fn resolved(name: &str) -> StateResult<String> {
    let with_arguments = match name.contains('(') {
        true => name.to_owned(),
        false => format!("{name}(pg_catalog.jsonb)"),
    };
    let missing = || {
        StateError::new(
            Code::NotFound,
            format!("there is no function {with_arguments}"),
        )
        .hint("Name a function of one jsonb, with its schema where that is not on search_path.")
    };
    let function = functions::find(&with_arguments).ok_or_else(missing)?;
    let qualified = functions::qualified(&function);
    functions::check(&function, &qualified)?;
    limits::name("function", Some(&qualified))?;
    Ok(qualified)
}

fn check_joins(workflow: &str, steps: &[Known], from: i32, to: i32) -> StateResult<()> {
    let Some((first, last)) = steps.first().zip(steps.last()) else {
        return Ok(());
    };
    let (first, last) = (first.from, last.to);
    if from == last || to == first {
        return Ok(());
    }
    let workflow = limits::quoted(workflow);
    if steps.iter().any(|step| step.from == from) {
        return Err(StateError::new(
            Code::AlreadyExists,
            format!("workflow {workflow} has a migration from version {from}"),
        )
        .hint("wf_migrations lists the steps; wf_drop_migration drops the first or the last."));
    }
    Err(StateError::invalid(format!(
        "a migration of workflow {workflow} from version {from} to {to} leaves a gap"
    ))
    .detail(format!(
        "The steps that there are lead from version {first} to {last}."
    ))
    .hint("A step begins where the others end, or ends where they begin."))
}

fn check_counts(tenant: &str, steps: usize) -> StateResult<()> {
    if steps >= MAX_STEPS {
        return Err(
            StateError::new(Code::LimitExceeded, "workflow has too many migrations")
                .detail(format!("A workflow may have at most {MAX_STEPS} steps."))
                .hint("Migrate all states with wf_migrate_states and drop the first steps."),
        );
    }
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(Some(MAX_WORKFLOWS + 1)),
    ];
    if steps > 0 || COUNT.run(Mode::Latest, &params)?.cast_signed() < MAX_WORKFLOWS {
        return Ok(());
    }
    Err(
        StateError::new(Code::LimitExceeded, "too many workflows have migrations").detail(format!(
            "At most {MAX_WORKFLOWS} workflows of a tenant may have some."
        )),
    )
}
