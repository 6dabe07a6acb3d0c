//! The crate's reader of binary jsonb, so that whatever it walks counts as work: a validation can be cancelled.

use super::schema::count_error;
use crate::core::stack::deeper;
use crate::core::work::work;
use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Jsonb, JsonbNode, Node, NodeIdentity, Object};
use serde_json::Value;
use std::borrow::Cow;

/// Binary jsonb. Only for bytes that `jsonb::check` has passed.
pub struct Ticking;

/// A value in a document.
#[derive(Clone, Copy)]
pub struct TickingNode<'a>(JsonbNode<'a>);

/// An object in a document.
pub struct TickingObject<'a>(<JsonbNode<'a> as Node<'a, Jsonb>>::Object);

/// An array in a document.
pub struct TickingArray<'a>(<JsonbNode<'a> as Node<'a, Jsonb>>::Array);

/// The members of an object.
pub struct Members<'a>(
    <<JsonbNode<'a> as Node<'a, Jsonb>>::Object as Object<'a, Jsonb>>::MembersIter,
);

/// The elements of an array.
pub struct Elements<'a>(
    <<JsonbNode<'a> as Node<'a, Jsonb>>::Array as Array<'a, Jsonb>>::ElementsIter,
);

impl Ticking {
    /// The outermost value of a document.
    pub fn root(bytes: &[u8]) -> TickingNode<'_> {
        TickingNode(Jsonb::root(bytes))
    }
}

impl Json for Ticking {
    type Node<'a> = TickingNode<'a>;
    type PreparedKey = <Jsonb as Json>::PreparedKey;
    type StringBuffer = <Jsonb as Json>::StringBuffer;
    const KEYS_PER_LOOKUP: usize = <Jsonb as Json>::KEYS_PER_LOOKUP;

    fn prepare_key(key: &str) -> Self::PreparedKey {
        Jsonb::prepare_key(key)
    }

    fn with_string_node<T>(
        buffer: &mut Self::StringBuffer,
        string: &str,
        f: impl FnOnce(TickingNode<'_>) -> T,
    ) -> T {
        work(1);
        Jsonb::with_string_node(buffer, string, |node| f(TickingNode(node)))
    }
}

impl<'a> Node<'a, Ticking> for TickingNode<'a> {
    type Object = TickingObject<'a>;
    type Array = TickingArray<'a>;
    type Number = <JsonbNode<'a> as Node<'a, Jsonb>>::Number;

    fn as_object(&self) -> Option<TickingObject<'a>> {
        // Nothing gets at what lies in a value but by this or the next.
        deeper();
        work(1);
        self.0.as_object().map(TickingObject)
    }

    fn as_array(&self) -> Option<TickingArray<'a>> {
        deeper();
        work(1);
        self.0.as_array().map(TickingArray)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.0.as_string().inspect(|s| work(s.len() / 64 + 1))
    }

    fn as_number(&self) -> Option<Self::Number> {
        // Calculating with one that has many digits takes its time.
        work(64);
        self.0.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        work(1);
        self.0.as_boolean()
    }

    fn is_null(&self) -> bool {
        work(1);
        self.0.is_null()
    }

    fn is_number(&self) -> bool {
        work(1);
        self.0.is_number()
    }

    fn is_string(&self) -> bool {
        work(1);
        self.0.is_string()
    }

    fn json_type(&self) -> JsonType {
        work(1);
        self.0.json_type()
    }

    fn string_length(&self) -> Option<u64> {
        work(1);
        self.0.string_length()
    }

    fn equals_value(&self, expected: &Value) -> bool {
        work(1);
        self.0.equals_value(expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        // Only errors ask for it, one each, and what they show is none of it.
        count_error();
        Cow::Owned(Value::Null)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        self.0.identity()
    }
}

impl<'a> Object<'a, Ticking> for TickingObject<'a> {
    type Node = TickingNode<'a>;
    type MemberName = Cow<'a, str>;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &<Jsonb as Json>::PreparedKey) -> Option<TickingNode<'a>> {
        work(1);
        self.0.get(key).map(TickingNode)
    }

    fn members(&self) -> Members<'a> {
        Members(self.0.members())
    }
}

impl<'a> Array<'a, Ticking> for TickingArray<'a> {
    type Node = TickingNode<'a>;
    type ElementsIter = Elements<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Elements<'a> {
        Elements(self.0.elements())
    }

    fn is_unique(&self) -> bool {
        work(self.0.len());
        self.0.is_unique()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, TickingNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        work(1);
        self.0.next().map(|(name, node)| (name, TickingNode(node)))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = TickingNode<'a>;

    fn next(&mut self) -> Option<TickingNode<'a>> {
        work(1);
        self.0.next().map(TickingNode)
    }
}

/// A document as the crate's own kind of value; `None` for one nested too deeply for that.
pub fn value(bytes: &[u8]) -> Option<Value> {
    let _ = jsonschema::json::jsonb::take_pending_error();
    let value = Jsonb::root(bytes).to_value().into_owned();
    jsonschema::json::jsonb::take_pending_error()
        .is_none()
        .then_some(value)
}
