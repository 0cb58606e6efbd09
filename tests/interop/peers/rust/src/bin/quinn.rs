//! A peer on quinn.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use interop_peers::*;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint, EndpointConfig, TransportConfig, VarInt};
use quinn_proto::RandomConnectionIdGenerator;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

type Last = Arc<Mutex<Value>>;

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = std::fs::read(path)?;
    Ok(rustls_pemfile::certs(&mut &pem[..]).collect::<Result<_, _>>()?)
}

fn provider(args: &Args) -> Arc<rustls::crypto::CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    if args.chacha20 {
        let chacha20 = rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;
        provider.cipher_suites.retain(|s| s.suite() == chacha20);
    }
    Arc::new(provider)
}

/// What Initial packets are always protected with.
fn initial() -> rustls::quic::Suite {
    let aes = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    aes.tls13().unwrap().quic_suite().unwrap()
}

fn transport(args: &Args) -> Result<Arc<TransportConfig>, Failure> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(Duration::from_millis(args.idle).try_into()?));
    transport.keep_alive_interval(args.keepalive.map(Duration::from_millis));
    if let Some(window) = args.window {
        transport
            .stream_receive_window(window.into())
            .receive_window(window.into());
    }
    if let Some(streams) = args.streams {
        transport.max_concurrent_bidi_streams(streams.into());
        transport.max_concurrent_uni_streams(streams.into());
    }
    if let Some(mtu) = args.mtu {
        transport.initial_mtu(mtu);
    }
    Ok(Arc::new(transport))
}

fn endpoint_config(args: &Args) -> EndpointConfig {
    let mut config = EndpointConfig::default();
    if let Some(length) = args.cid {
        config.cid_generator(move || Box::new(RandomConnectionIdGenerator::new(length)));
    }
    config
}

async fn serve_stream(
    conn: Connection,
    mut send: quinn::SendStream,
    mut recv: quinn::RecvStream,
    last: Last,
) -> Result<(), Failure> {
    let mut data = Vec::new();
    loop {
        match recv.read_chunk(65536, true).await {
            Ok(Some(chunk)) => data.extend_from_slice(&chunk.bytes),
            Ok(None) => break,
            Err(quinn::ReadError::Reset(code)) => {
                last.lock().unwrap()["reset"] = json!(code.into_inner());
                return Ok(());
            }
            Err(e) => return Err(e.into()),
        }
        if let Some(code) = stop_code(&data) {
            recv.stop(VarInt::from_u64(code)?)?;
            return Ok(());
        }
    }
    if data == b"LAST" {
        data = last.lock().unwrap().to_string().into_bytes();
    }
    if data == b"KEYUPDATE" {
        conn.force_key_update();
        data = b"updated".to_vec();
    }
    match answer(data) {
        Answer::Data(data) => {
            if let Err(quinn::WriteError::Stopped(code)) = send.write_all(&data).await {
                last.lock().unwrap()["stop"] = json!(code.into_inner());
                return Ok(());
            }
            send.finish()?;
            if let Some(code) = send.stopped().await? {
                last.lock().unwrap()["stop"] = json!(code.into_inner());
            }
        }
        Answer::Reset(code) => send.reset(VarInt::from_u64(code)?)?,
        Answer::Close(code, reason) => conn.close(VarInt::from_u64(code)?, reason.as_bytes()),
        Answer::Stopped => {}
    }
    Ok(())
}

async fn serve(conn: Connection) {
    let last: Last = Arc::new(Mutex::new(json!({})));
    let (uni, datagrams) = (conn.clone(), conn.clone());
    tokio::spawn(async move {
        while let Ok(mut recv) = uni.accept_uni().await {
            let conn = uni.clone();
            tokio::spawn(async move {
                let data = recv.read_to_end(usize::MAX).await?;
                let mut send = conn.open_uni().await?;
                send.write_all(&data).await?;
                send.finish()?;
                send.stopped().await?;
                Ok::<_, Failure>(())
            });
        }
    });
    tokio::spawn(async move {
        while let Ok(datagram) = datagrams.read_datagram().await {
            let _ = datagrams.send_datagram(datagram);
        }
    });
    while let Ok((send, recv)) = conn.accept_bi().await {
        tokio::spawn(serve_stream(conn.clone(), send, recv, last.clone()));
    }
}

