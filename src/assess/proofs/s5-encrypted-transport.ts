import { createServer, type TLSSocket } from 'node:tls'
import { messageOf } from '../../base/user-error.ts'
import { captureTraffic } from '../attacks/transport/capture.ts'
import { attackListeners, clusterListeners } from '../attacks/transport/listeners.ts'
import { attackScratchClients } from '../attacks/transport/scratch-clients.ts'
import { handshake, targetOf } from '../dial.ts'
import { foreignAuthority, forgeCertificate } from '../forged-certificate.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { connectWith, request } from '../request.ts'

const hour = 3_600_000

export const encryptedTransport: Proof = {
  id: 'S5/A9',
  title: 'TLS everywhere',
  why: 'One listener in clear text, or one client that does not verify, gives all credentials to whoever is on the network path',
  attack:
    'Speak text, plain HTTP and TLS 1.2 to every listener of the cluster on every address; be an impostor of each server that a scratch cluster connects to, with another authority, another name and without TLS; capture packets',
  expected: 'No answer in clear text, no handshake below TLS 1.3, and no client that sends a request to an impostor',
  whenRed: 'Close the port that it names, or the proxy before the API server: no part of Bulkhead answers in clear text or with TLS 1.2',
  async prove(context, signal) {
    const { machine, endpoint, transport, attempts } = context
    const found: string[] = []
    const listeners = [...(await clusterListeners(context)).values()]
    const [exceptions, clients, captured] = await Promise.all([
      attackListeners(context, listeners, signal),
      machine.command === undefined ? undefined : attackScratchClients(context, machine.command, signal),
      machine.parts.length === 0 ? undefined : captureTraffic({ server: endpoint.server, transport, attempts }, signal),
    ])
    if ((await handshake(targetOf(endpoint.server), 'TLSv1.3', signal)) === undefined)
      found.push('the API server accepts no TLS 1.3 connection')
    const now = context.clock.now()
    const accepted = await requestThrough({ server: endpoint.server, ca: await foreignAuthority(now) }, signal)
    if (accepted) found.push('a client that trusts another authority accepts the API server')
    if (await acceptsImpostor(context, now, signal)) found.push('a client accepts a server with a certificate of another authority')
    const besides = exceptions === 0 ? '' : ` (but ${exceptions} of containerd on loopback, which offers TLS 1.2 and cannot be told not to)`
    const count = `${listeners.length} ${listeners.length === 1 ? 'listener refuses' : 'listeners refuse'} clear text and TLS 1.2${besides}`
    const tried =
      clients === undefined ? 'the client of this proof refuses an impostor' : `${clients + 1} clients were tried with impostors`
    const packets =
      captured === undefined ? 'packets were not captured (no tcpdump)' : `${Math.ceil(captured / 1024)} KiB of packets without clear text`
    return outcomeOf(found, `${count}; ${tried}; ${packets}`)
  },
}

/** Whether a request gets an answer. */
async function requestThrough(endpoint: ProofContext['endpoint'], signal: AbortSignal): Promise<boolean> {
  await using transport = connectWith(endpoint)
  try {
    await request(transport, { method: 'GET', path: '/livez' }, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    // Refusals of another kind (such as no connection) would prove nothing.
    if (/certificate|self.signed|issuer/i.test(messageOf(err))) return false
    throw err
  }
}

async function acceptsImpostor({ endpoint }: ProofContext, now: number, signal: AbortSignal): Promise<boolean> {
  const { certificate, key } = await forgeCertificate({
    subject: 'CN=kube-apiserver',
    notBefore: now - hour,
    notAfter: now + hour,
    ipAddress: '127.0.0.1',
  })
  const sockets = new Set<TLSSocket>()
  const impostor = createServer({ cert: certificate, key, minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] }, socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  impostor.on('tlsClientError', (_err, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => impostor.once('error', reject).listen(0, '127.0.0.1', resolve))
  try {
    const address = impostor.address()
    if (address === null || typeof address === 'string') throw new Error('the impostor has no port')
    return await requestThrough({ ...endpoint, server: `https://127.0.0.1:${address.port}` }, signal)
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>(resolve => impostor.close(() => resolve()))
  }
}
