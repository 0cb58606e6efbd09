import { measureOf, send } from './measures.ts';
import { Absent, type Transport } from './transport.ts';

/**
 * Does the work of one bench in this process and prints `{"value": n}` to
 * stdout, or `{"absent": "reason"}`. The same in plain quic-go lies in quic-go/.
 *
 * Last arguments of the process: `<bench> <work> <warm-up>`.
 */
export async function run(transport: Transport): Promise<void> {
  const args = process.argv.slice(2);
  const [work, warmUp] = args.slice(-2).map(Number);
  if (args.at(-4) === 'send') {
    await send(transport, Number(args.at(-3)), work, warmUp);
  } else {
    const outcome = await measureOf(args.at(-3) ?? '')(transport, work, warmUp)
      .then((value) => ({ value }))
      .catch((error) => {
        if (error instanceof Absent) return { absent: error.message };
        throw error;
      });
    console.log(JSON.stringify(outcome));
  }
  // Some transports keep the process alive.
  process.exit();
}
