//! The yardstick for load figures: a bare axum route that returns a constant.
//!
//! It listens on port 8001. `server/load` puts the same load on it and on
//! `GET /get/{key}` of the server, and prints the ratio.

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let router = Router::new().route("/get/{key}", get(|| async { "constant" }));
    axum::serve(TcpListener::bind("127.0.0.1:8001").await?, router).await
}
