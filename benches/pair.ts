import {
  Absent,
  type Client,
  type Handlers,
  type Transport,
} from './transport.ts';

/** A server and a client with one connection between them. */
export interface Pair {
  client: Client;
  /** Opens a further connection. */
  connect(): Promise<Client>;
  /**
   * Resolves with how many bytes came over that many streams which end after
   * this call.
   */
  received(streams: number): Promise<number>;
  /** Counts the datagrams of that many bytes which arrive after this call. */
  countDatagrams(size: number): () => number;
  close(): Promise<void>;
}

/** @param through - turns the server's port into the one to connect to */
export async function createPair(
  transport: Transport,
  handlers: Handlers = {},
  through = async (port: number) => port,
): Promise<Pair> {
  let onReceived: (bytes: number) => void = () => {};
  let onDatagram: (datagram: Uint8Array) => void = () => {};
  const server = await transport.listen({
    onReceived: (bytes) => onReceived(bytes),
    onDatagram: (datagram) => onDatagram(datagram),
    ...handlers,
  });
  const port = await through(server.port);
  const connect = () => transport.connect(port, handlers.datagrams);
  const client = await connect();
  return {
    client,
    connect,
    received: (streams) =>
      new Promise((resolve) => {
        let total = 0;
        onReceived = (bytes) => {
          total += bytes;
          if (--streams === 0) resolve(total);
        };
      }),
    countDatagrams(size) {
      let count = 0;
      onDatagram = ({ byteLength }) => {
        if (byteLength === size) count++;
      };
      return () => count;
    },
    async close() {
      await client.close();
      await transport.close?.();
      await server.close();
    },
  };
}

/** A method of a client, for those that have it. */
export function can<Name extends 'send' | 'echo' | 'sendDatagrams' | 'idle'>(
  client: Client,
  name: Name,
): NonNullable<Client[Name]> {
  const method = client[name];
  if (method === undefined) {
    throw new Absent('it has no streams within a connection');
  }
  return method.bind(client) as NonNullable<Client[Name]>;
}
