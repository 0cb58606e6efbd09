import type { Target } from '../events/emit.js';
import type Log from '../log/Log.js';
import type { ConnectionClass } from '../types/classes.js';
import type { QUICConfig } from '../types/config.js';
import type { ConnectionMetadata } from '../types/connection.js';
import type StreamCodes from './StreamCodes.js';

/**
 * What a stream belongs to.
 */
export interface StreamOwner<Stream> {
  readonly connection: ConnectionClass;
  readonly config: QUICConfig;
  readonly codes: StreamCodes;
  readonly logger: Log;
  /** Where events of streams are emitted again. */
  readonly targets: Array<Target>;
  meta(): ConnectionMetadata;
  /** The stream has its ID. */
  opened(stream: Stream): void;
  /**
   * The stream has ended.
   *
   * @param error - what ended a side of it before its time
   */
  destroyed(stream: Stream, error: Error | undefined): void;
  /** Tells the logger of the stream. */
  log(what: string, stream: Stream): void;
}
