//! Which members of the outermost value a schema reads.

use super::split::is_split;
use serde_json::Value;
use std::collections::HashSet;

/// Names of members.
pub enum Members {
    /// Any may matter.
    All,
    /// Only these do.
    These(HashSet<Vec<u8>>),
}

impl Members {
    /// Those that the schema reads.
    pub fn of(schema: &Value) -> Self {
        let Some(own) = schema.as_object().filter(|own| is_split(own)) else {
            return Members::All;
        };
        let closed = own.get("additionalProperties") == Some(&Value::Bool(false));
        let names_matter = ["minProperties", "maxProperties", "dependentRequired"];
        if closed || names_matter.iter().any(|key| own.contains_key(*key)) {
            return Members::All;
        }
        let properties = own.get("properties").and_then(Value::as_object);
        let known = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        let required = own.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let names = known.chain(required);
        Members::These(names.map(|name| name.as_bytes().to_vec()).collect())
    }

    /// Whether a change of this member of a value that satisfies the schema may make one that does not.
    pub fn have(&self, name: &[u8]) -> bool {
        match self {
            Members::All => true,
            Members::These(names) => names.contains(name),
        }
    }
}
