//! What handlers take from a request: a key, a query, a body, a condition.

mod body;
mod conditions;
mod key;
mod query;

pub use body::{BODY_LIMIT, Field, Form, JsonBody};
pub use conditions::{Conditions, tag};
pub use key::PathKey;
pub use query::{Query, encode};
