// Streams whose credential ends by itself while they are open: with the object that its token is bound to, or by expiry.
import { pods, secrets, serviceAccounts } from '../../../client/resources.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { forgeCertificate } from '../../forged-certificate.ts'
import { type OpenStream, openStream } from '../../open-stream.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { connectWith } from '../../request.ts'
import { expiringToken } from '../authentication/forged-tokens.ts'

/** Beyond the moment in which it must end: a busy machine must not make the verdict. */
const limitMs = 5000
/** Of a credential that expires: a busy machine may not open a stream in the first of these times. */
const lifesMs = [3000, 12_000, 40_000]

interface Ending {
  readonly name: string
  readonly credentials: Parameters<typeof connectWith>[1]
  /** Resolves when the credential is over. */
  end(): Promise<unknown>
}

/** `user` and `account` may watch ConfigMaps. The account is deleted at the end. */
export async function tryEnds(
  context: ProofContext,
  namespace: ProofNamespace,
  account: string,
  user: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, machine } = context
  const { name } = namespace
  const pod = await client.create(pods, name, podObject('bound', harmlessSpec({ serviceAccountName: account })), signal)
  const secret = await client.create(secrets, name, { metadata: { name: 'bound' } }, signal)
  const uidOf = ({ metadata }: { readonly metadata: { readonly uid?: string } }) => ({ name: 'bound', uid: metadata.uid ?? '' })
  const token = async (options: Parameters<ProofNamespace['token']>[1]) => ({ token: await namespace.token(account, options, signal) })
  await tryEnd(context, namespace, signal, {
    name: 'the pod of its token is deleted',
    credentials: await token({ pod: uidOf(pod) }),
    end: () => client.delete(pods, name, 'bound', { gracePeriodSeconds: 0 }, signal),
  })
  await tryEnd(context, namespace, signal, {
    name: 'the Secret of its token is deleted',
    credentials: await token({ secret: uidOf(secret) }),
    end: () => client.delete(secrets, name, 'bound', {}, signal),
  })
  const keys = await machine.keys?.(signal)
  if (keys !== undefined) {
    const genuine = await token({})
    await Promise.all([
      tryExpiry(context, namespace, signal, 'its certificate expires', notAfter =>
        forgeCertificate({ subject: `CN=${user}`, issuer: keys.client, notBefore: notAfter - 3_600_000, notAfter, usages: ['client'] }),
      ),
      tryExpiry(context, namespace, signal, 'its token expires', async notAfter => ({
        token: expiringToken(genuine.token, keys.token, notAfter),
      })),
    ])
  }
  await tryEnd(context, namespace, signal, {
    name: 'the account of its token is deleted',
    credentials: await token({}),
    end: () => client.delete(serviceAccounts, name, account, {}, signal),
  })
}

/** `make` makes a credential that expires then. */
async function tryExpiry(
  context: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
  name: string,
  make: (notAfter: number) => Promise<Ending['credentials']>,
): Promise<void> {
  const { clock, endpoint } = context
  for (const lifeMs of lifesMs) {
    const notAfter = clock.now() + lifeMs
    await using transport = connectWith(endpoint, await make(notAfter))
    await using stream = await openStream(transport, clock, watchIn(namespace), signal)
    if (stream.status !== 200 && clock.now() >= notAfter && lifeMs !== lifesMs.at(-1)) continue
    const end = () => clock.sleep(Math.max(0, notAfter - clock.now()), signal)
    return await isEnded(context, { name, stream, transport, end }, namespace, signal)
  }
}

async function tryEnd(
  context: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
  { name, credentials, end }: Ending,
): Promise<void> {
  await using transport = connectWith(context.endpoint, credentials)
  await using stream = await openStream(transport, context.clock, watchIn(namespace), signal)
  await isEnded(context, { name, stream, transport, end }, namespace, signal)
}

const watchIn = (namespace: ProofNamespace) => ({ method: 'GET', path: namespace.core('configmaps?watch=true') }) as const

interface OpenEnding extends Pick<Ending, 'name' | 'end'> {
  readonly stream: OpenStream
  readonly transport: Transport
}

async function isEnded(
  { attempts }: ProofContext,
  { name, stream, transport, end }: OpenEnding,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const sent = `GET ${watchIn(namespace).path}`
  attempts.record({
    name: `watch before ${name}`,
    sent,
    expected: '200',
    answered: `answered ${stream.status}`,
    held: stream.status === 200,
  })
  await end()
  const ended = await stream.endsWithin(limitMs)
  attempts.record({
    name: `watch when ${name}`,
    sent,
    expected: 'ends',
    answered: ended ? 'ended' : `still open after ${limitMs} ms`,
    held: ended,
  })
  await attempts.refused(`request after ${name}`, transport, { method: 'GET', path: namespace.core('configmaps') }, { status: 401 }, signal)
}
