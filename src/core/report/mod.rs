//! A page about a tenant's workflows, for a browser: one document that needs nothing else. What is on it is gathered by
//! others; here it is written.

mod agents;
mod chart;
mod circuits;
mod execution;
mod figures;
pub mod html;
mod overview;
mod page;
mod queue;
mod slow;
mod window;

pub use figures::{
    AgentFigures, CircuitFigures, Count, Failure, Operation, QueueFigures, Report, SavedVersion,
    Seen, Standing, StepFigures,
};
pub use page::page;
pub use window::Window;
