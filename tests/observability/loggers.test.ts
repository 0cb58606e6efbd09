// Loggers of other makes: each gets a text, and an object of what it is about.
import assert from 'node:assert/strict';
import { Console } from 'node:console';
import path from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { errors, events, type LoggerLike } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { installTools } from '../helpers/packages.js';
import { connect, pair, startServer } from '../helpers/pair.js';

const timeout = 60_000;

type Line = {
  level: unknown;
  text: string;
  fields: Record<string, any>;
};

type Recorded = { logger: LoggerLike; lines: () => Array<Line> };

/** Collects what is written. */
function collector(): { stream: Writable; written: () => string } {
  let written = '';
  const stream = new Writable({
    write(chunk, _, done) {
      written += chunk;
      done();
    },
  });
  return { stream, written: () => written };
}

async function load(name: string, file: string): Promise<any> {
  const modules = await installTools('loggers');
  return import(pathToFileURL(path.join(modules, name, file)).href);
}

const makers: Record<string, () => Promise<Recorded>> = {
  async pino() {
    const { default: pino } = await load('pino', 'pino.js');
    const { stream, written } = collector();
    const logger = pino({ level: 'debug' }, stream);
    const lines = () =>
      written()
        .trim()
        .split('\n')
        .map((line) => {
          const { level, msg: text, err, error, ...fields } = JSON.parse(line);
          return { level, text, fields: { ...fields, error: error ?? err } };
        });
    return { logger, lines };
  },

  async winston() {
    const { default: winston } = await load('winston', 'lib/winston.js');
    const { stream, written } = collector();
    const logger = winston.createLogger({
      level: 'debug',
      transports: [new winston.transports.Stream({ stream })],
    });
    const lines = () =>
      written()
        .trim()
        .split('\n')
        .map((line) => {
          const { level, message: text, ...fields } = JSON.parse(line);
          return { level, text, fields };
        });
    return { logger, lines };
  },

  async 'an object with four methods'() {
    const lines: Array<Line> = [];
    const at =
      (level: string) =>
      (text: string, fields: Record<string, unknown> = {}) =>
        lines.push({ level, text, fields });
    const logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    };
    return { logger, lines: () => lines };
  },
};

forEachIO((io) => {
  for (const [name, make] of Object.entries(makers)) {
    test(`${name} gets texts with their fields`, { timeout }, async (t) => {
      const ofClient = await make();
      const ofServer = await make();
      const { client, server, connection, serverConnection } = await pair(
        t,
        io,
        {
          client: { logger: ofClient.logger },
          server: { logger: ofServer.logger },
        },
      );
      const id = `${serverConnection.connectionId}`;
      const ended = once(serverConnection, events.EventQUICConnectionStopped);
      await client.destroy({ errorCode: 7, reason: 'a\nb' });
      await ended;
      const failed = once(server, events.EventQUICConnectionError);
      await assert.rejects(
        connect(t, io, server.port, {
          config: { applicationProtos: ['other'] },
        }),
      );
      await failed;
      const started = ofClient
        .lines()
        .find(({ text }) => text.startsWith('Started QUICConnection'));
      assert.ok(started);
      assert.match(
        started.text,
        /^Started QUICConnection \w+ to 127\.0\.0\.1:/,
      );
      assert.equal(started.fields.connectionId, `${connection.connectionId}`);
      assert.equal(started.fields.remotePort, server.port);
      const closed = ofServer
        .lines()
        .find(({ text }) => text.includes('application code 7'));
      assert.ok(closed);
      assert.ok(closed.text.startsWith(`QUICConnection ${id} from 127.0.0.1:`));
      assert.ok(closed.text.endsWith(': a\\u000ab'));
      assert.equal(closed.fields.connectionId, id);
      assert.equal(closed.fields.remoteHost, '127.0.0.1');
      const { error } = closed.fields;
      assert.ok(
        error instanceof errors.ErrorQUICConnectionPeer ||
          error.code === 'ERR_QUIC_CONNECTION_PEER',
        JSON.stringify(error),
      );
      const handshake = ofServer
        .lines()
        .find(({ text }) => text.startsWith('Failed handshake'));
      assert.equal(handshake?.fields.remoteHost, '127.0.0.1');
    });
  }

  test('the console is a logger', { timeout }, async (t) => {
    const { stream, written } = collector();
    const logger = new Console(stream);
    const server = await startServer(t, io, { logger });
    const accepted = once(server, events.EventQUICServerConnection);
    const ended = once(server, events.EventQUICConnectionStopped);
    const client = await connect(t, io, server.port);
    await accepted;
    await client.destroy();
    await ended;
    assert.match(written(), /^Start QUICServer\n/);
    assert.match(written(), /connectionId: '/);
  });

  test('what is no logger is refused', async (t) => {
    for (const logger of [{}, { info() {} }, 'console', null]) {
      await assert.rejects(
        startServer(t, io, { logger: logger as never }),
        /logger: expected a logger with the methods debug, info, warn and error/,
      );
    }
  });
});
