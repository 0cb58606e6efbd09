// What two languages share in memory is read and written in one place on each side.
import { faultsOf, filesOf } from './files.js';

const rules = [
  {
    folder: 'src',
    ending: '.ts',
    // The second reads files of other formats
    places: /engine\/(layout|executable)\.ts$/,
    access: /\.(get|set)(Int|Uint|Float)\d+\(|\b(read|write)(U?Int|Double|Big)/,
    codec: 'src/ts/internal/engine/layout.ts',
  },
  {
    folder: 'native',
    ending: '.go',
    places: /internal\/shared\/|_test\.go$/,
    access: /binary\.LittleEndian/,
    codec: 'native/internal/shared/layout.go',
  },
];

export function checkLayouts() {
  return rules.flatMap(({ folder, ending, places, access, codec }) =>
    filesOf([folder], [ending])
      .filter((name) => !places.test(name))
      .flatMap((name) =>
        faultsOf(name, (line) => access.test(line), `belongs into ${codec}`),
      ),
  );
}
