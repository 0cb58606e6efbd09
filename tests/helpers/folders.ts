import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** Something that a function can leave its clean-up to, as to the context of a test. */
export type Cleanup = Pick<TestContext, 'after'>;

/** Collects what is to be cleaned up after the tests of a suite, of which the last comes first. */
export function cleanups(): Cleanup & { end(): Promise<void> } {
  const ends: Array<() => unknown> = [];
  return {
    after(end) {
      ends.push(end as () => unknown);
    },
    async end() {
      for (const end of ends.reverse()) await end();
    },
  };
}

/** A new folder that is removed after the test. */
export async function makeFolder(t: Cleanup): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quic-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
