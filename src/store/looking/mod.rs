//! Pictures: what they show is gathered here, in bounds; they are drawn by the core.

pub mod counts;
pub mod diagram;
pub mod report;
pub mod slow;
pub mod story;
