//! A peer on s2n-quic.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use interop_peers::*;
use s2n_quic::client::Connect;
use s2n_quic::connection::{self, Handle};
use s2n_quic::provider::tls::rustls as tls;
use s2n_quic::provider::{connection_id, endpoint_limits, limits::Limits};
use s2n_quic::stream::{self, BidirectionalStream, ReceiveStream};
use s2n_quic::{Client, Server, application};
use serde_json::{Value, json};

type Last = Arc<Mutex<Value>>;

fn limits(args: &Args) -> Result<Limits, Failure> {
    let mut limits = Limits::new().with_max_idle_timeout(Duration::from_millis(args.idle))?;
    if let Some(interval) = args.keepalive {
        limits = limits.with_max_keep_alive_period(Duration::from_millis(interval))?;
    }
    if let Some(window) = args.window.map(u64::from) {
        limits = limits
            .with_data_window(window)?
            .with_bidirectional_local_data_window(window)?
            .with_bidirectional_remote_data_window(window)?
            .with_unidirectional_data_window(window)?;
    }
    if let Some(streams) = args.streams.map(u64::from) {
        limits = limits
            .with_max_open_remote_bidirectional_streams(streams)?
            .with_max_open_remote_unidirectional_streams(streams)?;
    }
    Ok(limits)
}

fn ids(args: &Args) -> Result<connection_id::default::Format, Failure> {
    let mut builder = connection_id::default::Format::builder();
    if let Some(length) = args.cid {
        builder = builder
            .with_len(length)
            .unwrap_or_else(|_| unsupported("--cid"));
    }
    Ok(builder.build()?)
}

async fn read(recv: &mut ReceiveStream) -> Result<Vec<u8>, stream::Error> {
    let mut data = Vec::new();
    while let Some(chunk) = recv.receive().await? {
        data.extend_from_slice(&chunk);
    }
    Ok(data)
}

fn reset_code(e: &stream::Error) -> Option<u64> {
    match e {
        stream::Error::StreamReset { error, .. } => Some(u64::from(*error)),
        _ => None,
    }
}

async fn serve_stream(
    handle: Handle,
    stream: BidirectionalStream,
    last: Last,
) -> Result<(), Failure> {
    let (mut recv, mut send) = stream.split();
    let mut data = Vec::new();
    loop {
        match recv.receive().await {
            Ok(Some(chunk)) => data.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(e) => {
                if let Some(code) = reset_code(&e) {
                    last.lock().unwrap()["reset"] = json!(code);
                }
                return Ok(());
            }
        }
        if let Some(code) = stop_code(&data) {
            recv.stop_sending(application::Error::new(code)?)?;
            return Ok(());
        }
    }
    if data == b"LAST" {
        data = last.lock().unwrap().to_string().into_bytes();
    }
    match answer(data) {
        Answer::Data(data) => {
            let sent = async {
                send.send(Bytes::from(data)).await?;
                send.close().await
            };
            if let Err(e) = sent.await {
                if let Some(code) = reset_code(&e) {
                    last.lock().unwrap()["stop"] = json!(code);
                }
            }
        }
        Answer::Reset(code) => send.reset(application::Error::new(code)?)?,
        Answer::Close(code, _) => handle.close(application::Error::new(code)?),
        Answer::Stopped => {}
    }
    Ok(())
}

async fn run_server(args: Args) -> Result<(), Failure> {
    let tls = tls::Server::builder()
        .with_certificate(args.cert.as_deref().unwrap(), args.key.as_deref().unwrap())?
        .with_application_protocols([ALPN].iter())?
        .build()?;
    let mut gate = endpoint_limits::Default::builder();
    if args.retry {
        gate = gate.with_inflight_handshake_limit(0)?;
    }
    let mut server = Server::builder()
        .with_tls(tls)?
        .with_io(SocketAddr::new(args.host, args.port))?
        .with_limits(limits(&args)?)?
        .with_connection_id(ids(&args)?)?
        .with_endpoint_limits(gate.build()?)?
        .start()?;
    say(json!({ "port": server.local_addr()?.port() }));
    while let Some(mut conn) = server.accept().await {
        let _ = conn.keep_alive(args.keepalive.is_some());
        let last: Last = Arc::new(Mutex::new(json!({})));
        tokio::spawn(async move {
            let (handle, acceptor) = conn.split();
            let (mut bidi, mut uni) = acceptor.split();
            let opener = handle.clone();
            tokio::spawn(async move {
                while let Ok(Some(mut recv)) = uni.accept_receive_stream().await {
                    let mut opener = opener.clone();
                    tokio::spawn(async move {
                        let data = read(&mut recv).await?;
                        let mut send = opener.open_send_stream().await?;
                        send.send(Bytes::from(data)).await?;
                        send.close().await?;
                        Ok::<_, Failure>(())
                    });
                }
            });
            while let Ok(Some(stream)) = bidi.accept_bidirectional_stream().await {
                tokio::spawn(serve_stream(handle.clone(), stream, last.clone()));
            }
        });
    }
    Ok(())
}

async fn ask(handle: &mut Handle, data: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let (mut recv, mut send) = handle.open_bidirectional_stream().await?.split();
    let writing = async {
        send.send(Bytes::from(data)).await?;
        send.close().await?;
        Ok::<_, Failure>(())
    };
    let reading = async { Ok::<_, Failure>(read(&mut recv).await?) };
    Ok(tokio::try_join!(writing, reading)?.1)
}

