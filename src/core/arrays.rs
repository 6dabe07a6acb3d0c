//! Arguments that are parallel arrays.

use super::{StateError, StateResult};

/// Checks an element of an array; a refusal names the array and the element's place in it, from 1.
pub fn checked<T>(
    array: &str,
    at: usize,
    check: impl Fn(&str) -> StateResult<T>,
) -> StateResult<T> {
    check(array).or_else(|_| check(&format!("{array}[{}]", at + 1)))
}

/// Refuses arrays that have not as many elements as the first one; `None` is one that was left out. `each` says what
/// an element is of.
pub fn parallel(
    each: &str,
    (first, count): (&str, usize),
    others: &[(&str, Option<usize>)],
) -> StateResult<()> {
    let differs = others
        .iter()
        .find_map(|(name, length)| Some((name, length.filter(|length| *length != count)?)));
    match differs {
        Some((name, length)) => Err(StateError::invalid(
            "arrays must have the same number of elements",
        )
        .detail(format!("There are {count} {first}, but {length} {name}."))
        .hint(format!(
            "Give one element for each {each}, or leave the array out."
        ))),
        None => Ok(()),
    }
}
