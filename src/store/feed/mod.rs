//! What has changed, for whoever follows it.

pub mod feeds;
pub mod list;
pub mod record;
