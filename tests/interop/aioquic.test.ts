// What is tried with all other implementations by `npm run test:interop` is tried here with one of
// them, as far as it takes no time.
import { test } from 'node:test';
import { reasonNotToUse } from '../helpers/aioquic.js';
import { forEachIO } from '../helpers/io.js';
import { Bench, cases } from './cases.js';
import { peers, Unsupported } from './peers.js';

const timeout = 60_000;
const skip = await reasonNotToUse();
const [aioquic] = peers;

/** What takes its time, or is tried with other versions of this library as well. */
const left =
  /10 MB|long round|blackhole|30 %|2 %|keep-alive|idle|multiplexing|amplification|ChaCha20|ECN|IPv6|address|transport|unidirectional|of 0 bytes/;

forEachIO((io) => {
  for (const { name, client, server } of cases) {
    if (left.test(name)) continue;
    for (const [role, run] of Object.entries({ client, server })) {
      if (run === undefined) continue;
      test(`${name}, as ${role} of aioquic`, { skip, timeout }, async (t) => {
        try {
          await run(await Bench.create(t, io, aioquic));
        } catch (e) {
          if (!(e instanceof Unsupported)) throw e;
          t.skip(e.message);
        }
      });
    }
  }
});
