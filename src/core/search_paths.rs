//! The paths that a workflow declares to be searched.

use super::jsonb::Pointer;
use super::{Code, StateError, StateResult, limits};

/// Most paths that a workflow may declare.
pub const MAX_PATHS: usize = 64;

/// Paths, each within the limits and a JSON pointer.
pub fn checked(paths: Vec<Option<&str>>) -> StateResult<Vec<String>> {
    let paths: Vec<&str> = paths
        .into_iter()
        .map(|path| limits::required("a path", path))
        .collect::<StateResult<_>>()?;
    at_most(paths.len())?;
    for path in &paths {
        limits::name("a path", Some(path))?;
    }
    for path in &paths {
        Pointer::parse(path.as_bytes()).map_err(|_| bad(path))?;
    }
    Ok(paths.into_iter().map(str::to_owned).collect())
}

/// Refuses more paths than a workflow may declare.
pub fn at_most(count: usize) -> StateResult<()> {
    if count > MAX_PATHS {
        return Err(StateError::new(Code::LimitExceeded, "too many paths")
            .detail(format!("At most {MAX_PATHS} are allowed.")));
    }
    Ok(())
}

fn bad(path: &str) -> StateError {
    StateError::invalid(format!(
        "path {} is not a json pointer",
        limits::quoted(path)
    ))
    .hint("Write it as /customer/id; ~1 stands for / and ~0 for ~ within a key.")
}
