import type { QUICConfig } from './internal/types/config.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * The `minIdleTimeout` that version 2 has by default: handshakes may take for ever. Now they have
 * 10 seconds unless an option says otherwise.
 */
export const minIdleTimeout: number = Infinity;

/**
 * The default of the options `minIdleTimeout`, in milliseconds.
 *
 * @internal
 */
export const handshakeTimeout = 10_000;

const common = {
  grease: true,
  maxIdleTimeout: 0,
  maxRecvUdpPayloadSize: 65527,
  maxSendUdpPayloadSize: 1200,
  initialMaxData: 10 * MiB,
  initialMaxStreamDataBidiLocal: 1 * MiB,
  initialMaxStreamDataBidiRemote: 1 * MiB,
  initialMaxStreamDataUni: 1 * MiB,
  initialMaxStreamsBidi: 100,
  initialMaxStreamsUni: 100,
  maxConnectionWindow: 24 * MiB,
  maxStreamWindow: 16 * MiB,
  congestionControl: 'cubic' as const,
  disableActiveMigration: false,
  enableEarlyData: false,
  readableChunkSize: 64 * KiB,
};

// Frozen all the way down, as the defaults of all connections of the process
function defaults(verifyPeer: boolean): Readonly<QUICConfig> {
  const config: QUICConfig = {
    ...common,
    verifyPeer,
    enableDgram: [false, 0, 0],
    applicationProtos: ['quic'],
  };
  Object.freeze(config.enableDgram);
  Object.freeze(config.applicationProtos);
  return Object.freeze(config);
}

/**
 * Configuration of a client for the options that it leaves out. Frozen.
 */
export const clientDefault: Readonly<QUICConfig> = defaults(true);

/**
 * Configuration of a server for the options that it leaves out. Frozen.
 */
export const serverDefault: Readonly<QUICConfig> = defaults(false);
