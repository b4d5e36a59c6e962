//! The program as a process of its own: what it holds in memory under load, and how soon after its start it answers.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::store::Store;
use crate::{Measured, Size, http, told};

/// Ends its process when it is dropped.
struct Served(Child, SocketAddr);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn served(data: &std::path::Path) -> Result<Served, String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr()).map_err(told)?;
    let program = std::env::current_exe().map_err(told)?;
    let child = Command::new(program)
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(told)?;
    let served = Served(child, address);
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if start.elapsed() > Duration::from_secs(60) {
            return Err("the program did not start".to_owned());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(served)
}

/// Resident memory with 64 connections at work. Bytes are told as microseconds; the limit is 200 MB.
pub(crate) fn memory(store: &mut Store, size: Size) -> Result<Measured, String> {
    let data = http::copy_of(store)?;
    let served = served(&data)?;
    http::busy(served.1, "/sign-in", size.batch)?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.0.id())).map_err(told)?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok())
        .ok_or("no VmHWM")?;
    std::fs::remove_dir_all(data).map_err(told)?;
    Ok(Measured { ours: Duration::from_micros(kilobytes / 1024), limit: Duration::from_micros(200), bar: 1.0 })
}

/// From the start of the process to its first page; the limit is one second.
pub(crate) fn start(store: &mut Store, _: Size) -> Result<Measured, String> {
    let data = http::copy_of(store)?;
    let begun = Instant::now();
    let served = served(&data)?;
    http::busy(served.1, "/sign-in", 1)?;
    let ours = begun.elapsed();
    drop(served);
    std::fs::remove_dir_all(data).map_err(told)?;
    Ok(Measured { ours, limit: Duration::from_secs(1), bar: 1.0 })
}
