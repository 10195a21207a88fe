// A machine has one pod network: a second node's address range, DNS address and routes would clash with it.
import { createServer } from 'node:net'
import { codeOf, UserError } from '../base/user-error.ts'

/** An abstract unix socket: it has no file, and the kernel releases it when the process ends. */
const claimName = '\0bulkhead-node'

/** Throws a UserError if another Bulkhead node has claimed this machine. Disposing releases the claim. */
export async function claimMachine(name = claimName): Promise<AsyncDisposable> {
  const server = createServer(socket => socket.destroy())
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(name, resolve))
  } catch (err) {
    if (codeOf(err) !== 'EADDRINUSE') throw err
    throw new UserError('Another Bulkhead node runs on this machine: stop that cluster first, or start this one with --simulated-nodes 1', {
      cause: err,
    })
  }
  return {
    [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())),
  }
}
