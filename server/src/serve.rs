//! Connections: accepted, bounded in number, size and time, and drained at the
//! end.
//!
//! Idea: each request passes the gate first, and is routed then; what the gate
//! allows a page to see is put on every answer, refusals and errors included.
//! Source: hyper's HTTP/1.1; signal(7).
//! Limits: HTTP/1.1 without TLS. What is not even HTTP is answered by hyper,
//! with a status and no body.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{self, GracefulShutdown};
use shmkv::{OpenOptions, SegmentName, StoreError};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tower::Service;

use crate::app::App;
use crate::door::{Attached, Door, recover_lock};
use crate::gate::Gate;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::places::{Client, Place, Places};
use crate::problem::Problem;
use crate::routes;
use crate::stall::Stall;
use crate::watch::Watcher;

/// Bytes of the longest headers that are looked at.
const HEADER_LIMIT: usize = 16 * 1024;

/// Bytes of the longest path and query.
const TARGET_LIMIT: usize = 8 * 1024;

/// Bytes after which hyper gives up on a request's head.
const HEAD_BUFFER: usize = 64 * 1024;

/// Bytes that the kernel keeps for a client that does not read, about twice.
const SEND_BUFFER: u32 = 64 * 1024;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// How long open requests may take to end, once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// The pause after a failed accept: as a rule there are too many files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The store can be neither opened nor created.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is taken, or is not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The kernel's reason.
        source: io::Error,
    },
    /// `what` failed in a way we do not interpret.
    #[error("{what} failed: {source}")]
    Os {
        /// What was tried.
        what: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
}

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// [`ServeError`]; nothing is served any more.
pub fn run(options: Options) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| ServeError::Os { what: "starting threads", source })?;
    runtime.block_on(serve(options))
}

/// What all connections share.
struct Server {
    router: Router,
    gate: Gate,
    metrics: Arc<Metrics>,
    stall_timeout: Duration,
    connections: usize,
}

async fn serve(options: Options) -> Result<(), ServeError> {
    let failed = |what| move |source| ServeError::Os { what, source };
    let mut interrupted = signal(SignalKind::interrupt()).map_err(failed("waiting for SIGINT"))?;
    let mut terminated = signal(SignalKind::terminate()).map_err(failed("waiting for SIGTERM"))?;

    let limits = Limits::of_this_process()
        .map_err(|errno| ServeError::Os { what: "getrlimit", source: errno.into() })?;
    let address = options.bind;
    let listener = listen(address).map_err(|source| ServeError::Bind { address, source })?;
    let address = listener.local_addr().map_err(failed("getsockname"))?;

    let recovered = if options.read_only { None } else { recover(&options.name, options.trust()) };
    let attached = Attached::open(&options.name, options.trust(), options.read_only)?;
    let how = match &attached {
        Ok(attached) if attached.store().segment().was_created() => "created".into(),
        Ok(_) => "opened".into(),
        Err(absence) => absence.to_string(),
    };
    let metrics = Arc::new(Metrics::default());
    let (name, trust) = (options.name.clone(), options.trust());
    let lock_timeout = options.lock_timeout;
    let door = Door::new(name, trust, attached, lock_timeout, limits.queued, metrics.clone())
        .map_err(failed("starting a thread"))?;
    recovered.into_iter().for_each(|text| door.notice(text));
    let (patience, read_only) = (options.stall_timeout, options.read_only);
    let app = Arc::new(App::new(door, metrics.clone(), patience, limits, read_only));
    let watcher = Watcher::start(app.clone()).map_err(failed("starting a thread"))?;
    let router = routes::router(app.clone());
    let gate = Gate::new(&options.allow_origin, &options.allow_host);
    let (stall_timeout, connections) = (options.stall_timeout, limits.connections);
    let server = Arc::new(Server { router, gate, metrics, stall_timeout, connections });

    println!("listening on http://{address}, segment {}: {how}", options.name);
    let connections = GracefulShutdown::new();
    tokio::select! {
        () = accept(listener, &connections, server) => {}
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    app.stopping.send_replace(true);
    let _ = timeout(DRAIN, connections.shutdown()).await;
    watcher.stop();
    finish(&app, &options)
}

/// Frees a lock that its owner took along when it died, if that is certain; says
/// what was done, or why nothing was.
fn recover(name: &SegmentName, trust: OpenOptions) -> Option<String> {
    match recover_lock(name, trust) {
        Ok(recovered) => {
            let text = recovered?.to_string();
            eprintln!("server: segment {name}: {text}");
            Some(text)
        }
        Err(error @ (StoreError::InUse { .. } | StoreError::Os { .. })) => {
            eprintln!("server: {error}");
            None
        }
        // There is nothing to recover; what else is wrong, opening tells.
        Err(_) => None,
    }
}

/// Removes the segment's name, if that was asked for and it is still ours.
fn finish(app: &App, options: &Options) -> Result<(), ServeError> {
    if let (true, Ok(attached)) = (options.unlink, app.door.attached()) {
        attached.store().segment().unlink_this().map_err(StoreError::from)?;
    }
    Ok(())
}

/// A listener whose connections inherit a bounded send buffer.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server can take its address at once.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, connections: &GracefulShutdown, server: Arc<Server>) {
    let places = Places::new(server.connections);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                places.give_one_up();
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(local) = stream.local_addr() else { continue };
        let place = places.take().await;
        // Small answers go at once; where this fails they go a little later.
        let _ = stream.set_nodelay(true);
        tokio::spawn(converse(stream, local.ip(), server.clone(), connections.watcher(), place));
    }
}

/// Answers the requests of one connection, one after the other.
async fn converse(
    stream: TcpStream,
    local: IpAddr,
    server: Arc<Server>,
    drain: graceful::Watcher,
    place: Place,
) {
    let patience = server.stall_timeout;
    let io = TokioIo::new(Stall::new(stream, patience, server.metrics.clone()));
    let client = place.client().clone();
    let service = service_fn(move |request| {
        let (server, client) = (server.clone(), client.clone());
        async move { Ok::<_, Infallible>(server.answer(request, local, client).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BUFFER)
        .serve_connection(io, service);
    tokio::select! {
        // What breaks off is the client's affair.
        _ = drain.watch(connection) => {}
        () = place.given_up() => {}
    }
}

impl Server {
    async fn answer(
        &self,
        request: Request<Incoming>,
        local: IpAddr,
        client: Client,
    ) -> Response<Body> {
        client.is_served();
        let (mut parts, body) = request.into_parts();
        let (pass, refusal) = self.gate.check(&parts, local);
        let refusal = refusal.or_else(|| too_long(&parts.headers, parts.uri.path_and_query()));
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => {
                parts.extensions.insert(pass.asker());
                parts.extensions.insert(client.clone());
                let request = Request::from_parts(parts, Body::new(body));
                let Ok(response) = self.router.clone().call(request).await;
                response
            }
        };
        pass.mark(response.headers_mut());
        response.map(|body| client.served_with(body))
    }
}

/// The answer to a request whose head is longer than any should be.
fn too_long(
    headers: &HeaderMap,
    target: Option<&axum::http::uri::PathAndQuery>,
) -> Option<Response<Body>> {
    if target.is_some_and(|target| target.as_str().len() > TARGET_LIMIT) {
        let detail = format!("path and query are longer than {TARGET_LIMIT} bytes");
        return Some(Problem::new(StatusCode::URI_TOO_LONG, detail).into_response());
    }
    let length: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (length > HEADER_LIMIT).then(|| {
        let detail = format!("the headers have {length} bytes; at most {HEADER_LIMIT} are read");
        Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).into_response()
    })
}
