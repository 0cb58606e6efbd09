// Asks the databases of known vulnerabilities about what is in the library:
// govulncheck for Go, npm audit for what users get. Both need the network.
import { spawnSync } from 'node:child_process';
import { fail, root } from './lib/common.js';

const audits = [
  ['npm audit', 'npm', ['audit', '--omit=dev']],
  [
    'govulncheck',
    'go',
    ['run', 'golang.org/x/vuln/cmd/govulncheck@v1.9.0', './native/...'],
  ],
];

const failed = audits.filter(([name, command, args]) => {
  console.log(`\n# ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status !== 0;
});
if (failed.length > 0) {
  fail(
    `${failed.map(([name]) => name).join(' and ')} failed: there are vulnerabilities, or no database could be asked.`,
  );
}
