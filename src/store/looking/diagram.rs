//! What diagrams show.

use super::story;
use crate::core::definition::{self, Outline};
use crate::core::looking::diagram::{self, Begun, Visit, Way};
use crate::core::looking::story::Version;
use crate::core::{StateError, StateResult, limits, statuses};
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::documents::{self, Name};
use crate::store::definitions::list;
use crate::store::log::executions::key_params;

/// Newest steps of an execution that are drawn.
const MOST_STEPS: i64 = 200;
/// Newest moves from phase to phase, or from status to status.
const MOST_MOVES: usize = 500;

const OF_WORKFLOWS: [&str; 2] = ["phases", "steps"];
const OF_EXECUTIONS: [&str; 3] = ["phases", "steps", "statuses"];

static BEGUN: Statement = Statement::new(
    "SELECT s.step_id, s.status, s.attempt FROM wfstate.steps AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 ORDER BY s.position DESC LIMIT $3",
    &[Type::Text, Type::Text, Type::Int8],
);

fn known(kind: Option<&str>, kinds: &[&'static str]) -> StateResult<()> {
    match kind {
        Some(kind) if !kinds.contains(&kind) => Err(limits::unknown("kind", kind, kinds)),
        _ => Ok(()),
    }
}

/// A version of a workflow's definition, by default the newest.
pub fn workflow(
    tenant: &str,
    workflow: &str,
    version: Option<i32>,
    kind: Option<&str>,
) -> StateResult<String> {
    if kind == Some("statuses") {
        return Err(
            StateError::invalid("kind \"statuses\" is only of an execution")
                .hint("Give execution_id, or use one of phases, steps."),
        );
    }
    known(kind, &OF_WORKFLOWS)?;
    let document = list::document(tenant, workflow, version)?;
    let outline = definition::outline(&document)?;
    let kind = kind.unwrap_or(match outline.phases.is_empty() {
        true => "steps",
        false => "phases",
    });
    let title = format!("{kind} of workflow {workflow}");
    Ok(match kind {
        "steps" => diagram::steps(&title, Some(&outline), None),
        _ => diagram::phases(&title, Some(&outline), None),
    })
}

/// The definition that binds an execution, if one does.
fn outline(key: Key<'_>, found: &story::Found) -> StateResult<Option<Outline>> {
    let bound = found
        .story
        .workflow
        .as_deref()
        .zip(found.story.workflow_version);
    let Some((workflow, version)) = bound else {
        return Ok(None);
    };
    let name = Name {
        tenant: key.tenant,
        workflow,
        version,
    };
    match documents::read(Mode::Read, name)? {
        Some((document, _)) => definition::outline(&document).map(Some),
        None => Ok(None),
    }
}

/// The way through what `of` tells of versions.
fn way(versions: &[Version], ended: bool, of: fn(&Version) -> Option<&str>) -> Way {
    let mut visited: Vec<Visit> = Vec::new();
    let (mut before, mut from_unknown) = (0, false);
    for version in versions {
        from_unknown |= version.version > before + 1;
        before = version.version;
        let Some(place) = of(version) else {
            continue;
        };
        if visited.last().is_none_or(|last| last.name != place) {
            visited.push(Visit {
                name: place.to_owned(),
                from_unknown,
            });
        }
        from_unknown = false;
    }
    let extra = visited.len().saturating_sub(MOST_MOVES);
    visited.drain(..extra);
    let is_whole = versions.first().is_none_or(|first| first.version == 1);
    Way {
        visited,
        ended,
        cut: extra > 0 || !is_whole,
    }
}

fn begun(key: Key<'_>) -> StateResult<Vec<Begun>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(MOST_STEPS))];
    let mut begun = BEGUN.all(Mode::Read, &params, |row| {
        Ok(Begun {
            name: row.text(0).unwrap_or_default(),
            status: row.text(1).unwrap_or_default(),
            attempt: row.int4(2).unwrap_or_default(),
        })
    })?;
    begun.reverse();
    Ok(begun)
}

/// What an execution has done, within the definition that binds it.
pub fn execution(key: Key<'_>, kind: Option<&str>) -> StateResult<String> {
    known(kind, &OF_EXECUTIONS)?;
    settings::by_keys(|| drawn(key, kind))
}

fn drawn(key: Key<'_>, kind: Option<&str>) -> StateResult<String> {
    let found = story::head(key)?;
    let outline = outline(key, &found)?;
    let versions = story::versions(key)?;
    let ended = statuses::is_final(&found.story.status);
    let phases = way(&versions, ended, |version| version.phase.as_deref());
    let begun = begun(key)?;
    let declares = |of: fn(&Outline) -> bool| outline.as_ref().is_some_and(of);
    let kind = match kind {
        Some(kind) => kind,
        None if !phases.visited.is_empty() || declares(|o| !o.phases.is_empty()) => "phases",
        None if !begun.is_empty() || declares(|o| !o.steps.is_empty()) => "steps",
        None => "statuses",
    };
    let title = format!("{kind} of execution {}", key.id);
    Ok(match kind {
        "steps" => diagram::steps(&title, outline.as_ref(), Some(&begun)),
        "statuses" => {
            let statuses = way(&versions, ended, |version| Some(&version.status));
            diagram::phases(&title, None, Some(&statuses))
        }
        _ => diagram::phases(&title, outline.as_ref(), Some(&phases)),
    })
}
