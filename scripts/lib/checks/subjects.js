// Subjects of commits fit into a line of git log.
import { spawnSync } from 'node:child_process';
import { root } from '../common.js';

const most = 72;
// Those before it were not held to this
const since = '7bd7db0';

export function checkSubjects() {
  const args = ['log', '--format=%h %s', `${since}..HEAD`];
  const { status, stdout } = spawnSync('git', args, {
    cwd: root,
    encoding: 'utf8',
  });
  // A copy without a history, or with a short one, has nothing to look at
  if (status !== 0) return [];
  return stdout
    .split('\n')
    .map((line) => [line, line.slice(line.indexOf(' ') + 1)])
    .filter(([, subject]) => subject.length > most)
    .map(([line]) => `${line}: a subject may have ${most} characters`);
}
