//! Serves the built book to a browser on this machine.
//!
//! Idea: a folder of files over HTTP, as mdBook's own `serve` does it, without
//! its watching and reloading.
//! Limits: listens on the loopback interface only.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use axum::Router;
use tower_http::services::ServeDir;

use crate::BookError;

/// The port that is tried first.
const PORT: u16 = 4000;

/// A folder about to be served.
pub struct Server {
    listener: TcpListener,
    folder: PathBuf,
}

impl Server {
    /// Takes `port`; by default 4000, or any other where that is taken.
    ///
    /// # Errors
    /// [`BookError::Port`].
    pub fn bind(folder: &Path, port: Option<u16>) -> Result<Self, BookError> {
        let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = match port {
            Some(port) => listen(port).map_err(|source| BookError::Port { port, source })?,
            None => listen(PORT)
                .or_else(|_| listen(0))
                .map_err(|source| BookError::Port { port: 0, source })?,
        };
        listener.set_nonblocking(true).map_err(BookError::Serve)?;
        Ok(Self { listener, folder: folder.to_owned() })
    }

    /// The address to type into a browser.
    pub fn address(&self) -> String {
        let port = self.listener.local_addr().map_or(PORT, |address| address.port());
        format!("http://127.0.0.1:{port}/")
    }

    /// Serves until the program is ended.
    ///
    /// # Errors
    /// [`BookError::Serve`].
    pub fn run(self) -> Result<(), BookError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .and_then(|runtime| runtime.block_on(serve(self.listener, &self.folder)))
            .map_err(BookError::Serve)
    }
}

async fn serve(listener: TcpListener, folder: &Path) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, Router::new().fallback_service(ServeDir::new(folder))).await
}
