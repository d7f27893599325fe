//! Where a number is, from where its MVNO and its carrier are with it. Every step is idempotent, and no step goes back.

use super::super::shutdown::{CommandKind, NumberState, ResultOutcome, Side};

/// Where one number is. Numbers of a batch that are at the same place move together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    /// What is shown.
    pub state: NumberState,
    /// Where its MVNO is with it.
    pub mvno: NumberState,
    /// Where its carrier is with it.
    pub carrier: NumberState,
}

/// What happens to a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Put into the outboxes; with VERIFY, only to be read.
    Released(CommandKind),
    /// Sent to one side.
    Delivered(Side),
    /// One side has it.
    Acked(Side),
    /// One side answered a command of that kind.
    Answered(Side, CommandKind, ResultOutcome),
    /// It is past its due time.
    Late,
    /// Another order lets it back.
    Restoring,
    /// It was let back.
    Restored,
    /// It could not be let back.
    NotRestored,
    /// A later order wants the opposite.
    Overtaken,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Misfit {
    /// An outcome that no command of this kind has.
    WrongKind,
    /// Answered already, and otherwise.
    AnsweredOtherwise,
}

// === impl Place ===

impl Place {
    /// A number that was planned.
    pub const PLANNED: Self =
        Self { state: NumberState::Planned, mvno: NumberState::Planned, carrier: NumberState::Planned };

    /// Where one side is.
    pub fn side(self, side: Side) -> NumberState {
        match side {
            Side::Mvno => self.mvno,
            Side::Carrier => self.carrier,
        }
    }

    /// Whether nothing more is expected of it.
    pub fn is_final(self) -> bool {
        is_final(self.state)
    }

    /// Whether, in an order of that kind, that side still owes an answer to a command of that kind.
    pub fn owes(self, order: CommandKind, side: Side, command: CommandKind) -> bool {
        let at = self.side(side);
        let answered = match command {
            CommandKind::Shutdown | CommandKind::Restore => rank(at) >= rank(NumberState::Executed),
            CommandKind::Verify => rank(at) > rank(NumberState::Executed),
        };
        !answered && !self.is_overlaid(order)
    }

    /// Whether both have done it and nobody has read it yet.
    pub fn wants_verify(self) -> bool {
        self.state == NumberState::Executed
    }

    /// After a step of an order of that kind. What does not concern it leaves it where it is.
    pub fn after(self, order: CommandKind, step: Step) -> Result<Self, Misfit> {
        use NumberState as S;
        let mut next = self;
        match step {
            Step::Released(kind) => {
                if self.state == S::Planned {
                    next.carrier = S::Released;
                    next.mvno = if kind == CommandKind::Verify { S::Executed } else { S::Released };
                }
            }
            Step::Delivered(side) => next.advance(side, S::Delivered),
            Step::Acked(side) => next.advance(side, S::Acked),
            Step::Answered(side, kind, outcome) => next.answer(side, kind, outcome)?,
            Step::Late => {
                let waits = matches!(self.state, S::Released | S::Delivered | S::Acked);
                return Ok(Self { state: if waits { S::Overdue } else { self.state }, ..self });
            }
            // Nobody lets a restoration back.
            Step::Restoring | Step::Restored | Step::NotRestored if order == CommandKind::Restore => {
                return Ok(self);
            }
            // What was refused by the order itself, or is held, was not cut.
            Step::Restoring if self.state == S::Restored || self.was_never_ordered() => return Ok(self),
            Step::Restoring => return Ok(Self { state: S::Restoring, ..self }),
            Step::Restored if self.state == S::Restoring => return Ok(Self { state: S::Restored, ..self }),
            Step::Restored => return Ok(self),
            // It is again where its sides say that it is.
            Step::NotRestored if self.state == S::Restoring => next.state = S::Released,
            Step::NotRestored => return Ok(self),
            Step::Overtaken if self.is_final() => return Ok(self),
            Step::Overtaken => return Ok(Self { state: S::Refused, ..self }),
        }
        if !next.is_overlaid(order) {
            next.state = next.folded(order);
        }
        Ok(next)
    }

    /// The state by its two sides, and whether it was late before.
    fn folded(self, order: CommandKind) -> NumberState {
        use NumberState as S;
        let (mvno, carrier) = (self.mvno, self.carrier);
        if mvno == S::Failed || carrier == S::Failed {
            return S::Failed;
        }
        if mvno == S::Refused || carrier == S::Refused {
            return S::Refused;
        }
        let less = if rank(mvno) <= rank(carrier) { mvno } else { carrier };
        if rank(less) < rank(S::Executed) {
            let late = self.state == S::Overdue;
            return if late { S::Overdue } else { less };
        }
        match carrier {
            S::Verified if order == CommandKind::Restore => S::Restored,
            S::Verified | S::Diverged => carrier,
            _ => S::Executed,
        }
    }

