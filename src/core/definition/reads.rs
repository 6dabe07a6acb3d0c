//! What of a state a SQL/JSON path reads, from the path as the server writes it.

/// The members of the state, an object, that the path reads; `None` where it may read all of it. No more than the
/// first name counts: what follows may lie in an array, which a path looks into by itself.
pub fn reads(canonical: &str) -> Option<Vec<String>> {
    let mut members = Vec::new();
    let mut rest = canonical;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| matches!(c, '$' | '"')) {
        let after = rest.get(at + 1..)?;
        if c == '"' {
            // A text, or a name that comes later.
            (_, rest) = string(after)?;
            continue;
        }
        let (name, next) = string(after.strip_prefix(".\"")?)?;
        members.push(name?.to_owned());
        rest = next;
    }
    Some(members)
}

/// A quoted text up to its end, `None` where it has escapes, and what follows.
fn string(text: &str) -> Option<(Option<&str>, &str)> {
    let mut escaped = false;
    let mut plain = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => (escaped, plain) = (true, false),
            '"' => return Some((text.get(..at).filter(|_| plain), text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}
