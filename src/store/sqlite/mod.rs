//! Content of SQLite files, read in memory by SQLite itself. A file is a stranger's: nothing in it is run but reads of
//! tables that lie in it, no file is opened besides, and memory, size and time are bounded.

mod layout;
mod open;
mod rows;

pub use layout::Named;
pub use open::Source;
pub use rows::{Cell, Row};
