//! `wfstate.retention`: how long a tenant keeps what has ended.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::retention::cleanup::{HISTORIES, names};

static LIST: Statement = Statement::new(
    "SELECT r.item, r.older_than, r.checkpointed, r.set_by, r.set_at FROM wfstate.retention AS r
      WHERE r.tenant {=} $1",
    &[Type::Text],
);
static SET: Statement = Statement::new(
    "INSERT INTO wfstate.retention AS r (tenant, item, older_than, checkpointed) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant, item) DO UPDATE
        SET older_than = excluded.older_than, checkpointed = excluded.checkpointed, set_by = excluded.set_by,
            set_at = excluded.set_at",
    &[Type::Text, Type::Text, Type::Interval, Type::Bool],
);
static FORGET: Statement = Statement::new(
    "DELETE FROM wfstate.retention AS r WHERE r.tenant {=} $1 AND r.item {=} $2",
    &[Type::Text, Type::Text],
);

/// How long an item is kept.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What.
    pub item: String,
    /// `None` for ever.
    pub older_than: Option<Interval>,
    /// Of executions: also those with checkpoints.
    pub checkpointed: bool,
    /// Role that has said so.
    pub set_by: Option<String>,
    /// When, in the server's microseconds.
    pub set_at: Option<i64>,
}

/// What was said of items.
pub(super) fn said(tenant: &str) -> StateResult<Vec<Policy>> {
    LIST.all(Mode::Read, &[Param::Text(Some(tenant))], |row| {
        Ok(Policy {
            item: row.text(0).unwrap_or_default(),
            older_than: row.age(1),
            checkpointed: row.bool(2).unwrap_or_default(),
            set_by: row.text(3),
            set_at: row.micros(4),
        })
    })
}

/// Every item that can be kept for a time.
pub fn list(tenant: &str) -> StateResult<Vec<Policy>> {
    let said = said(tenant)?;
    let of = |item: &str| {
        let known = said.iter().find(|policy| policy.item == item).cloned();
        known.unwrap_or_else(|| Policy {
            item: item.to_owned(),
            older_than: None,
            checkpointed: false,
            set_by: None,
            set_at: None,
        })
    };
    Ok(names().filter(|item| *item != HISTORIES).map(of).collect())
}

/// Says how long an item is kept; `checkpointed` where that is given.
pub fn set(
    tenant: &str,
    item: &str,
    older_than: Option<Interval>,
    checkpointed: Option<bool>,
) -> StateResult<()> {
    let items: Vec<&str> = names().filter(|item| *item != HISTORIES).collect();
    if item == HISTORIES {
        return Err(
            StateError::invalid("item \"versions\" goes by definitions").hint(
                "Give the definition a retention with keep_versions or keep_for: see wf_define.",
            ),
        );
    }
    if !items.contains(&item) {
        return Err(limits::unknown("item", item, &items));
    }
    if checkpointed == Some(true) && item != "executions" {
        return Err(
            StateError::invalid(format!("checkpointed is not for {item}"))
                .hint("Only executions have checkpoints."),
        );
    }
    let checkpointed = match checkpointed {
        Some(checkpointed) => checkpointed,
        None => said(tenant)?
            .iter()
            .any(|policy| policy.item == item && policy.checkpointed),
    };
    let key = || [tenant, item].map(|text| Param::Text(Some(text)));
    if older_than.is_none() && !checkpointed {
        FORGET.run(Mode::Write, &key())?;
        return Ok(());
    }
    let [tenant, item] = key();
    let params = [
        tenant,
        item,
        Param::Interval(older_than),
        Param::Bool(Some(checkpointed)),
    ];
    SET.run(Mode::Write, &params)?;
    Ok(())
}
