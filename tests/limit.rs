//! The limits of an organisation, as its calls meet them: a layer around services of the test's own, on a clock that
//! goes only where the test waits.

#[path = "limit/calls.rs"]
mod calls;
#[path = "limit/floods.rs"]
mod floods;
#[path = "limit/ledger.rs"]
mod ledger;
#[path = "limit/share.rs"]
mod share;
#[path = "limit/world.rs"]
mod world;