async fn get(handle: &mut Handle, size: usize) -> Result<bool, Failure> {
    Ok(ask(handle, format!("GET {size}").into_bytes()).await? == pattern(size))
}

fn ended(e: &connection::Error) -> Value {
    match e {
        connection::Error::Application { error, .. } => {
            json!({ "app": true, "code": u64::from(**error), "reason": "" })
        }
        connection::Error::Transport { code, reason, .. } => {
            json!({ "app": false, "code": code.as_u64(), "reason": reason })
        }
        e => json!({ "error": e.to_string() }),
    }
}

async fn act(conn: &mut s2n_quic::Connection, action: &str) -> Result<Value, Failure> {
    let (what, rest) = action.split_once(' ').unwrap_or((action, ""));
    let numbers: Vec<u64> = rest.split(' ').filter_map(|w| w.parse().ok()).collect();
    let mut handle = conn.handle();
    Ok(match what {
        "get" => json!({ "ok": get(&mut handle, numbers[0] as usize).await? }),
        "send" => {
            let data = pattern(numbers[0] as usize);
            json!({ "ok": ask(&mut handle, data.clone()).await? == data })
        }
        "multiplex" => {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..numbers[0] {
                let (mut handle, size) = (handle.clone(), numbers[1] as usize);
                tasks.spawn(async move { get(&mut handle, size).await.unwrap_or(false) });
            }
            json!({ "ok": tasks.join_all().await.into_iter().all(|ok| ok) })
        }
        "uni" => {
            let mut send = handle.open_send_stream().await?;
            send.send(Bytes::copy_from_slice(rest.as_bytes())).await?;
            send.close().await?;
            let mut recv = conn.accept_receive_stream().await?.ok_or("no stream")?;
            json!({ "ok": read(&mut recv).await? == rest.as_bytes() })
        }
        "askreset" => {
            let (mut recv, mut send) = handle.open_bidirectional_stream().await?.split();
            send.send(Bytes::from(format!("RESET {rest}"))).await?;
            send.finish()?;
            let code = read(&mut recv).await.err().as_ref().and_then(reset_code);
            json!({ "ok": code == Some(numbers[0]), "code": code })
        }
        "askstop" => {
            let (_recv, mut send) = handle.open_bidirectional_stream().await?.split();
            send.send(Bytes::from(format!("STOP {rest}"))).await?;
            let code = loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if let Err(e) = send.send(Bytes::from_static(b" ")).await {
                    break reset_code(&e);
                }
            };
            json!({ "ok": code == Some(numbers[0]), "code": code })
        }
        "reset" => {
            let (_recv, mut send) = handle.open_bidirectional_stream().await?.split();
            send.send(Bytes::from_static(b"x")).await?;
            send.flush().await?;
            send.reset(application::Error::new(numbers[0])?)?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            json!({ "ok": true })
        }
        "close" => {
            handle.close(application::Error::new(numbers[0])?);
            // Else the close at the end is the one that is sent
            tokio::time::sleep(Duration::from_millis(50)).await;
            json!({ "ok": true })
        }
        "askclose" => {
            let _ = ask(&mut handle, format!("CLOSE {rest}").into_bytes()).await;
            let end = match conn.accept().await {
                Err(e) => ended(&e),
                Ok(_) => json!({ "error": "no error" }),
            };
            json!({ "ok": end["code"] == json!(numbers[0]), "end": end })
        }
        "ended" => match conn.accept().await {
            Err(e) => json!({ "ok": true, "end": ended(&e) }),
            Ok(_) => json!({ "ok": true, "end": { "error": "closed" } }),
        },
        "wait" => {
            tokio::time::sleep(Duration::from_millis(numbers[0])).await;
            json!({ "ok": true })
        }
        _ => json!({ "unsupported": what }),
    })
}

async fn run_client(args: Args) -> Result<(), Failure> {
    if args.v2 || args.negotiate {
        unsupported("another version than 1");
    }
    let tls = tls::Client::builder()
        .with_certificate(args.ca.as_deref().unwrap())?
        .with_application_protocols([ALPN].iter())?
        .build()?;
    let client = Client::builder()
        .with_tls(tls)?
        .with_io(SocketAddr::new(args.host, 0))?
        .with_limits(limits(&args)?)?
        .with_connection_id(ids(&args)?)?
        .start()?;
    let address = SocketAddr::new(args.host, args.port);
    let mut conn = client
        .connect(Connect::new(address).with_server_name("localhost"))
        .await?;
    conn.keep_alive(args.keepalive.is_some())?;
    say(json!({ "did": "connect", "ok": true }));
    for action in &args.actions {
        let mut said = act(&mut conn, action).await?;
        said["did"] = json!(action);
        say(said);
    }
    conn.close(0u32.into());
    drop(conn);
    let mut client = client;
    client.wait_idle().await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    if args.chacha20 {
        unsupported("a choice of ciphers");
    }
    if args.nospare || args.mtu.is_some() {
        unsupported("no spare connection IDs, or a size of first packets");
    }
    if args.reset_key.is_some() && args.role == "server" {
        unsupported("stateless resets after a restart");
    }
    let result = if args.role == "server" {
        run_server(args).await
    } else {
        run_client(args).await
    };
    if let Err(e) = result {
        say(json!({ "error": e.to_string() }));
        std::process::exit(1);
    }
}
