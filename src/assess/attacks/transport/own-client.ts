// The client of this build against impostors of an API server: all parts and commands use the same one.
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, request } from '../../request.ts'
import { type Disguise, disguises, Impostor } from './impostor.ts'
import { TestAuthority } from './test-authority.ts'

const host = '127.0.0.1'

export async function attackOwnClient({ attempts, clock }: ProofContext, signal: AbortSignal): Promise<void> {
  const now = clock.now()
  const [trusted, foreign] = await Promise.all([TestAuthority.create(now), TestAuthority.create(now)])
  const names = { ipAddresses: [host], dnsNames: [] }
  await inParallel<Disguise, void>([...disguises, 'TLS 1.2'], async disguise => {
    await using impostor = await Impostor.open({ disguise, host, trusted, foreign, names, answer: () => '{}' })
    await using transport = connectWith({ server: `https://${host}:${impostor.port}`, ca: trusted.certificate }, { token: 'none' })
    let answered = 'answered'
    try {
      await request(transport, { method: 'GET', path: '/livez' }, signal)
    } catch (err) {
      // Also of the genuine one, which speaks no HTTP/2. What counts is what it was sent.
      signal.throwIfAborted()
      answered = String(err)
    }
    const { connections, trusted: count } = impostor
    const isGenuine = disguise === 'genuine'
    attempts.record({
      ...{ name: `the client of this build against an API server with ${disguise}`, sent: 'GET /livez' },
      expected: isGenuine ? 'a request' : 'a connection, and no request',
      answered: `${connections} connections, ${count} with a request: ${answered}`,
      held: connections > 0 && count > 0 === isGenuine,
    })
  })
}
