// Kubernetes' bootstrap tokens, where the server accepts them: a genuine one, and others that differ from it in one thing.
import { randomBytes } from 'node:crypto'
import { isReason } from '../../../api/status.ts'
import { secrets } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, request } from '../../request.ts'
import { bearer, isNobody, isUser } from './identity-check.ts'

const namespace = 'kube-system'
const cleanUpMs = 30_000
const lifeMs = 300_000

const forms: readonly (readonly [string, (now: number) => Readonly<Record<string, string>>])[] = [
  ['that has expired', now => ({ expiration: new Date(now - 60_000).toISOString() })],
  ['whose expiry nobody can read', () => ({ expiration: 'soon' })],
  ['that is not for authentication', () => ({ 'usage-bootstrap-authentication': 'false' })],
  ['in the group of masters', () => ({ 'auth-extra-groups': 'system:masters' })],
  ['in the group of nodes', () => ({ 'auth-extra-groups': 'system:nodes' })],
]

/** Returns whether the server accepts such tokens at all. */
export async function tryBootstrapTokens(context: ProofContext, signal: AbortSignal): Promise<boolean> {
  await using transport = connectWith(context.endpoint)
  const now = context.clock.now()
  await using genuine = await makeToken(context, now, {}, signal)
  const { status } = await request(transport, { method: 'GET', path: '/api/v1/namespaces', headers: bearer(genuine.token) }, signal)
  // Nobody has granted it anything, so that one who is known is refused.
  if (status === 401) return false
  await isUser(context, 'bootstrap token', transport, `system:bootstrap:${genuine.id}`, signal, bearer(genuine.token))
  const last = genuine.token.at(-1) === 'a' ? 'b' : 'a'
  await isNobody(context, 'bootstrap token with another secret', transport, signal, bearer(`${genuine.token.slice(0, -1)}${last}`))
  for (const [name, more] of forms) {
    await using forged = await makeToken(context, now, more(now), signal)
    await isNobody(context, `bootstrap token ${name}`, transport, signal, bearer(forged.token))
  }
  await genuine[Symbol.asyncDispose]()
  await isNobody(context, 'bootstrap token whose Secret was deleted', transport, signal, bearer(genuine.token))
  return true
}

interface BootstrapToken extends AsyncDisposable {
  readonly id: string
  readonly token: string
}

async function makeToken(
  { client }: ProofContext,
  now: number,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<BootstrapToken> {
  const [id, secret] = [randomBytes(3).toString('hex'), randomBytes(8).toString('hex')]
  const values = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    expiration: new Date(now + lifeMs).toISOString(),
    ...more,
  }
  const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
  const name = `bootstrap-token-${id}`
  await client.create(secrets, namespace, { metadata: { name }, type: 'bootstrap.kubernetes.io/token', data }, signal)
  return {
    id,
    token: `${id}.${secret}`,
    async [Symbol.asyncDispose]() {
      try {
        await client.delete(secrets, namespace, name, {}, AbortSignal.timeout(cleanUpMs))
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
    },
  }
}
