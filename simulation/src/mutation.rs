//! Wrongs that can be done on purpose, to see that the checks notice.

/// One thing that goes wrong all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The client never acknowledges: the server keeps what every host has seen.
    ForgetsAcknowledgements,
    /// The client takes a connection for caught up as soon as it stands.
    RingsBeforeTheCatchUp,
    /// The store forgets answers: a request that is sent again is judged again.
    AnswersTwice,
    /// What was committed last before a kill is gone after it.
    LosesCommits,
    /// A ring does not end by itself.
    RingsForEver,
    /// An event is lost between the socket and the client.
    SkipsEvents,
    /// An event reaches the host twice.
    TellsTwice,
    /// Timers are handled 3 s after their time.
    IsLate,
    /// A server that starts waits for no session.
    WaitsForNobody,
    /// A session that has ended leaves its calls alone.
    OverlooksAbsence,
    /// Now and then a request gets no answer and no refusal from the client either.
    DropsCompletions,
}

impl Mutation {
    pub const ALL: &[Mutation] = &[
        Mutation::ForgetsAcknowledgements,
        Mutation::RingsBeforeTheCatchUp,
        Mutation::AnswersTwice,
        Mutation::LosesCommits,
        Mutation::RingsForEver,
        Mutation::SkipsEvents,
        Mutation::TellsTwice,
        Mutation::IsLate,
        Mutation::WaitsForNobody,
        Mutation::OverlooksAbsence,
        Mutation::DropsCompletions,
    ];
}
