//! Saving many executions in one call.

use super::state::labels;
use super::{bytes, ids};
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

type Texts = Option<Vec<Option<String>>>;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_save_states(
    execution_ids: Option<Vec<Option<String>>>,
    states: Option<Array<'_, JsonbArg<'_>>>,
    expected_versions: Option<Vec<Option<i64>>>,
    workflows: Option<Vec<Option<String>>>,
    statuses: Option<Vec<Option<String>>>,
    phases: Option<Vec<Option<String>>>,
    tags: Option<Array<'_, JsonbArg<'_>>>,
    leases: Option<Vec<Option<i64>>>,
) -> Records<'static> {
    let saved = run(|| {
        let tenant = tenant::current()?;
        let ids = ids("execution_ids", execution_ids)?;
        let states = limits::required("states", states)?;
        let batch = Batch {
            ids,
            states: states.iter().collect(),
            expected: expected_versions,
            workflows,
            statuses,
            phases,
            tags: tags.as_ref().map(|tags| tags.iter().collect()),
            leases,
        };
        batch.check_lengths()?;
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
    states: Vec<Option<JsonbArg<'a>>>,
    expected: Option<Vec<Option<i64>>>,
    workflows: Texts,
    statuses: Texts,
    phases: Texts,
    tags: Option<Vec<Option<JsonbArg<'a>>>>,
    leases: Option<Vec<Option<i64>>>,
}

fn element<T: Copy>(array: &Option<Vec<Option<T>>>, at: usize) -> Option<T> {
    *array.as_ref()?.get(at)?
}

fn text(array: &Texts, at: usize) -> Option<&str> {
    array.as_ref()?.get(at)?.as_deref()
}

impl Batch<'_> {
    fn check_lengths(&self) -> StateResult<()> {
        let others = [
            ("states", Some(self.states.len())),
            ("expected_versions", self.expected.as_ref().map(Vec::len)),
            ("workflows", self.workflows.as_ref().map(Vec::len)),
            ("statuses", self.statuses.as_ref().map(Vec::len)),
            ("phases", self.phases.as_ref().map(Vec::len)),
            ("tags", self.tags.as_ref().map(Vec::len)),
            ("leases", self.leases.as_ref().map(Vec::len)),
        ];
        arrays::parallel("execution", ("execution_ids", self.ids.len()), &others)
    }

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
        let state = limits::required("a state", self.states.get(at).copied().flatten())?.bytes();
        let workflow = limits::optional_name("workflow", text(&self.workflows, at))?;
        let (status, phase) = (text(&self.statuses, at), text(&self.phases, at));
        let request = Request {
            key: Key { tenant, id },
            expected,
            labels: Labels {
                workflow,
                ..labels(status, phase, None, None)?
            },
            tags: limits::object("tags", bytes(element(&self.tags, at)))?,
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
