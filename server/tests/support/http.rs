//! HTTP/1.1 by hand: what is sent is exactly what the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::LONG;

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers' lines.
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Response {
    /// The header `name`, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The sentence of an error.
    pub fn detail(&self) -> String {
        let json = self.json();
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(1), "{json}");
        json["detail"].as_str().unwrap_or_else(|| panic!("no detail: {json}")).to_owned()
    }

    /// The faults of a request that has another form than it should.
    pub fn faults(&self) -> Vec<Fault> {
        let json = self.json();
        let faults = json["detail"].as_array().unwrap_or_else(|| panic!("no list: {json}"));
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{json}")).to_owned();
        let read = |fault: &Value| {
            assert!(fault["loc"].is_array(), "{json}");
            (text(&fault["type"]), fault["loc"].clone(), text(&fault["msg"]))
        };
        faults.iter().map(read).collect()
    }
}

/// What is wrong with a request: type, place and sentence.
pub type Fault = (String, Value, String);

/// A connection.
pub struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(LONG)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("delay can be switched off");
        Self { address, stream: BufReader::new(stream) }
    }

    /// The connection itself.
    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &str) {
        self.stream.get_mut().write_all(bytes.as_bytes()).expect("the server reads");
    }

    /// Sends a request. A `Host` is added where `headers` has none.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let has_host = headers.lines().any(|line| line.starts_with("Host:"));
        let host = if has_host { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        self.write(&format!("{method} {path} HTTP/1.1\r\n{host}{headers}{length}\r\n{body}"));
    }

    /// Sends a request, and reads its answer.
    pub fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Response {
        self.send(method, path, headers, body);
        self.response(method == "HEAD")
    }

    /// Sends a request with a body of JSON, and reads the status of the answer;
    /// `None` where the connection breaks.
    pub fn try_ask(&mut self, method: &str, path: &str, body: &str) -> Option<u16> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        );
        let sent = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(sent.as_bytes()).ok()?;
        let mut status = None;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            match line.split_once(": ") {
                _ if line.is_empty() => break,
                Some(("content-length", number)) => length = number.parse().ok()?,
                _ => status = status.or_else(|| line.split(' ').nth(1)?.parse().ok()),
            }
        }
        self.stream.read_exact(&mut vec![0; length]).ok()?;
        status
    }

    /// The next line, without its end; `None` at the end of the connection.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => panic!("no line within {LONG:?}: {error}"),
        }
    }

    /// The status and the headers of an answer.
    pub fn head(&mut self) -> Response {
        let status = self.line().expect("the server answers");
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut headers = Vec::new();
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a header has a colon");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Response { status: status.expect("an answer has a status"), headers, body: String::new() }
    }

    /// An answer; that to HEAD has no body.
    pub fn response(&mut self, bodiless: bool) -> Response {
        let mut response = self.head();
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        if !bodiless && !matches!(response.status, 204 | 304) {
            let mut body = vec![0; length.unwrap_or(0)];
            self.stream.read_exact(&mut body).expect("the body is as long as was said");
            if length.is_none() {
                self.stream.read_to_end(&mut body).expect("the connection ends");
            }
            response.body = String::from_utf8(body).expect("bodies are UTF-8");
        }
        response
    }
}

/// One request, on a connection of its own.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Response {
    Client::connect(address).ask(method, path, headers, body)
}
