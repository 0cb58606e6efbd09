import { readFile } from 'node:fs/promises';
import { ask, connect } from './app.js';

const cert = await readFile('cert.pem', 'utf8');
const client = await connect(Number(process.env.PORT ?? 4433), cert);
console.log(await ask(client.connection, process.argv[2] ?? 'hello'));
await client.destroy();
