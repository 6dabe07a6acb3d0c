//! What a definition says of mending a state: the defaults of its schema, its repair patches, what may be dropped.

use crate::core::jsonb::build::{array, object};
use crate::core::jsonb::pointer::push_token;
use crate::core::jsonb::{self, Object, Pointer, Value};
use crate::core::{Result, work};

/// Levels of properties, and defaults, that are looked at.
const MOST_LEVELS: usize = 32;
const MOST_DEFAULTS: usize = 1000;

/// A patch that may mend a state.
pub struct Mend {
    /// Where it changes something, for one that depends on what is there.
    at: Option<(Pointer<'static>, When)>,
    /// RFC 6902 or RFC 7386.
    pub patch: Vec<u8>,
    /// Whether the state is to be held against the rules after it: not between two defaults.
    pub complete: bool,
}

#[derive(PartialEq)]
enum When {
    Missing,
    There,
}

impl Mend {
    /// Whether there is something for it to do.
    pub fn applies(&self, state: &[u8]) -> Result<bool> {
        match &self.at {
            None => Ok(true),
            Some((pointer, when)) => {
                let there = jsonb::get(state, pointer)?.is_some();
                Ok(there == (*when == When::There))
            }
        }
    }
}

/// All of them in the order in which they are tried, each on what those before have made: the defaults at members of
/// objects that the schema describes by `properties`, also behind references into itself; the repair patches; the
/// derived paths, dropped one after the other.
pub fn mends(document: &[u8]) -> Result<Vec<Mend>> {
    let mut mends = Vec::new();
    let Value::Object(definition) = jsonb::root(document)? else {
        return Ok(mends);
    };
    if let Some(Value::Object(schema)) = definition.get(b"schema")? {
        Defaults {
            schema,
            mends: &mut mends,
        }
        .walk(schema, &mut Vec::new(), 0)?;
    }
    if let Some(last) = mends.last_mut() {
        last.complete = true;
    }
    if let Some(Value::Array(patches)) = definition.get(b"repair")? {
        for patch in patches.iter() {
            mends.push(Mend {
                at: None,
                patch: jsonb::build::document(patch?)?,
                complete: true,
            });
        }
    }
    if let Some(Value::Array(paths)) = definition.get(b"derived")? {
        for path in paths.iter() {
            if let Value::String(path) = path? {
                let patch = operation(b"remove", path, None)?;
                mends.push(mend(path, When::There, patch, true)?);
            }
        }
    }
    Ok(mends)
}

fn mend(path: &[u8], when: When, patch: Vec<u8>, complete: bool) -> Result<Mend> {
    Ok(Mend {
        at: Some((Pointer::parse(path)?.into_owned(), when)),
        patch,
        complete,
    })
}

fn operation(op: &[u8], path: &[u8], value: Option<Value<'_>>) -> Result<Vec<u8>> {
    let mut members: Vec<(&[u8], Value<'_>)> =
        vec![(b"op", Value::String(op)), (b"path", Value::String(path))];
    members.extend(value.map(|value| (b"value".as_slice(), value)));
    let operation = object(&members)?;
    array(&[jsonb::root(&operation)?])
}

struct Defaults<'d, 'm> {
    schema: Object<'d>,
    mends: &'m mut Vec<Mend>,
}

impl<'d> Defaults<'d, '_> {
    fn walk(&mut self, schema: Object<'d>, path: &mut Vec<u8>, level: usize) -> Result<()> {
        let Some(Value::Object(properties)) = schema.get(b"properties")? else {
            return Ok(());
        };
        for property in properties.iter() {
            work::work(1);
            if level == MOST_LEVELS || self.mends.len() >= MOST_DEFAULTS {
                return Ok(());
            }
            let (name, below) = property?;
            let Value::Object(below) = below else {
                continue;
            };
            let length = path.len();
            push_token(path, name);
            let target = self.referred(below)?;
            let default = match below.get(b"default")? {
                None => target.get(b"default")?,
                own => own,
            };
            if let Some(default) = default {
                let patch = operation(b"add", path, Some(default))?;
                self.mends.push(mend(path, When::Missing, patch, false)?);
            }
            self.walk(target, path, level + 1)?;
            path.truncate(length);
        }
        Ok(())
    }

    /// What a reference into the schema leads to; the schema itself where it is none.
    fn referred(&self, schema: Object<'d>) -> Result<Object<'d>> {
        let Some(Value::String(reference)) = schema.get(b"$ref")? else {
            return Ok(schema);
        };
        let Some(pointer) = reference.strip_prefix(b"#") else {
            return Ok(schema);
        };
        let Ok(pointer) = Pointer::parse(pointer) else {
            return Ok(schema);
        };
        match jsonb::pointer::find(Value::Object(self.schema), pointer.tokens())? {
            Some(Value::Object(found)) => Ok(found),
            _ => Ok(schema),
        }
    }
}
