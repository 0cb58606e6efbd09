import vm from 'node:vm';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
const url = new URL('../../dist/index.js', import.meta.url).href;
const require = createRequire(url);
const { outputFiles } = await build({ entryPoints: [fileURLToPath(new URL('./echo.mjs', import.meta.url))], bundle: true, write: false, platform: 'node', target: 'node20', format: 'cjs', define: { 'import.meta.url': 'url' }, supported: { 'dynamic-import': false } });
const text = outputFiles[0].text;
const globals = Object.fromEntries(Object.getOwnPropertyNames(globalThis).filter((n) => !(n in vm.runInNewContext('globalThis'))).map((n) => [n, globalThis[n]]));
globals.process = Object.create(process);
for (const n of ['global','globalThis','gc','ref']) delete globals[n];
function load(context) {
  const script = new vm.Script(`(function (require, url, module, exports) {${text}\n})`, { filename: fileURLToPath(url) });
  const f = context ? script.runInContext(context) : script.runInThisContext();
  const module = { exports: {} };
  f(require, url, module, module.exports);
  return module.exports;
}
const io = process.argv[2] ?? 'dgram';
async function run(context) {
  const { open } = load(context);
  const { server, client } = await open(io);
  globalThis.ref = new WeakRef(server);
  return [server.port, client.localPort];
}
const isFree = async (port) => { const s = dgram.createSocket('udp4'); try { s.bind(port, '127.0.0.1'); await once(s, 'listening'); return true; } catch { return false; } finally { s.close(); } };
const ports = await run(process.argv[3]!=='main'? vm.createContext({ ...globals }) : undefined);
console.log(ports, await isFree(ports[0]));
for (let i = 0; i < 10; i++) {
  await sleep(50); gc();
  const free = await Promise.all(ports.map(isFree));
  console.log(i, free, ref.deref() === undefined);
  if (free.every(Boolean)) break;
}
if (process.argv[4]) (await import('node:v8')).writeHeapSnapshot('/tmp/h18c-try/heap.heapsnapshot');
process.exitCode = 0;
setTimeout(() => process.exit(), 200).unref();
