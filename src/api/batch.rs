//! Saving many executions in one call.

use super::arrays::{Documents, Numbers, Read, Texts, document, element, length, read};
use super::ids;
use super::state::labels;
use crate::core::{StateError, StateResult, arrays, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::record;
use crate::pg::records::Records;
use crate::pg::settings;
use crate::store::Key;
use crate::store::log::batch::{self, Item};
use crate::store::log::checks::check_state;
use crate::store::log::new_version::Labels;
use crate::store::log::save::Request;
use crate::store::queue::guard;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_save_states(
    execution_ids: Texts<'_>,
    states: Documents<'_>,
    expected_versions: Numbers<'_>,
    workflows: Texts<'_>,
    statuses: Texts<'_>,
    phases: Texts<'_>,
    tags: Documents<'_>,
    leases: Numbers<'_>,
) -> Records<'static> {
    let saved = run(|| {
        let tenant = tenant::current()?;
        let ids = ids("execution_ids", execution_ids)?;
        limits::required("states", states)?;
        let others = [
            ("states", length(&states)),
            ("expected_versions", length(&expected_versions)),
            ("workflows", length(&workflows)),
            ("statuses", length(&statuses)),
            ("phases", length(&phases)),
            ("tags", length(&tags)),
            ("leases", length(&leases)),
        ];
        arrays::parallel("execution", ("execution_ids", ids.len()), &others)?;
        let batch = Batch {
            ids,
            states: read("states", &states)?,
            expected: read("expected_versions", &expected_versions)?,
            workflows: read("workflows", &workflows)?,
            statuses: read("statuses", &statuses)?,
            phases: read("phases", &phases)?,
            tags: read("tags", &tags)?,
            leases: read("leases", &leases)?,
        };
        let versions = batch.save(&tenant)?;
        Ok(batch.ids.into_iter().zip(versions).collect::<Vec<_>>())
    });
    Records::one_by_one(saved.into_iter().map(Ok), |(id, version)| {
        record![id, version]
    })
}

/// Parallel arrays.
struct Batch<'a> {
    ids: Vec<String>,
    states: Read<JsonbArg<'a>>,
    expected: Read<i64>,
    workflows: Read<&'a str>,
    statuses: Read<&'a str>,
    phases: Read<&'a str>,
    tags: Read<JsonbArg<'a>>,
    leases: Read<i64>,
}

impl Batch<'_> {
    /// Saves in the order of ids, whatever the order given; the versions in the order given.
    fn save(&self, tenant: &str) -> StateResult<Vec<i64>> {
        let order = self.order()?;
        let (mut items, mut refused, mut size) = (Vec::with_capacity(order.len()), None, 0);
        for at in &order {
            match self.item(tenant, *at) {
                Ok(item) => {
                    size += item.state.len();
                    items.push(item);
                }
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        limits::batch_bytes(size, settings::max_state_size())?;
        // What is refused before comes first.
        let saved = guard::batch(&items, || batch::save(&items))?;
        if let Some(error) = refused {
            return Err(error);
        }
        let mut versions = vec![0; order.len()];
        for (at, version) in order.into_iter().zip(saved) {
            versions.get_mut(at).into_iter().for_each(|v| *v = version);
        }
        Ok(versions)
    }

    /// Positions by id; refuses an id that comes twice.
    fn order(&self) -> StateResult<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by(|a, b| self.ids.get(*a).cmp(&self.ids.get(*b)));
        let twice = order.windows(2).any(|pair| match pair {
            [a, b] => self.ids.get(*a) == self.ids.get(*b),
            _ => false,
        });
        if twice {
            return Err(
                StateError::invalid("execution_ids must not repeat an execution")
                    .hint("Save the states of one execution one after the other."),
            );
        }
        Ok(order)
    }

    fn item<'i>(&'i self, tenant: &'i str, at: usize) -> StateResult<Item<'i>> {
        let id = self.ids.get(at).map_or("", String::as_str);
        let expected = limits::expected(element(&self.expected, at))?;
        let state = limits::required("a state", element(&self.states, at))?.bytes();
        let workflow = limits::optional_name("workflow", element(&self.workflows, at))?;
        let (status, phase) = (element(&self.statuses, at), element(&self.phases, at));
        let request = Request {
            key: Key { tenant, id },
            expected,
            labels: Labels {
                workflow,
                ..labels(status, phase, None, None)?
            },
            tags: limits::object("tags", document(&self.tags, at))?,
        };
        check_state(state)?;
        let lease = element(&self.leases, at);
        Ok(Item {
            request,
            state,
            lease,
        })
    }
}
