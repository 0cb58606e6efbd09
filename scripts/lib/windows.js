// Writes native/imports_windows.cc, which lets an addon for Windows call Node-API
// when GCC or Clang links it: `node windows.js`. Calls of imported functions go
// through a pointer each, named `__imp_` and the function; these are looked up in
// the program that loaded the addon, so that it need not be called node.exe.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './common.js';

export const importsFile = path.join('native', 'imports_windows.cc');

/** The text of that file. */
export function imports() {
  const require = createRequire(import.meta.url);
  // That of native/environment.go
  const { js_native_api_symbols, node_api_symbols } =
    require('node-api-headers').symbols.v8;
  const functions = [...js_native_api_symbols, ...node_api_symbols].sort();
  return `// Written by scripts/lib/windows.js.
#include <windows.h>

static void *Find(const char *name) {
  // Builds of Node.js that keep its code in a library export from there.
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  if (host == nullptr) host = GetModuleHandleW(nullptr);
  return reinterpret_cast<void *>(GetProcAddress(host, name));
}

extern "C" {
${functions.map((name) => `void *__imp_${name} = Find("${name}");`).join('\n')}
}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(path.join(root, importsFile), imports());
}
