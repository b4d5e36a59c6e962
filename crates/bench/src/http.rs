//! Pages over HTTP with 64 connections, against a bare handler with the same bytes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use web::{App, Settings};

use crate::store::{Store, raw};
use crate::{Measured, Size, alternating, told};

const CONNECTIONS: usize = 64;

/// The customer's page.
pub(crate) fn tracking(store: &mut Store, size: Size) -> Result<Measured, String> {
    let number: String = raw(&store.path)?
        .query_row("SELECT tracking_number FROM receptions r WHERE length(tracking_number) = 12 AND EXISTS (SELECT 1 FROM repairs WHERE reception_id = r.id AND is_open) ORDER BY id LIMIT 1", [], |row| row.get(0))
        .map_err(told)?;
    let runtime = Runtime::new().map_err(told)?;
    let ours = serve(
        &runtime,
        web::router(App::new(
            store.db.clone(),
            Settings { public_url: "http://127.0.0.1".to_owned(), ..Settings::default() },
        )),
    )?;
    let request = format!("GET /t/{number} HTTP/1.1\r\nHost: x\r\n\r\n");
    let bytes = runtime.block_on(once(ours, &request))?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let limit =
        serve(&runtime, Router::new().route(&format!("/t/{number}"), get(move || async move { Html(body.clone()) })))?;
    measure(&runtime, size, (ours, &request), (limit, &request), 0.3)
}

/// A list of 50 repairs, for somebody who is signed in; the limit runs the query and serves the bytes.
pub(crate) fn list(store: &mut Store, size: Size) -> Result<Measured, String> {
    let runtime = Runtime::new().map_err(told)?;
    let ours = serve(
        &runtime,
        web::router(App::new(
            store.db.clone(),
            Settings { public_url: "http://127.0.0.1".to_owned(), ..Settings::default() },
        )),
    )?;
    let form = format!("login=maryam&password={}", app::demo::PASSWORD);
    let sign_in = format!(
        "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let cookie = runtime.block_on(head(ours, &sign_in))?;
    let cookie = cookie
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|line| line.split(';').next())
        .ok_or("nobody was signed in")?
        .to_owned();
    let request = format!("GET /repairs?step=delivered HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
    let bytes = runtime.block_on(once(ours, &request))?;
    let body = Arc::new(String::from_utf8_lossy(&bytes).into_owned());
    let pool = Arc::new((0..8).map(|_| raw(&store.path).map(Mutex::new)).collect::<Result<Vec<_>, _>>()?);
    let bare = Router::new().route(
        "/repairs",
        get(move || {
            let (pool, body) = (pool.clone(), body.clone());
            async move {
                let ran = tokio::task::spawn_blocking(move || rows(&pool)).await;
                if matches!(ran, Ok(Ok(50))) { Html(body.to_string()) } else { Html(String::new()) }
            }
        }),
    );
    let limit = serve(&runtime, bare)?;
    measure(&runtime, size, (ours, &request), (limit, &request), 0.25)
}

/// The query beneath the list.
fn rows(pool: &[Mutex<rusqlite::Connection>]) -> Result<usize, String> {
    let free = pool.iter().find_map(|conn| conn.try_lock().ok());
    let conn = match free {
        Some(conn) => conn,
        None => pool[0].lock().map_err(told)?,
    };
    let mut statement = conn
        .prepare_cached(
            "SELECT r.public_id, r.number, p.title_fa, p.title_en, d.serial, c.name, r.step, r.promised_on, u.name FROM repairs r JOIN products p ON p.id = r.product_id \
             JOIN devices d ON d.id = r.device_id JOIN parties c ON c.id = r.customer_id LEFT JOIN users u ON u.id = r.assignee_user_id \
             WHERE r.centre_id = ? AND r.step = ? ORDER BY r.occurred_on DESC, r.id DESC LIMIT 51",
        )
        .map_err(told)?;
    let found = statement
        .query_map((1, "delivered"), |row| row.get::<_, String>(1))
        .map_err(told)?
        .filter(Result::is_ok)
        .count();
    Ok(found.min(50))
}

fn serve(runtime: &Runtime, router: Router) -> Result<SocketAddr, String> {
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(told)?;
        let address = listener.local_addr().map_err(told)?;
        tokio::spawn(
            async move { axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await },
        );
        Ok(address)
    })
}

fn measure(
    runtime: &Runtime,
    size: Size,
    ours: (SocketAddr, &str),
    limit: (SocketAddr, &str),
    bar: f64,
) -> Result<Measured, String> {
    let each = (size.batch / 4).max(2);
    let side = |(address, request): (SocketAddr, &str)| runtime.block_on(load(address, request.to_owned(), each));
    side(ours)?;
    let (ours, limit) = alternating(size.rounds, each * CONNECTIONS, || side(ours), || side(limit))?;
    Ok(Measured { ours, limit, bar })
}

/// The same request again and again, over all connections at once.
async fn load(address: SocketAddr, request: String, each: usize) -> Result<(), String> {
    let request = Arc::new(request);
    let hands = (0..CONNECTIONS).map(|_| {
        let request = request.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.map_err(told)?;
            stream.set_nodelay(true).map_err(told)?;
            for _ in 0..each {
                let (status, _) = ask(&mut stream, &request).await?;
                if !status.contains(" 200 ") {
                    return Err(status);
                }
            }
            Ok::<(), String>(())
        })
    });
    for hand in hands.collect::<Vec<_>>() {
        hand.await.map_err(told)??;
    }
    Ok(())
}

async fn once(address: SocketAddr, request: &str) -> Result<Vec<u8>, String> {
    let mut stream = TcpStream::connect(address).await.map_err(told)?;
    ask(&mut stream, request).await.map(|(_, body)| body)
}

async fn head(address: SocketAddr, request: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(address).await.map_err(told)?;
    ask(&mut stream, request).await.map(|(head, _)| head)
}

/// One request and its answer: head and body.
async fn ask(stream: &mut TcpStream, request: &str) -> Result<(String, Vec<u8>), String> {
    stream.write_all(request.as_bytes()).await.map_err(told)?;
    let mut bytes = Vec::with_capacity(32 * 1024);
    loop {
        if stream.read_buf(&mut bytes).await.map_err(told)? == 0 {
            return Err("the connection was closed".to_owned());
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")
                    .and_then(|length| length.parse::<usize>().ok())
            })
            .unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            return Ok((head, bytes[end + 4..].to_vec()));
        }
    }
}

/// Keeps a server busy with a page, for measuring what it holds meanwhile.
pub(crate) fn busy(address: SocketAddr, path: &str, each: usize) -> Result<(), String> {
    let runtime = Runtime::new().map_err(told)?;
    runtime.block_on(load(address, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"), each))
}

/// Where a store stands, for a process of its own.
pub(crate) fn copy_of(store: &Store) -> Result<PathBuf, String> {
    let path = store.folder.path().join("served");
    std::fs::create_dir_all(&path).map_err(told)?;
    raw(&store.path)?.execute("VACUUM INTO ?", [path.join("zamen.db").to_str().unwrap_or_default()]).map_err(told)?;
    Ok(path)
}
