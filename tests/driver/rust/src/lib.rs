//! wfstate through the Rust `postgres` crate: connections, ids, and jsonb as exact text.

use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use postgres::{Client, Config, NoTls};
use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

/// A jsonb value as the server prints it; serde would not keep the scale of every number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(pub String);

impl ToSql for JsonText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // Version 1 of jsonb's binary form: text.
        out.extend_from_slice(&[1]);
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
    accepts!(JSONB);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for JsonText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match raw.split_first() {
            Some((1, text)) => Ok(JsonText(std::str::from_utf8(text)?.to_string())),
            _ => Err("not version 1 of jsonb".into()),
        }
    }
    accepts!(JSONB);
}

/// A session of the ordinary role; PGHOST, PGPORT and PGDATABASE say where.
pub fn connect() -> Client {
    let get = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let role = std::env::var("WF_APP_ROLE").unwrap_or_else(|_| "wf_app".to_string());
    Config::new()
        .host(&get("PGHOST"))
        .port(get("PGPORT").parse().expect("PGPORT is a number"))
        .dbname(&get("PGDATABASE"))
        .user(&role)
        .connect(NoTls)
        .expect("the private server answers")
}

/// An id that nobody else uses.
pub fn unique(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-rust-{}-{number}", std::process::id())
}
