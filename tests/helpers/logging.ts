import type { TestContext } from 'node:test';
import Logger, { formatting, Handler, LogLevel } from '@matrixai/logger';

class Recorder extends Handler {
  public constructor(protected lines: Array<string>) {
    super(formatting.format`${formatting.level} ${formatting.msg}`);
  }

  public emit(line: string): void {
    this.lines.push(line);
  }
}

/** A logger of the user, and the lines that it got so far, each a level and a message. */
export function recordingLogger(level = LogLevel.DEBUG): {
  logger: Logger;
  lines: Array<string>;
} {
  const lines: Array<string> = [];
  return { logger: new Logger('test', level, [new Recorder(lines)]), lines };
}

/** Sets an environment variable until the end of the test. */
export function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}
