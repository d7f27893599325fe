//! Orders to shut numbers down and to let them back. Whoever changes an order locks its authority's row first, where
//! limits are counted, then the order's. Whoever begins a line keeps plans about its block waiting, and then locks the
//! orders about its number: a plan takes its blocks last, when it waits for nothing else.

pub mod alarm;
pub mod approve;
pub mod batch;
pub mod cancel;
pub mod conflict;
pub mod decide_held;
pub mod follow;
pub mod forget;
pub mod get;
pub mod halt;
pub mod issue;
mod judge;
pub mod key;
pub mod list_alarms;
pub mod list_impacts;
pub mod list_numbers;
pub mod list_orders;
pub mod overdue;
pub mod plan;
pub mod plan_restoration;
pub mod planned;
pub mod restore;
pub mod shown;
pub mod step;
pub mod tenancy;
pub mod watch;
mod weigh;
mod world;

use crate::{
    domain::shutdown::Header,
    store::{StoreError, sql::shutdown::OrderRow},
};

/// The name of an order.
pub fn order_name(id: &str) -> String {
    format!("shutdownOrders/{id}")
}

/// The name of a plan.
pub fn plan_name(id: &str) -> String {
    format!("shutdownPlans/{id}")
}

/// What the header of an order says beside its columns.
pub fn header(order: &OrderRow) -> Result<Header, StoreError> {
    serde_json::from_str(&order.header)
        .map_err(|_| StoreError::inconsistent("shutdown_order", "header", &order.id))
}
