/**
 * The reasons that stand for the code 0 of a stream that the peer reset or stopped, where the
 * application maps no codes: it has ended without a failure, as a connection with the code 0.
 */
export const withoutFailure = new WeakSet<object>();
