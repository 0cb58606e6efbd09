// Subjects of commits fit into a line of git log.
import { output } from '../tools.js';

const most = 72;
// Those before it were not held to this
const since = '7bd7db0';

export function checkSubjects() {
  // A copy without a history, or with a short one, has nothing to look at
  return (output('git', ['log', '--format=%h %s', `${since}..HEAD`]) ?? '')
    .split('\n')
    .map((line) => [line, line.slice(line.indexOf(' ') + 1)])
    .filter(([, subject]) => subject.length > most)
    .map(([line]) => `${line}: a subject may have ${most} characters`);
}
