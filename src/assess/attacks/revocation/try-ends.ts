// Streams whose credential ends by itself while they are open: with the object that its token is bound to, or by expiry.
import { pods, secrets, serviceAccounts } from '../../../client/resources.ts'
import { forgeCertificate } from '../../forged-certificate.ts'
import { openStream } from '../../open-stream.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { connectWith } from '../../request.ts'
import { expiringToken } from '../authentication/forged-tokens.ts'

/** Beyond the moment in which it must end: a busy machine must not make the verdict. */
const limitMs = 5000
const expiresInMs = 3000

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
  const { client, machine, clock } = context
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
    const notAfter = clock.now() + expiresInMs
    const over = () => clock.sleep(Math.max(0, notAfter - clock.now()), signal)
    const certificate = await forgeCertificate({
      subject: `CN=${user}`,
      issuer: keys.client,
      notBefore: notAfter - 3_600_000,
      notAfter,
      usages: ['client'],
    })
    const expiring = expiringToken((await token({})).token, keys.token, notAfter)
    await Promise.all([
      tryEnd(context, namespace, signal, { name: 'its certificate expires', credentials: certificate, end: over }),
      tryEnd(context, namespace, signal, { name: 'its token expires', credentials: { token: expiring }, end: over }),
    ])
  }
  await tryEnd(context, namespace, signal, {
    name: 'the account of its token is deleted',
    credentials: await token({}),
    end: () => client.delete(serviceAccounts, name, account, {}, signal),
  })
}

async function tryEnd(
  { attempts, endpoint, clock }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
  { name, credentials, end }: Ending,
): Promise<void> {
  await using transport = connectWith(endpoint, credentials)
  const question = { method: 'GET', path: namespace.core('configmaps?watch=true') } as const
  await using stream = await openStream(transport, clock, question, signal)
  const sent = `GET ${question.path}`
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
