import type { QUICConfig } from './types.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * Milliseconds after which a connection that is starting times out.
 *
 * It only has an effect when it is smaller than `maxIdleTimeout`, whose `0`
 * means `Infinity`. Both are infinite by default, so by default a connection
 * times out neither when it starts nor later.
 */
export const minIdleTimeout: number = Infinity;

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
