import type { X509Certificate } from 'node:crypto';
import QUICConnectionId from '../../QUICConnectionId.js';
import type QUICSocket from '../../QUICSocket.js';
import { decodeChain } from '../engine/layout.js';
import type { QUICConnectionEvents } from '../events/connection.js';
import * as internals from '../internals.js';
import Lifecycle from '../lifecycle/Lifecycle.js';
import { toX509 } from '../tls/authorities.js';
import { certificatesToDER } from '../tls/chains.js';
import type { Host, Port } from '../types/address.js';
import type { ConnectionError } from '../types/codes.js';
import type { ConnectionMetadata } from '../types/connection.js';
import type ConnectionState from './ConnectionState.js';
import type { Description } from './Description.js';
import type Handshake from './Handshake.js';

/**
 * What there is to know of a connection: its ends, and what they have agreed on.
 */
abstract class DescribedConnection extends Lifecycle<QUICConnectionEvents> {
  /** @internal */
  public abstract readonly [internals.state]: ConnectionState;
  /** @internal */
  public abstract readonly [internals.handshake]: Handshake;

  #remoteCerts?: Array<Uint8Array>;
  #peerCertificate?: X509Certificate;

  /**
   * Tells this connection from all others of the process, as long as it is open.
   */
  public get sendId(): string {
    return String(this[internals.state].handle);
  }

  /**
   * The first connection ID that this end chose for itself.
   */
  public get connectionId(): QUICConnectionId {
    return this.#id('connectionId');
  }

  /**
   * The first connection ID that the peer chose for itself.
   */
  public get connectionIdPeer(): QUICConnectionId {
    return this.#id('connectionIdPeer');
  }

  /**
   * The original destination connection ID, the same at both ends.
   */
  public get connectionIdShared(): QUICConnectionId {
    return this.#id('connectionIdShared');
  }

  /** IP address of the peer. */
  public get remoteHost(): Host {
    return this[internals.state].remoteHost as Host;
  }

  /** UDP port of the peer. */
  public get remotePort(): Port {
    return this[internals.state].remotePort as Port;
  }

  /**
   * The local address, that of the socket if it is bound to a wildcard.
   */
  public get localHost(): Host {
    return (this[internals.state].description?.localHost ??
      this[internals.state].socket.host) as Host;
  }

  /** UDP port of the socket. */
  public get localPort(): Port {
    return (this[internals.state].description?.localPort ??
      this[internals.state].socket.port) as Port;
  }

  /**
   * The socket that the connection goes over.
   *
   * @internal
   */
  public get [internals.socket](): QUICSocket {
    return this[internals.state].socket;
  }

  /**
   * Whether the handshake resumed a session of an earlier connection (RFC 8446 section 2.2). Then
   * no certificates are sent. It is known once {@link handshakeCompletedP} resolves.
   */
  public get resumed(): boolean {
    return this[internals.state].description?.resumed ?? false;
  }

  /**
   * Whether the server took early data of the client (0-RTT, RFC 9001 section 4.6). `'none'` if the
   * client sent none, and until the server has answered. See
   * {@link events.EventQUICConnectionEarlyData}.
   */
  public get earlyData(): 'none' | 'accepted' | 'rejected' {
    return this[internals.handshake].earlyData;
  }

  /**
   * The name of the server that the client asked for (SNI, RFC 6066 section 3), `''` if it asked
   * for none. A client has verified the server's certificate for it, or for the address.
   */
  public get serverName(): string {
    return (
      this[internals.state].description?.serverName ??
      this[internals.state].serverName
    );
  }

  /**
   * The protocol that both ends agreed on (ALPN, RFC 7301), one of `config.applicationProtos`. `''`
   * before the handshake.
   */
  public get applicationProtocol(): string {
    return this[internals.state].description?.applicationProto ?? '';
  }

  /**
   * The version of QUIC that both ends agreed on: 1 (RFC 9000), or 0x6b3343cf for version 2 (RFC
   * 9369). 0 before the handshake.
   */
  public get version(): number {
    return this[internals.state].description?.version ?? 0;
  }

  /**
   * The certificate of the peer, whether it was verified or not; `undefined` if it sent none, and
   * before the handshake. {@link QUICConnection.getRemoteCertsChain} has the whole chain.
   */
  public get peerCertificate(): X509Certificate | undefined {
    const [leaf] = this.getRemoteCertsChain();
    if (leaf === undefined) return undefined;
    this.#peerCertificate ??= toX509(leaf);
    return this.#peerCertificate;
  }

  /**
   * The newest session that the server gave to this client, see
   * {@link events.EventQUICConnectionSession}. `undefined` if it gave none yet, and for servers.
   */
  public get session(): Uint8Array | undefined {
    return this[internals.handshake].newestSession;
  }

  /**
   * The code and reason that closed the connection. `undefined` while it is open, and if it ended
   * without, as by an idle timeout.
   */
  public getConnectionError(): ConnectionError | undefined {
    const data = this[internals.state].error?.data;
    if (data === undefined || !('errorCode' in data)) return undefined;
    return data as ConnectionError;
  }

  /**
   * The certificates of `config.ca` in DER.
   */
  public getLocalCACertsChain(): Array<Uint8Array> {
    return certificatesToDER(this[internals.state].config.ca);
  }

  /**
   * The local certificates from leaf to root in DER.
   */
  public getLocalCertsChain(): Array<Uint8Array> {
    return certificatesToDER(this[internals.state].config.cert);
  }

  /**
   * The certificates that the peer sent from leaf to root in DER, whether they were verified or
   * not.
   */
  public getRemoteCertsChain(): Array<Uint8Array> {
    if (this.#remoteCerts !== undefined) return this.#remoteCerts;
    const chain = decodeChain(
      this[internals.state].env.binding.connectionCertificates(
        this[internals.state].handle,
      ),
    );
    if (
      this[internals.state].description?.isComplete ||
      this[internals.state].isClosed
    )
      this.#remoteCerts = chain;
    return chain;
  }

  /** Addresses and certificate chains of both ends. */
  public meta(): ConnectionMetadata {
    return {
      localHost: this.localHost,
      localPort: this.localPort,
      remoteHost: this.remoteHost,
      remotePort: this.remotePort,
      localCertsChain: this.getLocalCertsChain(),
      localCACertsChain: this.getLocalCACertsChain(),
      remoteCertsChain: this.getRemoteCertsChain(),
    };
  }

  #id(name: keyof Description): QUICConnectionId {
    return QUICConnectionId.fromString(
      (this[internals.state].description?.[name] ?? '') as string,
    );
  }
}

export default DescribedConnection;
