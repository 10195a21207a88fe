// The head of another server's answer, whatever that server does. Node tells of an answer that changes the protocol by an event of its own, and where
// nobody listens to it the connection is closed without an error: the request would never end.
import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * Resolves with the head. One that changes the protocol, which nobody asked for, is an answer of status 101 without a body, its connection closed.
 * Rejects where the connection ends before. To be called before the request ends.
 */
export function answerHead(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  outgoing.once('response', resolve)
  outgoing.once('upgrade', (message, socket) => {
    socket.destroy()
    resolve(message)
  })
  // It stays: an error without a listener would end the process.
  outgoing.on('error', reject)
  outgoing.once('close', () => reject(new Error('EOF')))
  return promise
}
