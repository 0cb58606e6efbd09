import { Random } from './random.js';
import type { Impairment, Relay, Scope } from './relay.js';

/**
 * What a network does to datagrams. Probabilities are from 0 to 1 and for each datagram, times in
 * milliseconds.
 */
export type BadNetwork = {
  loss?: number;
  duplication?: number;
  /** Of being overtaken by those of the next 10 ms. */
  reordering?: number;
  /** Of one bit being another. */
  corruption?: number;
  truncation?: number;
  delay?: number;
  /** The most that is added to the delay. */
  jitter?: number;
  /** Larger datagrams are lost. In bytes. */
  mtu?: number;
  /** How often nothing gets through for how long. */
  blackouts?: { every: number; length: number };
  /** How often the client gets another address. */
  rebinding?: number;
};

const overtaken = 10;

/** Makes a relay a bad network until the test ends. */
export function worsen(
  t: Scope,
  relay: Relay,
  network: BadNetwork,
  seed: number,
): void {
  if (network.rebinding !== undefined) {
    const timer = setInterval(() => void relay.rebind(), network.rebinding);
    t.after(() => clearInterval(timer));
  }
  relay.impairment = impairment(network, new Random(seed));
}

function impairment(network: BadNetwork, random: Random): Impairment {
  const {
    loss = 0,
    duplication = 0,
    reordering = 0,
    corruption = 0,
    truncation = 0,
    delay = 0,
    jitter = 0,
    mtu = Infinity,
    blackouts,
  } = network;
  const started = performance.now();
  const isBlackedOut = () =>
    blackouts !== undefined &&
    (performance.now() - started) % blackouts.every < blackouts.length;
  return (datagram, forward) => {
    if (isBlackedOut() || datagram.length > mtu || random.happens(loss)) return;
    const changed = Buffer.from(datagram);
    if (random.happens(corruption)) {
      changed[random.below(changed.length)] ^= 1 << random.below(8);
    }
    const length = random.happens(truncation)
      ? random.below(changed.length)
      : changed.length;
    const wait =
      delay +
      (jitter > 0 ? random.below(jitter + 1) : 0) +
      (random.happens(reordering) ? overtaken : 0);
    const times = random.happens(duplication) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      if (wait === 0) forward(changed.subarray(0, length));
      else setTimeout(() => forward(changed.subarray(0, length)), wait);
    }
  };
}
