import { createPublicKey, X509Certificate } from 'node:crypto'
import { forgeCertificate } from '../forged-certificate.ts'
import { forgedTokens } from '../forged-token.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { connectWith, request } from '../request.ts'

const hour = 3_600_000
const asked = '/api/v1/namespaces'
const anonymousAllowed = ['/livez', '/readyz']
const anonymousRefused = [asked, '/api', '/apis', '/version', '/metrics', '/openapi/v2', '/openapi/v3', '/no/such/path']

export const authentication: Proof = {
  id: 'A3',
  title: 'authentication',
  why: 'A forged identity has the rights of its owner: all later controls rely on authentication',
  attack: 'Send requests with forged, changed, expired and foreign tokens, with certificates of other authorities, and without credentials',
  expected: '401 for each; without credentials only health checks succeed',
  whenRed:
    "Look for another authenticator in the server's settings, then renew the certificates that the attack was made with; until it holds, reach the API from trusted networks only",
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A3', signal)
    await namespace.account('genuine', signal)
    const genuine = await namespace.token('genuine', {}, signal)
    const foreign = await namespace.token('genuine', { audiences: ['https://bulkhead-prove.invalid'] }, signal)
    const found: string[] = []
    const control = await statusWith(context, { token: genuine }, asked, signal)
    if (control !== 403) found.push(`the genuine token is answered ${control}, expected 403 (valid, but without rights)`)
    const now = context.clock.now()
    const attempts = [
      ...forgedTokens(genuine, await publicKeys(context, signal), now).map(({ name, token }) => ({
        name: `token ${name}`,
        credentials: { token },
      })),
      { name: 'token of another audience', credentials: { token: foreign } },
      { name: 'join ticket that does not exist', credentials: { token: `bulkhead-join.aaaaaaaaaa.${'A'.repeat(32)}` } },
      { name: 'bootstrap token that does not exist', credentials: { token: 'aaaaaa.aaaaaaaaaaaaaaaa' } },
      { name: 'malformed token', credentials: { token: 'bulkhead-prove' } },
      ...(await forgedIdentities(context, now)),
    ]
    for (const { name, credentials } of attempts) {
      const status = await statusWith(context, credentials, asked, signal)
      if (status !== 401) found.push(`${name}: answered ${status}, expected 401`)
    }
    for (const path of anonymousRefused) {
      const status = await statusWith(context, {}, path, signal)
      if (status !== 401) found.push(`${path} without credentials: answered ${status}, expected 401`)
    }
    for (const path of anonymousAllowed) {
      const status = await statusWith(context, {}, path, signal)
      if (status !== 200) found.push(`${path} without credentials: answered ${status}, expected 200`)
    }
    return outcomeOf(found, `${attempts.length} forged credentials and ${anonymousRefused.length} paths without any, all 401`)
  },
}

async function statusWith(
  { endpoint }: ProofContext,
  credentials: Parameters<typeof connectWith>[1],
  path: string,
  signal: AbortSignal,
): Promise<number> {
  await using transport = connectWith(endpoint, credentials)
  return (await request(transport, { method: 'GET', path }, signal)).status
}

/** The administrator's subject, signed by unknown authorities; one has the name of the real authority. */
async function forgedIdentities({ endpoint }: ProofContext, now: number) {
  const subject = 'CN=bulkhead-admin, O=system:masters'
  const valid = { subject, notBefore: now - hour, notAfter: now + hour }
  const { subject: authority } = new X509Certificate(endpoint.ca)
  const name = authority.split('\n').join(', ')
  const [self, other, sameName, expired] = await Promise.all([
    forgeCertificate(valid),
    forgeCertificate({ ...valid, issuer: 'CN=bulkhead-prove-foreign-ca' }),
    forgeCertificate({ ...valid, issuer: name }),
    forgeCertificate({ subject, issuer: name, notBefore: now - 48 * hour, notAfter: now - hour }),
  ])
  return [
    { name: 'self-signed certificate', credentials: self },
    { name: 'certificate of another authority', credentials: other },
    { name: "certificate of another authority with the real one's name", credentials: sameName },
    { name: 'expired certificate of another authority', credentials: expired },
  ]
}

/** For algorithm confusion, an attacker uses any public key that the verifier may have. */
async function publicKeys({ machine, endpoint }: ProofContext, signal: AbortSignal): Promise<readonly string[]> {
  const authority = createPublicKey(endpoint.ca).export({ type: 'spki', format: 'pem' }).toString()
  return [...((await machine.tokenKeys?.(signal)) ?? []), authority]
}
