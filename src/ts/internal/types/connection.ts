import type { AbortOptions } from './abort.js';
import type { ConnectionErrorCode } from './codes.js';
import type { Opaque } from './common.js';
import type { CongestionController } from './config.js';

/**
 * How to close a connection, or all of a server. An aborted `signal` ends only the wait.
 */
export type CloseOptions = AbortOptions & {
  /**
   * What the peer is told: up to 960 bytes, or 320 with `isApp: false`. More does not fit into a
   * packet and is cut off. A string is sent as UTF-8. Defaults to none.
   */
  reason?: Uint8Array | string | undefined;
  /**
   * Whether to end running streams instead of waiting for them. Defaults to true. What was written
   * to closed writers is delivered either way, unless the peer does not answer for three probe
   * timeouts (RFC 9002 section 6.2.1).
   */
  force?: boolean | undefined;
} & (
    | {
        /** The code is a transport error code (RFC 9000 section 20.1). */
        isApp: false;
        /** Defaults to `ConnectionErrorCode.NoError`. */
        errorCode?: ConnectionErrorCode | undefined;
      }
    | {
        /** The code is the application's. The default. */
        isApp?: true | undefined;
        /** Defaults to 0. */
        errorCode?: number | undefined;
      }
  );

/**
 * A connection ID as bytes (RFC 9000 section 5.1).
 */
export type ConnectionId = Opaque<'ConnectionId', Buffer>;

/**
 * A connection ID in hex.
 */
export type ConnectionIdString = Opaque<'ConnectionIdString', string>;

/**
 * Addresses and certificate chains of a connection, the chains in DER from leaf
 * to root.
 */
export type ConnectionMetadata = {
  /** IP address of the local end. */
  localHost: string;
  /** UDP port of the local end. */
  localPort: number;
  /** IP address of the peer. */
  remoteHost: string;
  /** UDP port of the peer. */
  remotePort: number;
  /** Certificates that the local end has, those of `config.cert`. */
  localCertsChain: Array<Uint8Array>;
  /** Certificate authorities of the local end, those of `config.ca`. */
  localCACertsChain: Array<Uint8Array>;
  /** Certificates that the peer sent. */
  remoteCertsChain: Array<Uint8Array>;
};

/**
 * What {@link QUICConnection.stats} tells. Names are those of W3C WebTransport, where it has them.
 */
export type ConnectionStats = {
  /**
   * Exponentially weighted average of the round-trip time, in milliseconds (RFC 9002 section 5.3).
   */
  smoothedRtt: number;
  /** The last sample of it, in milliseconds. */
  latestRtt: number;
  /** The smallest one on this path, in milliseconds. */
  minRtt: number;
  /** The mean deviation of it, in milliseconds. */
  rttVariation: number;
  /** How many bytes may be under way (RFC 9002 section 7). */
  congestionWindow: number;
  /** UDP payloads sent, in bytes, those sent again included. */
  bytesSent: number;
  /** QUIC packets sent. */
  packetsSent: number;
  /** UDP payloads received, in bytes. */
  bytesReceived: number;
  /** QUIC packets received. */
  packetsReceived: number;
  /** Bytes of packets that count as lost. Can fall, when such a packet arrives after all. */
  bytesLost: number;
  /** Packets that count as lost. Can fall, too. */
  packetsLost: number;
  /**
   * The largest UDP payload that is sent, in bytes: what the path has been found to carry (RFC 9000
   * section 14.3), at least 1,200.
   */
  pathMtu: number;
  /** The congestion controller, see {@link QUICConfig.congestionControl}. */
  congestionControl: CongestionController;
  /**
   * What it is at: a state of RFC 9002 section 7.3, or one of BBR (draft-ietf-ccwg-bbr section
   * 5.1.1).
   */
  congestionState: CongestionState;
  /** At what rate packets are sent at most (RFC 9002 section 7.7), in bytes per second. */
  pacingRate: number;
  /** Streams that are open, at most one of their sides closed. */
  streams: number;
  /** Unreliable datagrams, see {@link QUICDatagrams}. */
  datagrams: {
    /** How many came in and were dropped. */
    droppedIncoming: number;
    /** How many were dropped instead of sent. */
    droppedOutgoing: number;
  };
};

/**
 * What a congestion controller is at, see {@link ConnectionStats.congestionState}.
 */
export type CongestionState =
  | 'slow_start'
  | 'recovery'
  | 'congestion_avoidance'
  | 'startup'
  | 'drain'
  | 'probe_bw_down'
  | 'probe_bw_cruise'
  | 'probe_bw_refill'
  | 'probe_bw_up'
  | 'probe_rtt';
