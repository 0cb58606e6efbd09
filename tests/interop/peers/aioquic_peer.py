"""A peer on aioquic. See ../protocol.md for what it does."""

import argparse
import asyncio
import json
import os
import socket
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    DatagramFrameReceived,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite, SessionTicket

PATTERN = bytes(range(256))
tickets: dict[bytes, SessionTicket] = {}


def pattern(size):
    return (PATTERN * (size // 256 + 1))[:size]


def say(**line):
    print(json.dumps(line), flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["server", "client"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--ca")
    parser.add_argument("--idle", type=int, default=30_000)
    parser.add_argument("--keepalive", type=int)
    parser.add_argument("--window", type=int)
    parser.add_argument("--streams", type=int)
    parser.add_argument("--cid", type=int)
    parser.add_argument("--mtu", type=int)
    parser.add_argument("--retry", action="store_true")
    parser.add_argument("--chacha20", action="store_true")
    parser.add_argument("--v2", action="store_true")
    parser.add_argument("--negotiate", action="store_true")
    parser.add_argument("--nospare", action="store_true")
    parser.add_argument("--moving", action="store_true")
    parser.add_argument("--reset-key")
    parser.add_argument("actions", nargs="*")
    args = parser.parse_intermixed_args()
    if args.reset_key:
        # It makes stateless reset tokens at random
        say(unsupported="stateless resets after a restart")
        sys.exit(127)
    if args.cid == 0 and args.role == "client":
        # It makes the first ID of the server as long, against RFC 9000 section 7.2
        say(unsupported="clients with connection IDs of 0 bytes")
        sys.exit(127)
    if args.streams:
        # Of both types, a constant of the module otherwise
        original = QuicConnection.__init__

        def init(self, *positional, **named):
            original(self, *positional, **named)
            for limit in (self._local_max_streams_bidi, self._local_max_streams_uni):
                limit.value = limit.sent = args.streams

        QuicConnection.__init__ = init
    if args.nospare or args.cid == 0:
        QuicConnection._replenish_connection_ids = lambda self: None
    return args


def configure(args):
    is_client = args.role == "client"
    options = dict(
        is_client=is_client,
        alpn_protocols=["interop"],
        idle_timeout=args.idle / 1000,
        max_datagram_frame_size=65536,
    )
    if args.cid is not None:
        options["connection_id_length"] = args.cid
    if args.window:
        options["max_data"] = options["max_stream_data"] = args.window
    if args.mtu:
        options["max_datagram_size"] = args.mtu
    if args.chacha20:
        options["cipher_suites"] = [CipherSuite.CHACHA20_POLY1305_SHA256]
    v1, v2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2
    if args.v2:
        options["supported_versions"] = [v2, v1]
        if is_client:
            options["original_version"] = v2
    if args.negotiate:
        options["supported_versions"] = [0x1A2A3A4A, v1]
        options["original_version"] = 0x1A2A3A4A
    configuration = QuicConfiguration(**options)
    if is_client:
        configuration.load_verify_locations(args.ca)
        configuration.server_name = "localhost"
    else:
        configuration.load_cert_chain(args.cert, args.key)
    return configuration


class Peer(QuicConnectionProtocol):
    def __init__(self, *positional, **named):
        super().__init__(*positional, **named)
        self.received = {}
        self.waiting = {}
        self.datagrams = asyncio.Queue()
        self.streams = asyncio.Queue()
        self.last = {}
        self.ended = self._loop.create_future()

    @property
    def is_client(self):
        return self._quic.configuration.is_client

    def transmit(self):
        super().transmit()
        # Sending gives connection IDs, which the server learns of by an event. A client
        # that uses them at once would find that nobody knows them.
        self._process_events()

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            end = dict(code=event.error_code, reason=event.reason_phrase)
            end["app"] = event.frame_type is None
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(json.dumps(end)))
            if not self.ended.done():
                self.ended.set_result(end)
        elif isinstance(event, StreamDataReceived):
            data = self.received.setdefault(event.stream_id, bytearray())
            data += event.data
            if bytes(data[:5]) == b"STOP ":
                code = int(data.split()[1])
                self._quic.stop_stream(event.stream_id, code)
                self.transmit()
            if event.end_stream:
                self.complete(event.stream_id, bytes(data))
        elif isinstance(event, StreamReset):
            self.last["reset"] = event.error_code
            self.fail(event.stream_id, event.error_code)
        elif isinstance(event, StopSendingReceived):
            self.last["stop"] = event.error_code
            self.fail(event.stream_id, event.error_code)
        elif isinstance(event, DatagramFrameReceived):
            if self.is_client:
                self.datagrams.put_nowait(event.data)
            else:
                self._quic.send_datagram_frame(event.data)
                self.transmit()

    def fail(self, stream_id, code):
        future = self.waiting.get(stream_id)
        if future is not None and not future.done():
            future.set_exception(InterruptedError(code))

    def complete(self, stream_id, data):
        future = self.waiting.get(stream_id)
        if future is not None and not future.done():
            future.set_result(data)
        elif self.is_client:
            self.streams.put_nowait(data)
        elif stream_id & 2:
            answer = self._quic.get_next_available_stream_id(is_unidirectional=True)
            self._quic.send_stream_data(answer, data, end_stream=True)
            self.transmit()
        else:
            self.answer(stream_id, data)

    def answer(self, stream_id, data):
        command, *words = data[:200].split(b" ")
        if command == b"RESET":
            self._quic.reset_stream(stream_id, int(words[0]))
        elif command == b"CLOSE":
            self._quic.close(int(words[0]), None, b" ".join(words[1:]).decode())
        elif command == b"DIE":
            os._exit(0)
        else:
            if command == b"GET":
                data = pattern(int(words[0]))
            elif command == b"LAST":
                data = json.dumps(self.last).encode()
            elif command == b"STOP":
                return
            elif command == b"KEYUPDATE":
                self._quic.request_key_update()
                data = b"updated"
            self._quic.send_stream_data(stream_id, data, end_stream=True)
        self.transmit()

    async def ask(self, data, end=True):
        stream_id = self._quic.get_next_available_stream_id()
        self.waiting[stream_id] = future = self._loop.create_future()
        self._quic.send_stream_data(stream_id, data, end_stream=end)
        self.transmit()
        try:
            return stream_id, await future
        finally:
            del self.waiting[stream_id]
            self.received.pop(stream_id, None)

    async def get(self, size):
        _, data = await self.ask(b"GET %d" % size)
        return data == pattern(size)

    async def act(self, action):
        what, _, rest = action.partition(" ")
        words = rest.split()
        if what == "get":
            return dict(ok=await self.get(int(rest)))
        if what == "send":
            data = pattern(int(rest))
            return dict(ok=(await self.ask(data))[1] == data)
        if what == "multiplex":
            count, size = map(int, words)
            done = await asyncio.gather(*(self.get(size) for _ in range(count)))
            return dict(ok=all(done))
        if what == "uni":
            stream_id = self._quic.get_next_available_stream_id(is_unidirectional=True)
            self._quic.send_stream_data(stream_id, rest.encode(), end_stream=True)
            self.transmit()
            return dict(ok=await self.streams.get() == rest.encode())
        if what == "datagram":
            for _ in range(20):
                self._quic.send_datagram_frame(rest.encode())
                self.transmit()
                try:
                    data = await asyncio.wait_for(self.datagrams.get(), 0.2)
                    return dict(ok=data == rest.encode())
                except asyncio.TimeoutError:
                    pass
            return dict(ok=False)
        if what in ("askreset", "askstop"):
            try:
                command = "RESET" if what == "askreset" else "STOP"
                await self.ask(f"{command} {rest}".encode(), end=what == "askreset")
            except InterruptedError as e:
                return dict(ok=str(e) == rest, code=str(e))
            return dict(ok=False)
        if what == "reset":
            stream_id = self._quic.get_next_available_stream_id()
            self._quic.send_stream_data(stream_id, b"x")
            self.transmit()
            await self.ping()
            self._quic.reset_stream(stream_id, int(rest))
            self.transmit()
            await self.ping()
            return dict(ok=True)
        if what == "close":
            self._quic.close(int(words[0]), None, " ".join(words[1:]))
            self.transmit()
            return dict(ok=True)
        if what == "askclose":
            self._quic.send_stream_data(
                self._quic.get_next_available_stream_id(),
                f"CLOSE {rest}".encode(),
                end_stream=True,
            )
            self.transmit()
            end = await self.ended
            return dict(ok=f"{end['code']} {end['reason']}" == rest, **end)
        if what == "wait":
            await asyncio.sleep(int(rest) / 1000)
            return dict(ok=True)
        if what == "keyupdate":
            self._quic.request_key_update()
            return dict(ok=True)
        if what == "rebind":
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(("::", 0))
            self._transport, _ = await self._loop.create_datagram_endpoint(
                lambda: Forward(self), sock=sock
            )
            self._quic.change_connection_id()
            return dict(ok=True)
        if what == "ended":
            return dict(ok=True, **await self.ended)
        return dict(unsupported=what)


class Forward(asyncio.DatagramProtocol):
    def __init__(self, peer):
        self.peer = peer

    def datagram_received(self, data, address):
        self.peer.datagram_received(data, address)


async def keep_alive(peer, interval):
    while not peer.ended.done():
        await asyncio.sleep(interval / 1000)
        peer._quic.send_ping(0)
        peer.transmit()


async def run_client(args):
    sessions = []

    async def dial(early):
        configuration = configure(args)
        if sessions:
            configuration.session_ticket = sessions[-1]
        return connect(
            args.host,
            args.port,
            configuration=configuration,
            create_protocol=Peer,
            session_ticket_handler=sessions.append,
            wait_connected=not early,
        )

    actions = list(args.actions)
    early = False
    while True:
        resumed = bool(sessions)
        async with await dial(early) as peer:
            peer.args = args
            if args.keepalive:
                asyncio.ensure_future(keep_alive(peer, args.keepalive))
            if early:
                # What is sent before the handshake completes
                say(did="early", ok=await peer.get(1000),
                    accepted=peer._quic.tls.early_data_accepted)
            elif resumed:
                say(did="resume", ok=peer._quic.tls.session_resumed)
            else:
                say(did="connect", ok=True,
                    version=peer._quic._version,
                    cipher=peer._quic.tls.key_schedule.cipher_suite.name)
            while actions:
                action = actions.pop(0)
                if action in ("resume", "early"):
                    while not sessions:
                        await asyncio.sleep(0.01)
                    early = action == "early"
                    break
                say(did=action, **await peer.act(action))
            else:
                return


async def run_server(args):
    configuration = configure(args)

    def create(*positional, **named):
        peer = Peer(*positional, **named)
        if args.keepalive:
            asyncio.ensure_future(keep_alive(peer, args.keepalive))
        return peer

    server = await serve(
        args.host,
        args.port,
        configuration=configuration,
        create_protocol=create,
        retry=args.retry,
        session_ticket_fetcher=lambda label: tickets.pop(label, None),
        session_ticket_handler=lambda t: tickets.__setitem__(t.ticket, t),
    )
    say(port=server._transport.get_extra_info("sockname")[1])
    await asyncio.Event().wait()


parsed = arguments()
try:
    asyncio.run(run_client(parsed) if parsed.role == "client" else run_server(parsed))
except Exception as e:
    say(error=f"{type(e).__name__}: {e}")
    sys.exit(1)
