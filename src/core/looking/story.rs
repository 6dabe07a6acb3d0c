//! What has happened in an execution, as spans of time.

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The whole.
    Execution,
    /// A time during which it was in one phase.
    Phase,
    /// An attempt at a step.
    Step,
    /// What it waited for.
    Wait,
    /// A name given to a version: a moment.
    Checkpoint,
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Execution => "execution",
            Kind::Phase => "phase",
            Kind::Step => "step",
            Kind::Wait => "wait",
            Kind::Checkpoint => "checkpoint",
        }
    }
}

/// A span of time, in the server's microseconds.
#[derive(Debug, Clone)]
pub struct Span {
    /// What it is.
    pub kind: Kind,
    /// Of the step, phase, wait or checkpoint.
    pub name: String,
    /// How it ended, or how it stands.
    pub status: Option<String>,
    /// Of a step.
    pub attempt: Option<i32>,
    /// When it began.
    pub from: i64,
    /// When it ended; `None` while it goes on.
    pub to: Option<i64>,
}

/// A version that was saved: when, and how the execution stood then.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its number.
    pub version: i64,
    /// When it was saved.
    pub at: i64,
    /// Phase as of it.
    pub phase: Option<String>,
    /// Status as of it.
    pub status: String,
}

/// An execution and what has happened in it.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its id.
    pub id: String,
    /// Workflow that it runs.
    pub workflow: Option<String>,
    /// Version of the definition that binds it.
    pub workflow_version: Option<i32>,
    /// Status.
    pub status: String,
    /// Newest version.
    pub version: i64,
    /// When it was created.
    pub created: i64,
    /// When its status became final.
    pub completed: Option<i64>,
    /// Time of whoever looks at it.
    pub now: i64,
    /// Its newest versions, the oldest of them first.
    pub versions: Vec<Version>,
    /// What has happened, by its beginning.
    pub spans: Vec<Span>,
    /// How many older spans are left out.
    pub left_out: usize,
}

/// Status of a phase that nobody knows, since the versions that would tell it are not there.
pub const UNKNOWN: &str = "unknown";

fn unknown(from: i64, to: i64) -> Span {
    Span {
        kind: Kind::Phase,
        name: String::from("…"),
        status: Some(String::from(UNKNOWN)),
        attempt: None,
        from: from.min(to),
        to: Some(to),
    }
}

impl Story {
    /// The phases that it was in, each from the version that entered to the one that left. Where versions are missing,
    /// a phase ends with the last version that is known to be in it, unless the next one that is there is in it, too.
    pub fn phases(&self) -> Vec<Span> {
        let mut phases: Vec<Span> = Vec::new();
        let (mut before, mut at) = (0, self.created);
        for version in &self.versions {
            let goes_on = phases.last().filter(|last| last.to.is_none());
            let phase = goes_on.map(|last| last.name.as_str());
            if version.version > before + 1 && version.phase.as_deref() != phase {
                if let Some(last) = phases.last_mut().filter(|last| last.to.is_none()) {
                    last.to = Some(at);
                }
                phases.push(unknown(at, version.at));
            }
            (before, at) = (version.version, version.at);
            let same = phases.last().is_some_and(|last| {
                version.phase.as_deref() == Some(&last.name) && last.to.is_none()
            });
            if same {
                continue;
            }
            if let Some(last) = phases.last_mut()
                && last.to.is_none()
            {
                last.to = Some(version.at);
            }
            if let Some(name) = &version.phase {
                phases.push(Span {
                    kind: Kind::Phase,
                    name: name.clone(),
                    status: None,
                    attempt: None,
                    from: version.at,
                    to: None,
                });
            }
        }
        if let (Some(last), Some(completed)) = (phases.last_mut(), self.completed)
            && last.to.is_none()
        {
            last.to = Some(completed.max(last.from));
        }
        phases
    }

    /// Puts the phases among the spans, these in order, and keeps the newest.
    pub fn arrange(&mut self, most: usize) {
        self.spans.extend(self.phases());
        self.spans
            .sort_by_key(|span| (span.from, span.kind, span.attempt));
        let extra = self.spans.len().saturating_sub(most);
        self.spans.drain(..extra);
        self.left_out += extra;
    }

    /// Up to when what has not ended is drawn: the end of the execution, or now.
    pub fn until(&self) -> i64 {
        self.completed.unwrap_or(self.now).max(self.created)
    }

    /// When a span ends, as far as it is drawn.
    pub fn end(&self, span: &Span) -> i64 {
        span.to.unwrap_or_else(|| self.until()).max(span.from)
    }

    /// When what is to be drawn begins and ends; never the same moment.
    pub fn bounds(&self) -> (i64, i64) {
        let spans = self.spans.iter().map(|span| span.from);
        let from = spans.chain([self.created]).min().unwrap_or(self.created);
        let versions = self.versions.iter().map(|version| version.at);
        let ends = self.spans.iter().map(|span| self.end(span));
        let to = ends.chain(versions).max().unwrap_or(from);
        (from, to.max(self.until()).max(from.saturating_add(1)))
    }
}
