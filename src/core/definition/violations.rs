//! What is found wrong with a state or a definition.

/// A place, the rule that it breaks, and how. Never a value of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// JSON Pointer.
    pub path: String,
    /// Which rule.
    pub rule: String,
    /// One lower-case line.
    pub message: String,
}

/// The first findings, and how many there are.
#[derive(Debug, Default)]
pub struct Violations {
    first: Vec<Finding>,
    most: usize,
    count: usize,
}

/// Bytes of a path or rule that are kept: keys may be long.
const LONGEST: usize = 1000;

impl Violations {
    /// To hold at most so many.
    pub fn up_to(most: usize) -> Self {
        Violations {
            most,
            ..Self::default()
        }
    }

    /// The first ones.
    pub fn first(&self) -> &[Finding] {
        &self.first
    }

    /// The first ones, owned.
    pub fn into_first(self) -> Vec<Finding> {
        self.first
    }

    /// How many were counted.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts one more, and keeps it where there is room.
    pub fn add(&mut self, finding: impl FnOnce() -> Finding) {
        self.count += 1;
        if self.first.len() < self.most {
            let mut finding = finding();
            clip(&mut finding.path);
            clip(&mut finding.rule);
            self.first.push(finding);
        }
    }

    /// How many more it keeps.
    pub(super) fn room(&self) -> usize {
        self.most.saturating_sub(self.first.len())
    }

    /// Adds what another one has.
    pub(super) fn append(&mut self, other: Violations) {
        self.count = self.count.saturating_add(other.count);
        self.first.extend(other.first);
    }

    /// Counts more that are not told one by one.
    pub fn add_others(&mut self, count: usize) {
        self.count = self.count.saturating_add(count);
    }
}

fn clip(text: &mut String) {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
}
