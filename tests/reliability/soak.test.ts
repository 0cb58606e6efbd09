import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QUICStream } from '@matrixai/quic';
import { seed } from '../helpers/random.js';
import { isFull } from '../helpers/scale.js';
import { grows, soak } from '../soak/soak.js';

const timeout = 180_000;

async function run(
  minutes: number,
  onStream?: (stream: QUICStream) => void,
): Promise<{ problems: Array<string>; lines: Array<string> }> {
  const lines: Array<string> = [];
  const print = (line: string) => lines.push(line);
  const problems = await soak({ minutes, clients: 10, seed, print, onStream });
  return { problems, lines };
}

test('clients over a bad network lose nothing and leave nothing', {
  timeout,
}, async (t) => {
  const { problems, lines } = await run(isFull ? 0.5 : 0.05);
  for (const line of lines) t.diagnostic(line);
  assert.deepEqual(problems, []);
  assert.equal(lines.length, 5);
});

test('the soak test notices bytes that are wrong', { timeout }, async () => {
  const { problems } = await run(0.02, async ({ readable, writable }) => {
    const writer = writable.getWriter();
    try {
      for await (const chunk of readable) {
        if (chunk.length > 1) chunk[0] ^= 1;
        await writer.write(chunk);
      }
      await writer.close();
    } catch {
      // The stream was reset
    }
  });
  assert.ok(problems.some((problem) => problem.includes('wrong bytes')));
});

test('the soak test notices memory that grows', () => {
  // The first minute warms up
  assert.ok(!grows([50, 100, 104, 99, 103, 101, 102]));
  assert.ok(!grows([50, 100]));
  assert.ok(grows([50, 100, 103, 105, 110, 112, 115]));
});
