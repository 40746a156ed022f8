//! Server-sent events, read as a program would read them.

use serde_json::Value;

use super::http::Client;
use super::{LONG, Server};

/// An event.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its data.
    pub data: Value,
}

/// An open stream.
pub struct Events(Client);

impl Events {
    /// Opens the stream at `path`; `last` is the last event that was seen.
    pub fn open(server: &Server, path: &str, last: Option<&str>) -> Self {
        let mut client = server.connect();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        client.send("GET", path, &last, "");
        let head = client.head();
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        Self(client)
    }

    /// The next event; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (None, None, None);
        loop {
            let line = self.0.line()?;
            match line.split_once(": ") {
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("data", value)) => data = serde_json::from_str(value).ok(),
                _ => {
                    // Chunk sizes, comments, and the empty line that ends an event.
                    if let (true, Some(name)) = (line.is_empty(), name.take_if(|_| data.is_some()))
                    {
                        return Some(Event { name, id, data: data.unwrap_or_default() });
                    }
                }
            }
        }
    }

    /// The next event, which has this name.
    pub fn expect(&mut self, name: &str) -> Event {
        let event = self.next().unwrap_or_else(|| panic!("the stream ended before {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The first event for which `wanted` is true, within a bounded time.
    pub fn find(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let began = std::time::Instant::now();
        loop {
            let event = self.next().unwrap_or_else(|| panic!("the stream ended before {what}"));
            if wanted(&event) {
                return event;
            }
            assert!(began.elapsed() < LONG, "still waiting for {what}: {event:?}");
        }
    }
}
