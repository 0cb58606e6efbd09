// Prints the files under a folder that end in one of the given ways, one per
// line, as binding.gyp wants its lists: `node sources.js FOLDER ENDING...`.
import { readdirSync } from 'node:fs';

const [folder, ...endings] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true })
  .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
  .filter((name) => endings.some((ending) => name.endsWith(ending)))
  .filter((name) => !name.endsWith('_test.go'))
  .sort();
console.log(files.join('\n'));
