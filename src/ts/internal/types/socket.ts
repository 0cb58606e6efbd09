/**
 * Where a socket binds.
 */
export type StartOptions = {
  /**
   * IP address or hostname. Defaults to `::`. An IPv6 address may be in brackets and have a zone.
   */
  host?: string | undefined;
  /** Defaults to 0, any free port. */
  port?: number | undefined;
  /** Whether other sockets may bind to the port. Defaults to false. */
  reuseAddr?: boolean | undefined;
  /** Whether `::` leaves out IPv4. With an IPv4 host it is an error. Defaults to false. */
  ipv6Only?: boolean | undefined;
  /** Gives up when it aborts: the start rejects with its reason, and is undone. */
  signal?: AbortSignal | undefined;
};

/**
 * Selects the UDP I/O of a socket.
 *
 * - `'dgram'` - Node's own `dgram.Socket` carries every packet. The default.
 * - `'native'` - the engine owns the UDP socket and does the I/O off the JS
 *   thread, with the operating system's batching and offloading. Faster.
 */
export type SocketIO = 'dgram' | 'native';

/**
 * How the connection IDs of a socket lead load balancers to it (QUIC-LB,
 * draft-ietf-quic-load-balancers-21), also packets of clients whose address has changed.
 * All but `serverId` is the same on all servers of a fleet.
 */
export type LoadBalancing = {
  /**
   * What the load balancer knows this server by, from 1 to 15 bytes. Network Load Balancers of AWS
   * take 8.
   */
  serverId: Uint8Array;
  /**
   * 16 bytes that server IDs are encrypted with. Without a key everybody who sees packets can tell
   * which server they go to, and so which packets belong to one client. AWS knows no key.
   */
  key?: Uint8Array | undefined;
  /**
   * How many bytes make a connection ID unique, from 4 to 19 less those of `serverId`. Defaults to
   * 8, or to as many as there is room for.
   */
  nonceLength?: number | undefined;
  /** Number of the configuration that the load balancer knows, from 0 to 6. Defaults to 0. */
  configId?: number | undefined;
  /**
   * Whether the first byte tells the length of the connection ID, for hardware. Defaults to
   * `false`.
   */
  encodeLength?: boolean | undefined;
  /**
   * Whether this server tells the clients of another one with the same `crypto.key`, whose packets
   * reach it, that their connection is gone (stateless reset, RFC 9000 section 10.3). All servers
   * of the fleet have to set it.
   *
   * Only set it if nobody can reach a server past the load balancer: whoever sees a connection ID
   * could ask another server for the token that ends the connection (RFC 9000 section 21.11).
   * Defaults to `false`.
   */
  takeOver?: boolean | undefined;
};

/**
 * What {@link QUICSocket.stats} tells.
 */
export type SocketStats = {
  /** Connections that are established. */
  connections: number;
  /** Handshakes with the server of the socket that are under way. */
  handshakes: number;
  /** Those of them whose client had not proved its address when it began. */
  unvalidatedHandshakes: number;
  /** Retry packets that the server was to send. */
  retries: number;
  /**
   * Connections and handshakes that it refused, or gave up for others, as there were too many
   * (CONNECTION_REFUSED, RFC 9000 section 20.1).
   */
  refused: number;
  /**
   * Handshakes that failed. Those of clients that have proved their address are told one by one, as
   * {@link events.EventQUICConnectionError} on the server; of others only a few, as anybody can
   * cause many.
   */
  failedHandshakes: number;
  /**
   * Datagrams dropped before they were read: of any kind over `dgram`, over `native` those that are
   * not QUIC.
   */
  datagramsDropped: number;
};
