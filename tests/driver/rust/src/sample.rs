//! The Rust sample of the documentation; see build.rs.

include!(concat!(env!("OUT_DIR"), "/sample.rs"));
