//! RFC 6902 and RFC 7386 on serde_json values, as the RFCs tell it.

use serde_json::Value;

/// Applies a JSON Patch; `None` when it does not apply.
pub fn json_patch(document: &Value, patch: &Value) -> Option<Value> {
    let mut document = document.clone();
    for operation in patch.as_array()? {
        let text = |name: &str| operation.get(name)?.as_str();
        let path = text("path")?;
        match text("op")? {
            "add" => add(&mut document, path, operation.get("value")?.clone())?,
            "remove" => drop(remove(&mut document, path)?),
            "replace" => *find(&mut document, path)? = operation.get("value")?.clone(),
            "move" => {
                let from = text("from")?;
                if path.starts_with(&format!("{from}/")) {
                    return None;
                }
                if path != from {
                    let value = remove(&mut document, from)?;
                    add(&mut document, path, value)?;
                } else {
                    find(&mut document, from)?;
                }
            }
            "copy" => {
                let value = find(&mut document, text("from")?)?.clone();
                add(&mut document, path, value)?;
            }
            "test" => {
                let found = find(&mut document, path)?;
                if !same(found, operation.get("value")?) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(document)
}

/// RFC 7386, section 2, word for word.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    let target = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge_patch(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, token) = path.rsplit_once('/')?;
    Some((parent, token.replace("~1", "/").replace("~0", "~")))
}

fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| token.parse().ok())?
}

fn find<'v>(document: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    if path.is_empty() {
        return Some(document);
    }
    let (parent, token) = split(path)?;
    match find(document, parent)? {
        Value::Object(members) => members.get_mut(&token),
        Value::Array(items) => items.get_mut(index(&token)?),
        _ => None,
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *document = value;
        return Some(());
    }
    let (parent, token) = split(path)?;
    match find(document, parent)? {
        Value::Object(members) => {
            members.insert(token, value);
        }
        Value::Array(items) if token == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(&token).filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let (parent, token) = split(path)?;
    match find(document, parent)? {
        Value::Object(members) => members.remove(&token),
        Value::Array(items) => {
            let at = index(&token).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// Equality with numbers by value: compared as numerics without their scale.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => plain(&a.to_string()) == plain(&b.to_string()),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// Sign, decimal digits without zeros at the ends, exponent of the last one.
fn plain(text: &str) -> (bool, String, i64) {
    let text = text.to_lowercase();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, &text[..]),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let exponent = exponent.parse::<i64>().unwrap() - fraction.len() as i64;
    let exponent = exponent + (all.len() - digits.len()) as i64;
    match digits.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        digits => (negative, digits.to_string(), exponent),
    }
}
