// Before npm packs the main package: builds dist/ from scratch and names the
// packages of the platforms in package.json; `node prepack.js --undo` takes the
// names out again. A clone has them only then, because npm refuses a lockfile
// that names packages which are not published yet.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, root } from './lib/common.js';
import { optionalDependencies, readMain, toJSON } from './lib/packages.js';

const { optionalDependencies: _, ...main } = readMain();
if (process.argv[2] !== '--undo') {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  build();
  main.optionalDependencies = optionalDependencies(main);
}
writeFileSync(path.join(root, 'package.json'), toJSON(main));
