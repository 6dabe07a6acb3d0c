//! PostgreSQL's binary JSON, read and written without the server.
//!
//! "Bytes" are always the payload of a jsonb datum (`VARDATA`), which starts
//! with the container header and is read as if aligned to four bytes.

pub mod build;
pub mod check;
mod compare;
mod copy;
mod cursor;
mod depth;
pub mod diff;
mod equal;
mod found;
pub mod image;
mod lcs;
mod list;
mod merge;
mod node;
pub mod numeric;
pub mod overlay;
pub mod patch;
mod plan;
pub mod pointer;
pub mod project;
mod steps;
pub mod view;

pub use build::Writer;
pub use check::{Shape, check};
pub use diff::diff;
pub use overlay::Overlay;
pub use patch::{Kind, apply, apply_into, depth_bound, kind, touches, without_tests};
pub use pointer::{Pointer, get};
pub use project::project;
pub use view::{Array, Object, Value, root};

/// Containers within containers that a document may have. A patch nests what it adds a little deeper than
/// the state does, hence more than `limits::MAX_STATE_DEPTH`.
pub const MAX_DEPTH: usize = 1004;

/// Bytes that a document, and each value in it, may take in this format.
pub const MAX_SIZE: usize = 0x0FFF_FFFF;

/// The words of the format (`src/include/utils/jsonb.h`).
mod format {
    pub const COUNT_MASK: u32 = 0x0FFF_FFFF;
    pub const SCALAR: u32 = 0x1000_0000;
    pub const OBJECT: u32 = 0x2000_0000;
    pub const ARRAY: u32 = 0x4000_0000;

    pub const LENGTH_MASK: u32 = 0x0FFF_FFFF;
    pub const TYPE_MASK: u32 = 0x7000_0000;
    pub const HAS_OFFSET: u32 = 0x8000_0000;
    pub const IS_STRING: u32 = 0x0000_0000;
    pub const IS_NUMERIC: u32 = 0x1000_0000;
    pub const IS_FALSE: u32 = 0x2000_0000;
    pub const IS_TRUE: u32 = 0x3000_0000;
    pub const IS_NULL: u32 = 0x4000_0000;
    pub const IS_CONTAINER: u32 = 0x5000_0000;

    /// Every 32nd entry holds its end offset instead of its length.
    pub const STRIDE: usize = 32;

    /// Bytes of padding that bring `offset` to a multiple of four.
    pub const fn padding(offset: usize) -> usize {
        offset.wrapping_neg() & 3
    }
}
