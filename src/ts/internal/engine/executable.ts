import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const elfMachines: Record<number, string> = {
  3: 'ia32',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
};

const peMachines: Record<number, string> = {
  332: 'ia32',
  34404: 'x64',
  43620: 'arm64',
};

const machCpus: Record<number, string> = {
  16777223: 'x64',
  16777228: 'arm64',
};

/**
 * What a library was built for, by its first bytes: the dynamic loader says of one for another
 * processor that there is none. `undefined` if it is no library.
 */
export function builtFor(
  file: string,
): { systems: Array<string>; arch: string } | undefined {
  const { head } = readHead(file);
  if (head.length < 64) return undefined;
  if (head.readUInt32BE(0) === 0x7f454c46) {
    const arch = elfMachines[head.readUInt16LE(18)] ?? 'another processor';
    const systems = head[7] === 9 ? ['freebsd'] : ['linux', 'android'];
    return { systems, arch };
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) {
    const arch = machCpus[head.readUInt32LE(4)] ?? 'another processor';
    return { systems: ['darwin'], arch };
  }
  const pe = head.readUInt32LE(60);
  if (head.toString('latin1', 0, 2) === 'MZ' && pe + 6 <= head.length) {
    const arch = peMachines[head.readUInt16LE(pe + 4)] ?? 'another processor';
    return { systems: ['win32'], arch };
  }
  return undefined;
}

/**
 * Whether a library for Linux or FreeBSD ends before its table of sections does, which is the last
 * of it. The dynamic loader would end the process when it comes to what is missing.
 */
export function isTruncated(file: string): boolean {
  const { head, size } = readHead(file);
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return false;
  const [offset, at] =
    head[4] === 2
      ? [Number(head.readBigUInt64LE(40)), 58]
      : [head.readUInt32LE(32), 46];
  return offset + head.readUInt16LE(at) * head.readUInt16LE(at + 2) > size;
}

function readHead(file: string): { head: Buffer; size: number } {
  const head = Buffer.alloc(1024);
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    return { head: head.subarray(0, readSync(descriptor, head)), size };
  } finally {
    closeSync(descriptor);
  }
}
