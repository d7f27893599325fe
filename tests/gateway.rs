//! The use cases over a real SQLite store and without the wire, at moments that the test chooses.

#[path = "support/all.rs"]
pub mod support;

#[path = "gateway/acts.rs"]
mod acts;
#[path = "gateway/appeals.rs"]
mod appeals;
#[path = "gateway/approvals.rs"]
mod approvals;
#[path = "gateway/at_release.rs"]
mod at_release;
#[path = "gateway/attacks.rs"]
mod attacks;
#[path = "gateway/bad_orders.rs"]
mod bad_orders;
#[path = "gateway/cards.rs"]
mod cards;
#[path = "gateway/changed.rs"]
mod changed;
#[path = "gateway/channels.rs"]
mod channels;
#[path = "gateway/checks.rs"]
mod checks;
#[path = "gateway/clock.rs"]
mod clock;
#[path = "gateway/codes.rs"]
mod codes;
#[path = "gateway/conflicts.rs"]
mod conflicts;
#[path = "gateway/devices.rs"]
mod devices;
#[path = "gateway/ends.rs"]
mod ends;
#[path = "gateway/evidence.rs"]
mod evidence;
#[path = "gateway/follow.rs"]
mod follow;
#[path = "gateway/force.rs"]
mod force;
#[path = "gateway/gate.rs"]
mod gate;
#[path = "gateway/glass.rs"]
mod glass;
#[path = "gateway/halted.rs"]
mod halted;
#[path = "gateway/held.rs"]
mod held;
#[path = "gateway/hidden.rs"]
mod hidden;
#[path = "gateway/identity.rs"]
mod identity;
#[path = "gateway/imports.rs"]
mod imports;
#[path = "gateway/ledger.rs"]
mod ledger;
#[path = "gateway/lists.rs"]
mod lists;
#[path = "gateway/meanwhile.rs"]
mod meanwhile;
#[path = "gateway/numbers.rs"]
mod numbers;
#[path = "gateway/once.rs"]
mod once;
#[path = "gateway/orders.rs"]
mod orders;
#[path = "gateway/pages.rs"]
mod pages;
#[path = "gateway/participants.rs"]
mod participants;
#[path = "gateway/past.rs"]
mod past;
#[path = "gateway/plans.rs"]
mod plans;
#[path = "gateway/registrations.rs"]
mod registrations;
#[path = "gateway/scopes.rs"]
mod scopes;
#[path = "gateway/sealed.rs"]
mod sealed;
#[path = "gateway/selling.rs"]
mod selling;
#[path = "gateway/steps.rs"]
mod steps;
#[path = "gateway/supplements.rs"]
mod supplements;
#[path = "gateway/tenancy.rs"]
mod tenancy;
#[path = "gateway/ticker.rs"]
mod ticker;
#[path = "gateway/watch.rs"]
mod watch;
#[path = "gateway/weighed.rs"]
mod weighed;
#[path = "gateway/world.rs"]
mod world;
