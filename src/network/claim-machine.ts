// One machine has one pod network: the address range, the DNS address and the routes would clash with a second node's.
import { createServer } from 'node:net'
import { codeOf, UserError } from '../base/user-error.ts'

/** An abstract unix socket: it is nobody's file, and the kernel lets go of it with the process, however that ends. */
const claimName = '\0bulkhead-node'

/** Throws a UserError where another Bulkhead node has this machine. Disposing gives it back. */
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
