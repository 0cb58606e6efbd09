import assert from 'node:assert/strict';

// What the texts of Go, quic-go and the system's calls look like
const foreign =
  /x509|\btls: |crypto\/|quic-go|\budp[46]?\b|use of closed|context (canceled|deadline)|sendmsg|syscall|goroutine|BUG|timeout: |\[::\]:|\((local|remote)\)/;

/** Asserts that nothing that an error tells is a text of what the library is made of. */
export function assertPlain(error: unknown): void {
  assert.ok(error instanceof Error);
  const { data, cause } = error as Error & { data?: { reason?: unknown } };
  for (const text of [error.message, String(data?.reason ?? '')]) {
    assert.doesNotMatch(text, foreign);
  }
  const reason = data?.reason;
  if (reason instanceof Uint8Array) {
    assert.doesNotMatch(Buffer.from(reason).toString(), foreign);
  }
  if (cause instanceof Error) assertPlain(cause);
}
