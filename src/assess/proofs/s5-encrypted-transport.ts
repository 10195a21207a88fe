import { createServer, type TLSSocket } from 'node:tls'
import { messageOf } from '../../base/user-error.ts'
import { handshake, sendPlain, type Target, targetOf } from '../dial.ts'
import { foreignAuthority, forgeCertificate } from '../forged-certificate.ts'
import { listeningSockets, processTree } from '../listening-sockets.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { connectWith, request } from '../request.ts'

const hour = 3_600_000
const plainRequest = 'GET /version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'

export const encryptedTransport: Proof = {
  id: 'S5/A9',
  title: 'TLS everywhere',
  why: 'One listener in clear text, or one client that does not verify, gives all credentials to whoever is on the network path',
  attack: 'Speak plain HTTP and TLS 1.2 to every port of the cluster; impersonate the API server with a certificate of our own',
  expected: 'No answer in clear text, no handshake below TLS 1.3, and no client that accepts another certificate',
  whenRed: 'Close the port that it names, or the proxy before the API server: no part of Bulkhead answers in clear text or with TLS 1.2',
  async prove(context, signal) {
    const found: string[] = []
    const targets = await listeners(context)
    let exceptions = 0
    for (const { name, target, mayOfferTls12 } of targets.values()) {
      const answer = await sendPlain(target, plainRequest, signal)
      // A TLS server may send an alert, and an HTTP server one sentence of refusal; any answer of success is a service.
      if (answer !== undefined && /^HTTP\/\d\.\d [123]/.test(answer)) found.push(`${name} answers plain HTTP: ${answer.split('\r\n')[0]}`)
      const old = await handshake(target, 'TLSv1.2', signal)
      if (old === undefined) continue
      if (mayOfferTls12) exceptions++
      else found.push(`${name} accepts ${old}`)
    }
    const api = targetOf(context.endpoint.server)
    if ((await handshake(api, 'TLSv1.3', signal)) === undefined) found.push('the API server accepts no TLS 1.3 connection')
    const now = context.clock.now()
    const accepted = await requestThrough({ server: context.endpoint.server, ca: await foreignAuthority(now) }, signal)
    if (accepted) found.push('a client that trusts another authority accepts the API server')
    if (await acceptsImpostor(context, now, signal)) found.push('a client accepts a server with a certificate of another authority')
    const besides = exceptions === 0 ? '' : ` (but ${exceptions} of containerd on loopback, which offers TLS 1.2 and cannot be told not to)`
    return outcomeOf(
      found,
      `${targets.size === 1 ? '1 listener refuses' : `${targets.size} listeners refuse`} plain HTTP and TLS 1.2${besides}; the client refuses an impostor and a foreign authority`,
    )
  },
}

interface Listener {
  readonly name: string
  readonly target: Target
  /**
   * containerd's streaming server uses Go's default, TLS 1.2 and newer, without a setting (containerd 1.7, internal/cri/config). Its only
   * client is the node agent, which uses TLS 1.3, and it must listen on loopback.
   */
  readonly mayOfferTls12: boolean
}

/** By address. Without access to the machine, only the API server. */
async function listeners({ endpoint, machine }: ProofContext): Promise<Map<string, Listener>> {
  const api = targetOf(endpoint.server)
  const found = new Map<string, Listener>([['api', { name: `API server ${endpoint.server}`, target: api, mayOfferTls12: false }]])
  for (const part of machine.parts) {
    for (const pid of await processTree(part.pid)) {
      for (const { protocol, address, port, program, loopback } of await listeningSockets(pid)) {
        if (protocol === 'udp' || port === api.port) continue
        const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
        const mayOfferTls12 = program === 'containerd' && loopback
        // The processes of a part are also processes of `up`, which comes first: the more exact name wins.
        found.set(`${host}:${port}`, { name: `${part.name} (${program}) ${host}:${port}`, target: { host, port }, mayOfferTls12 })
      }
    }
  }
  return found
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
