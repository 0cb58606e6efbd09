// What a process holds, to see that use of the library leaves nothing behind.
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { native } from '@matrixai/quic';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const alive: Record<string, number> = {};
const registry = new FinalizationRegistry<string>((name) => {
  alive[name]--;
});

/** Counts objects, by their class, until they are collected. */
export function watch(...objects: Array<object>): void {
  for (const object of objects) {
    const { name } = object.constructor;
    alive[name] = (alive[name] ?? 0) + 1;
    registry.register(object, name);
  }
}

diagnostics.subscribe('matrixai.quic.connection.open', (message) =>
  watch((message as { connection: object }).connection),
);
diagnostics.subscribe('matrixai.quic.stream.open', (message) =>
  watch((message as { stream: object }).stream),
);

/** All that can be counted. */
function holdings(): Record<string, number> {
  const { goHeap, faults, ...natives } = native.debugStats();
  const counts: Record<string, number> = { ...natives, ...alive };
  // Pipes are those of the test's own output, and requests end by themselves
  for (const name of process.getActiveResourcesInfo()) {
    if (!/Pipe|TTY|Req|Write/.test(name))
      counts[name] = (counts[name] ?? 0) + 1;
  }
  if (process.platform === 'linux') {
    counts.descriptors = readdirSync('/proc/self/fd').length;
  }
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count !== 0)
      .sort(),
  );
}

export type Holdings = ReturnType<typeof holdings>;

function exceeds(counts: Holdings, limit: Holdings): boolean {
  return Object.entries(counts).some(([name, n]) => n > (limit[name] ?? 0));
}

/**
 * Waits until no more is held than a limit says, or else until it has stopped changing, at most ten
 * seconds.
 */
export async function settle(limit?: Holdings): Promise<Holdings> {
  const readings: Array<string> = [];
  let counts: Holdings = {};
  for (let i = 0; i < 200; i++) {
    gc();
    await setTimeout(50);
    counts = holdings();
    readings.unshift(JSON.stringify(counts));
    const isSettled =
      limit === undefined
        ? readings.length > 4 && new Set(readings.slice(0, 4)).size === 1
        : !exceeds(counts, limit);
    if (isSettled) return counts;
  }
  if (limit !== undefined) assert.deepEqual(counts, limit);
  return counts;
}

/** In bytes, after everything was collected. */
export async function residentMemory(): Promise<number> {
  // What a collection has only marked is given back by the next ones
  for (let i = 0; i < 3; i++) {
    gc();
    await setTimeout(10);
  }
  native.debugStats({ collect: true });
  return process.memoryUsage.rss();
}

const nothing = holdings();

/** Waits until no more is held than when this module was loaded. */
export async function assertNothingHeld(): Promise<void> {
  await settle(nothing);
}

/** What is resident, in bytes, at first and after each use. */
export type Memory = Array<number>;

/**
 * Calls a function to warm up, then again, and waits until no more is held than was between. Memory
 * that grew by more than a part may have been that of the heap of V8, which takes what it likes up
 * to some tens of megabytes: what leaks grows with every use, so then there are two more.
 */
export async function assertLevel(
  warmUp: () => Promise<void>,
  use: () => Promise<void>,
  growth: number,
): Promise<Memory> {
  await warmUp();
  const limit = await settle();
  const memory = [await residentMemory()];
  do {
    await use();
    await settle(limit);
    memory.push(await residentMemory());
  } while (!isLevel(memory, growth) && memory.length < 4);
  return memory;
}

/** Whether the last use needed no more than a part of what was resident before. */
export function isLevel(memory: Memory, growth: number): boolean {
  const [before, after] = memory.slice(-2);
  return after <= before * (1 + growth);
}