async fn run_server(args: Args) -> Result<(), Failure> {
    let chain = certificates(args.cert.as_ref().unwrap())?;
    let pem = std::fs::read(args.key.as_ref().unwrap())?;
    let key: PrivateKeyDer = rustls_pemfile::private_key(&mut &pem[..])?.unwrap();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider(&args))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.max_early_data_size = u32::MAX;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::with_initial(
        Arc::new(tls),
        initial(),
    )?));
    config.transport_config(transport(&args)?);
    let socket = UdpSocket::bind(SocketAddr::new(args.host, args.port))?;
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = Endpoint::new(endpoint_config(&args), Some(config), socket, runtime)?;
    say(json!({ "port": endpoint.local_addr()?.port() }));
    while let Some(incoming) = endpoint.accept().await {
        if args.retry && !incoming.remote_address_validated() {
            incoming.retry()?;
            continue;
        }
        tokio::spawn(async move {
            match incoming.accept()?.into_0rtt() {
                Ok((conn, _)) => serve(conn).await,
                Err(connecting) => serve(connecting.await?).await,
            }
            Ok::<_, Failure>(())
        });
    }
    Ok(())
}

async fn get(conn: &Connection, size: usize) -> Result<bool, Failure> {
    let data = ask(conn, format!("GET {size}").as_bytes()).await?;
    Ok(data == pattern(size))
}

async fn ask(conn: &Connection, data: &[u8]) -> Result<Vec<u8>, Failure> {
    let (mut send, mut recv) = conn.open_bi().await?;
    let writing = async {
        send.write_all(data).await?;
        send.finish()?;
        Ok::<_, Failure>(())
    };
    let reading = async { Ok::<_, Failure>(recv.read_to_end(usize::MAX).await?) };
    Ok(tokio::try_join!(writing, reading)?.1)
}

fn ended(e: quinn::ConnectionError) -> Value {
    match e {
        quinn::ConnectionError::ApplicationClosed(close) => json!({
            "app": true,
            "code": close.error_code.into_inner(),
            "reason": String::from_utf8_lossy(&close.reason),
        }),
        quinn::ConnectionError::ConnectionClosed(close) => json!({
            "app": false,
            "code": u64::from(close.error_code),
            "reason": String::from_utf8_lossy(&close.reason),
        }),
        e => json!({ "error": e.to_string() }),
    }
}

