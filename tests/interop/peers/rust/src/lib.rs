//! What both peers have in common. See ../../protocol.md for what they do.

use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

pub const ALPN: &[u8] = b"interop";

#[derive(Parser, Clone)]
pub struct Args {
    pub role: String,
    #[arg(long, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    #[arg(long)]
    pub cert: Option<PathBuf>,
    #[arg(long)]
    pub key: Option<PathBuf>,
    #[arg(long)]
    pub ca: Option<PathBuf>,
    #[arg(long, default_value_t = 30_000)]
    pub idle: u64,
    #[arg(long)]
    pub keepalive: Option<u64>,
    #[arg(long)]
    pub window: Option<u32>,
    #[arg(long)]
    pub streams: Option<u32>,
    #[arg(long)]
    pub cid: Option<usize>,
    #[arg(long)]
    pub mtu: Option<u16>,
    #[arg(long)]
    pub retry: bool,
    #[arg(long)]
    pub chacha20: bool,
    #[arg(long)]
    pub v2: bool,
    #[arg(long)]
    pub negotiate: bool,
    #[arg(long)]
    pub nospare: bool,
    #[arg(long)]
    pub moving: bool,
    #[arg(long)]
    pub reset_key: Option<String>,
    pub actions: Vec<String>,
}

pub fn say(value: Value) {
    println!("{value}");
}

/// Gives up, as the implementation has no way to do something.
pub fn unsupported(what: &str) -> ! {
    say(json!({ "unsupported": what }));
    std::process::exit(127);
}

pub fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| i as u8).collect()
}

/// What a server does about a request.
pub enum Answer {
    Data(Vec<u8>),
    Reset(u64),
    Close(u64, String),
    Stopped,
}

pub fn answer(data: Vec<u8>) -> Answer {
    let text = String::from_utf8_lossy(&data[..data.len().min(200)]).into_owned();
    let mut words = text.splitn(3, ' ');
    let command = words.next().unwrap_or_default();
    let number = |word: Option<&str>| word.and_then(|w| w.trim().parse().ok()).unwrap_or(0);
    match command {
        "GET" => Answer::Data(pattern(number(words.next()) as usize)),
        "RESET" => Answer::Reset(number(words.next())),
        "STOP" => Answer::Stopped,
        "CLOSE" => {
            let code = number(words.next());
            Answer::Close(code, words.next().unwrap_or_default().to_string())
        }
        "DIE" => std::process::exit(0),
        _ => Answer::Data(data),
    }
}

/// The code of `STOP code`, if data begins with one.
pub fn stop_code(data: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(data).ok()?;
    text.strip_prefix("STOP ")?.trim().parse().ok()
}
