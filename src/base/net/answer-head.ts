// Reads the head of another server's answer, whatever that server does. Node emits a separate event for an answer that switches protocols,
// and closes the connection without an error if nothing listens for it: the request would never end.
import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * Resolves with the head. An unrequested protocol switch counts as an answer of status 101 without a body, and its connection is closed.
 * Rejects if the connection ends earlier. Call it before the request ends.
 */
export function answerHead(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  outgoing.once('response', resolve)
  outgoing.once('upgrade', (message, socket) => {
    socket.destroy()
    resolve(message)
  })
  // The listener stays: an error without one would end the process.
  outgoing.on('error', reject)
  outgoing.once('close', () => reject(new Error('EOF')))
  return promise
}