async fn act(
    args: &Args,
    endpoint: &Endpoint,
    conn: &Connection,
    action: &str,
) -> Result<Value, Failure> {
    let (what, rest) = action.split_once(' ').unwrap_or((action, ""));
    let numbers: Vec<u64> = rest.split(' ').filter_map(|w| w.parse().ok()).collect();
    Ok(match what {
        "get" => json!({ "ok": get(conn, numbers[0] as usize).await? }),
        "send" => {
            let data = pattern(numbers[0] as usize);
            json!({ "ok": ask(conn, &data).await? == data })
        }
        "multiplex" => {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..numbers[0] {
                let (conn, size) = (conn.clone(), numbers[1] as usize);
                tasks.spawn(async move { get(&conn, size).await.unwrap_or(false) });
            }
            json!({ "ok": tasks.join_all().await.into_iter().all(|ok| ok) })
        }
        "uni" => {
            let mut send = conn.open_uni().await?;
            send.write_all(rest.as_bytes()).await?;
            send.finish()?;
            let data = conn.accept_uni().await?.read_to_end(usize::MAX).await?;
            json!({ "ok": data == rest.as_bytes() })
        }
        "datagram" => {
            for _ in 0..20 {
                conn.send_datagram(bytes::Bytes::copy_from_slice(rest.as_bytes()))?;
                let read = conn.read_datagram();
                if let Ok(data) = tokio::time::timeout(Duration::from_millis(200), read).await {
                    return Ok(json!({ "ok": data? == rest.as_bytes() }));
                }
            }
            json!({ "ok": false })
        }
        "askreset" => {
            let (mut send, mut recv) = conn.open_bi().await?;
            send.write_all(format!("RESET {rest}").as_bytes()).await?;
            send.finish()?;
            match recv.read_to_end(100).await {
                Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(code))) => {
                    json!({ "ok": code.into_inner() == numbers[0], "code": code.into_inner() })
                }
                other => json!({ "ok": false, "got": format!("{other:?}") }),
            }
        }
        "askstop" => {
            let (mut send, _recv) = conn.open_bi().await?;
            send.write_all(format!("STOP {rest}").as_bytes()).await?;
            let code = send.stopped().await?.map(VarInt::into_inner);
            json!({ "ok": code == Some(numbers[0]), "code": code })
        }
        "reset" => {
            let (mut send, _recv) = conn.open_bi().await?;
            send.write_all(b"x").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            send.reset(VarInt::from_u64(numbers[0])?)?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            json!({ "ok": true })
        }
        "close" => {
            let reason = rest.split_once(' ').map_or("", |(_, reason)| reason);
            conn.close(VarInt::from_u64(numbers[0])?, reason.as_bytes());
            json!({ "ok": true })
        }
        "askclose" => {
            let (mut send, _recv) = conn.open_bi().await?;
            send.write_all(format!("CLOSE {rest}").as_bytes()).await?;
            send.finish()?;
            let end = ended(conn.closed().await);
            let said = format!("{} {}", end["code"], end["reason"].as_str().unwrap_or(""));
            json!({ "ok": said == rest, "end": end })
        }
        "ended" => json!({ "ok": true, "end": ended(conn.closed().await) }),
        "wait" => {
            tokio::time::sleep(Duration::from_millis(numbers[0])).await;
            json!({ "ok": true })
        }
        "keyupdate" => {
            conn.force_key_update();
            json!({ "ok": true })
        }
        "rebind" => {
            endpoint.rebind(UdpSocket::bind(SocketAddr::new(args.host, 0))?)?;
            json!({ "ok": true })
        }
        _ => json!({ "unsupported": what }),
    })
}

async fn run_client(args: Args) -> Result<(), Failure> {
    if args.v2 || args.negotiate {
        unsupported("another version than 1 at first");
    }
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates(args.ca.as_ref().unwrap())? {
        roots.add(certificate)?;
    }
    let mut tls = rustls::ClientConfig::builder_with_provider(provider(&args))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = true;
    let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::with_initial(
        Arc::new(tls),
        initial(),
    )?));
    config.transport_config(transport(&args)?);
    let socket = UdpSocket::bind(SocketAddr::new(args.host, 0))?;
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = Endpoint::new(endpoint_config(&args), None, socket, runtime)?;
    let address = SocketAddr::new(args.host, args.port);
    let mut conn = endpoint
        .connect_with(config.clone(), address, "localhost")?
        .await?;
    say(json!({ "did": "connect", "ok": true }));
    for action in &args.actions {
        if action == "resume" || action == "early" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            conn.close(0u32.into(), b"");
            let connecting = endpoint.connect_with(config.clone(), address, "localhost")?;
            match connecting.into_0rtt() {
                Ok((early, accepted)) => {
                    let ok = get(&early, 1000).await?;
                    say(json!({ "did": action, "ok": ok, "accepted": accepted.await }));
                    conn = early;
                }
                Err(connecting) => {
                    conn = connecting.await?;
                    say(json!({ "did": action, "ok": action == "resume" }));
                }
            }
            continue;
        }
        let mut said = act(&args, &endpoint, &conn, action).await?;
        said["did"] = json!(action);
        say(said);
    }
    conn.close(0u32.into(), b"");
    endpoint.wait_idle().await;
    Ok(())
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    if args.nospare {
        unsupported("no spare connection IDs");
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
