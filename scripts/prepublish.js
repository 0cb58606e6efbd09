// Refuses `npm publish` in this folder: what it tells the registry about the
// package is read after `postpack`, and lacks the packages of the platforms.
import { fail } from './lib/common.js';

fail('Publish what `npm pack` made: npm publish ./NAME-VERSION.tgz');
