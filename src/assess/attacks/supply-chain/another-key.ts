// A server outside of the cluster whose key is pinned, and then the same address with another key, a stopped one, and a key that is pinned beside it.
import { createHash, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:tls'
import { pinnedCondition } from '../../../api/resources/supply/external-component.ts'
import { externalComponents } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { type ServerIdentity, TestAuthority } from '../transport/test-authority.ts'

const pollMs = 100
/** A guard: the part `artifacts` looks when an object changes. */
const waitMs = 20_000

export async function tryAnotherKey(
  { attempts, client, clock }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const authority = await TestAuthority.create(clock.now())
  const names = { ipAddresses: ['127.0.0.1'], dnsNames: [] }
  const [own, other] = [await authority.issue(names), await authority.issue(names)]
  let server = await listen(own, 0)
  const { port } = addressOf(server)
  try {
    const spec = { host: '127.0.0.1', port, spkiSha256: [pinOf(own)], version: '1' }
    await client.create(externalComponents, namespace.name, { metadata: { name: 'database' }, spec }, signal)
    // Where nobody checks, nothing follows for another key.
    if (!(await record('the server whose key is pinned', 'KeyMatches', 1))) return
    server = await replace(server, other)
    await client.patch(externalComponents, namespace.name, 'database', { spec: { version: '2' } }, { type: 'merge' }, signal)
    await record('another key at the same address', 'AnotherKey', 2)
    await client.patch(
      externalComponents,
      namespace.name,
      'database',
      { spec: { spkiSha256: [pinOf(own), pinOf(other)] } },
      { type: 'merge' },
      signal,
    )
    await record('a key that is pinned beside the first', 'KeyMatches', 3)
    await close(server)
    await client.patch(externalComponents, namespace.name, 'database', { spec: { version: '3' } }, { type: 'merge' }, signal)
    await record('no server at the address', 'NoAnswer', 4)
  } finally {
    await close(server)
  }

  async function record(name: string, expected: string, generation: number): Promise<boolean> {
    const end = clock.monotonic() + waitMs
    for (;;) {
      const { status } = await client.get(externalComponents, namespace.name, 'database', signal)
      const condition = status?.conditions?.find(({ type }) => type === pinnedCondition)
      const isCurrent = condition?.observedGeneration === generation
      if (!isCurrent && clock.monotonic() < end) {
        await clock.sleep(pollMs, signal)
        continue
      }
      const answered = isCurrent ? condition.reason : 'not checked'
      attempts.record({ name, sent: 'an ExternalComponent', expected, answered, held: answered === expected })
      return answered === expected
    }
  }
}

const pinOf = ({ cert }: ServerIdentity): string =>
  createHash('sha256')
    .update(new X509Certificate(cert).publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')

function listen(identity: ServerIdentity, port: number): Promise<Server> {
  const server = createServer({ ...identity }, socket => socket.end())
  // Clients that only shake hands close early.
  server.on('tlsClientError', () => undefined)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function replace(server: Server, identity: ServerIdentity): Promise<Server> {
  const { port } = addressOf(server)
  await close(server)
  return await listen(identity, port)
}

function addressOf(server: Server): { readonly port: number } {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return address
}

const close = (server: Server): Promise<void> => new Promise(resolve => (server.listening ? server.close(() => resolve()) : resolve()))