    /// Whether its state is not that of its sides: the order itself, or another one, decided it.
    pub fn is_overlaid(self, order: CommandKind) -> bool {
        use NumberState as S;
        match self.state {
            S::Held | S::Restoring => true,
            S::Restored => order != CommandKind::Restore,
            S::Refused => self.mvno != S::Refused && self.carrier != S::Refused,
            S::Planned
            | S::Released
            | S::Delivered
            | S::Acked
            | S::Executed
            | S::Verified
            | S::Diverged
            | S::Failed
            | S::Overdue => false,
        }
    }

    fn was_never_ordered(self) -> bool {
        matches!(self.state, NumberState::Refused | NumberState::Held) && self.mvno == NumberState::Planned
    }

    fn advance(&mut self, side: Side, to: NumberState) {
        let at = self.side_mut(side);
        // What was not released cannot have come; what was answered stays answered.
        if rank(*at) >= rank(NumberState::Released) && rank(*at) < rank(to) && !is_bad(*at) {
            *at = to;
        }
    }

    fn answer(&mut self, side: Side, kind: CommandKind, outcome: ResultOutcome) -> Result<(), Misfit> {
        use NumberState as S;
        // Only who runs the network reads it.
        if kind == CommandKind::Verify && side == Side::Mvno {
            return Err(Misfit::WrongKind);
        }
        let to = match (kind, outcome) {
            (CommandKind::Shutdown | CommandKind::Restore, ResultOutcome::Executed) => S::Executed,
            (CommandKind::Verify, ResultOutcome::Verified) => S::Verified,
            (CommandKind::Verify, ResultOutcome::Diverged) => S::Diverged,
            (_, ResultOutcome::Refused) => S::Refused,
            (_, ResultOutcome::Failed) => S::Failed,
            (CommandKind::Shutdown | CommandKind::Restore, _) | (CommandKind::Verify, _) => {
                return Err(Misfit::WrongKind);
            }
        };
        let at = self.side_mut(side);
        let may = match kind {
            _ if *at == to => true,
            // An answer to the first command that comes again after the reading.
            CommandKind::Shutdown | CommandKind::Restore
                if to == S::Executed && matches!(*at, S::Verified | S::Diverged) =>
            {
                return Ok(());
            }
            CommandKind::Shutdown | CommandKind::Restore => {
                rank(*at) >= rank(S::Released) && rank(*at) < rank(S::Executed) && !is_bad(*at)
            }
            CommandKind::Verify => {
                rank(*at) >= rank(S::Released) && rank(*at) <= rank(S::Executed) && !is_bad(*at)
            }
        };
        if !may {
            return Err(Misfit::AnsweredOtherwise);
        }
        *at = to;
        Ok(())
    }

    fn side_mut(&mut self, side: Side) -> &mut NumberState {
        match side {
            Side::Mvno => &mut self.mvno,
            Side::Carrier => &mut self.carrier,
        }
    }
}

/// Whether nothing more is expected of a number in that state. Held ones wait for the issuer, and end an order all the
/// same.
pub fn is_final(state: NumberState) -> bool {
    use NumberState as S;
    match state {
        S::Verified | S::Diverged | S::Refused | S::Failed | S::Held | S::Restored => true,
        S::Planned | S::Released | S::Delivered | S::Acked | S::Executed | S::Overdue | S::Restoring => false,
    }
}

/// Whether it is executed, or beyond.
pub fn is_executed(state: NumberState) -> bool {
    use NumberState as S;
    matches!(state, S::Executed | S::Verified | S::Diverged | S::Restoring | S::Restored)
}

/// Whether it went wrong.
pub fn is_bad(state: NumberState) -> bool {
    matches!(state, NumberState::Refused | NumberState::Failed)
}

/// How far a side is.
fn rank(state: NumberState) -> u8 {
    use NumberState as S;
    match state {
        S::Planned | S::Held | S::Overdue | S::Restoring | S::Restored => 0,
        S::Released => 1,
        S::Delivered => 2,
        S::Acked => 3,
        S::Executed => 4,
        S::Verified | S::Diverged | S::Refused | S::Failed => 5,
    }
}

#[cfg(test)]
mod tests;
