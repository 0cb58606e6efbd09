// Prints the source that lets an addon for Windows call Node-API when GCC or
// Clang links it. Calls of imported functions go through a pointer each, named
// `__imp_` and the function; these are looked up in the program that loaded the
// addon, so that it need not be called node.exe.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const version = process.argv[2];
const { js_native_api_symbols, node_api_symbols } =
  require('node-api-headers').symbols[`v${version}`];
const functions = [...js_native_api_symbols, ...node_api_symbols].sort();

console.log(`#include <windows.h>

static void *Find(const char *name) {
  // Builds of Node.js that keep its code in a library export from there.
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  if (host == nullptr) host = GetModuleHandleW(nullptr);
  return reinterpret_cast<void *>(GetProcAddress(host, name));
}

extern "C" {
${functions.map((name) => `void *__imp_${name} = Find("${name}");`).join('\n')}
}`);
