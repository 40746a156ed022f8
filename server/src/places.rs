//! Places for connections: bounded in number, and never all taken by clients that
//! do nothing.
//!
//! Idea: a connection waits for its client, or its client waits for us. Where all
//! places are taken, the connection that has waited longest for its client is
//! given up for the one that has just come. Those whose clients wait, for an answer
//! or with a stream, stay; other bounds see to it that they are a part of all.
//! Limits: a client that was idle may find its connection closed. HTTP clients
//! then open another one.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::timeout;

/// After how long a place is looked for again, should none have become free.
const AGAIN: Duration = Duration::from_millis(10);

/// All places.
pub struct Places {
    limit: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// What is known of a connection.
struct Connection {
    state: Mutex<State>,
    given_up: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits for its client since then.
    Waits(Instant),
    /// Its client waits for us.
    Answers,
    /// It is to end.
    GivenUp,
}

/// A connection's place; free again when this is dropped.
pub struct Place {
    places: Arc<Places>,
    number: u64,
    client: Client,
}

/// The connection, as who answers a request knows it.
#[derive(Clone)]
pub struct Client(Arc<Connection>);

impl Places {
    /// So many places.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: Mutex::default(), freed: Notify::new() })
    }

    /// A place for a connection that has just come. Gives others up where that is
    /// necessary, and waits until one has gone.
    pub async fn take(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.try_take() {
                return place;
            }
            self.give_one_up();
            // Where all are busy, nobody may have gone.
            let _ = timeout(AGAIN, self.freed.notified()).await;
        }
    }

    /// Gives the connection up that has waited longest for its client, if any does.
    pub fn give_one_up(&self) {
        let taken = self.taken();
        let waiting = taken.connections.values().filter_map(|connection| {
            let State::Waits(since) = *connection.state() else { return None };
            Some((since, connection))
        });
        if let Some((since, connection)) = waiting.min_by_key(|(since, _)| *since) {
            let mut state = connection.state();
            // Its client may have come just now.
            if *state == State::Waits(since) {
                *state = State::GivenUp;
                connection.given_up.notify_one();
            }
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.limit {
            return None;
        }
        let state = Mutex::new(State::Waits(Instant::now()));
        let connection = Arc::new(Connection { state, given_up: Notify::new() });
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, connection.clone());
        Some(Place { places: self.clone(), number, client: Client(connection) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection that has this place.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until the connection is given up. One whose client has asked for
    /// something meanwhile is not.
    pub async fn given_up(&self) {
        let Client(connection) = &self.client;
        loop {
            connection.given_up.notified().await;
            if *connection.state() == State::GivenUp {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().connections.remove(&self.number);
        self.places.freed.notify_one();
    }
}

impl Client {
    /// From now on the client waits for us.
    pub fn is_served(&self) {
        *self.0.state() = State::Answers;
    }

    /// From now on we wait for the client.
    pub fn is_waited_for(&self) {
        *self.0.state() = State::Waits(Instant::now());
    }

    /// An answer's body; when it is done with, we wait for the client again.
    pub fn served_with(self, body: Body) -> Body {
        Body::new(Served { body, client: self })
    }
}

/// A body that is being sent to its client.
struct Served {
    body: Body,
    client: Client,
}

impl HttpBody for Served {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.client.is_waited_for();
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    async fn is_given_up(place: &Place) -> bool {
        timeout(Duration::ZERO, place.given_up()).await.is_ok()
    }

    #[test]
    fn longest_waiting_connection_makes_room() {
        block_on(async {
            let places = Places::new(3);
            let [first, second, third] =
                [places.take().await, places.take().await, places.take().await];
            // The first is the oldest, and has been served since.
            first.client().is_served();
            first.client().is_waited_for();
            third.client().is_served();
            places.give_one_up();
            assert!(!is_given_up(&first).await && !is_given_up(&third).await);
            assert!(is_given_up(&second).await);
            drop(second);
            let _fourth = places.take().await;
            places.give_one_up();
            assert!(is_given_up(&first).await);
        });
    }

    /// Schedule: all are served; a newcomer waits; one is done.
    #[test]
    fn served_connections_stay() {
        block_on(async {
            let places = Places::new(1);
            let place = places.take().await;
            place.client().is_served();
            let (_newcomer, ()) = tokio::join!(places.take(), async {
                tokio::task::yield_now().await;
                assert!(!is_given_up(&place).await);
                drop(place);
            });
        });
    }

    #[test]
    fn client_that_asks_while_it_is_given_up_is_served() {
        block_on(async {
            let places = Places::new(1);
            let place = places.take().await;
            places.give_one_up();
            place.client().is_served();
            assert!(!is_given_up(&place).await);
        });
    }

    #[test]
    fn body_that_is_done_with_leaves_its_connection_waiting() {
        block_on(async {
            let places = Places::new(1);
            let place = places.take().await;
            place.client().is_served();
            let body = place.client().clone().served_with(Body::from("text"));
            assert_eq!(body.collect().await.unwrap().to_bytes(), "text");
            places.give_one_up();
            assert!(is_given_up(&place).await);
        });
    }
}
