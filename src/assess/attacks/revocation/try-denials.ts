// Denies a user or certificate in every way that the deny list knows, while a watch of it is open. Another user's watch goes on.
import { X509Certificate } from 'node:crypto'
import { deniedCredentials, nodeCertificatesKind } from '../../../api/credentials/denied-credentials-names.ts'
import { configMaps } from '../../../client/resources.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import { type ForgedCertificate, forgeCertificate } from '../../forged-certificate.ts'
import { issuedCertificate } from '../../issued-certificate.ts'
import { openStream } from '../../open-stream.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { connectWith, type ProofRequest } from '../../request.ts'
import { isRefusedAs, isUser } from '../authentication/identity-check.ts'
import { denied } from './denied-credential.ts'

const promisedMs = 1000
const hourMs = 3_600_000

interface DenialCase {
  readonly name: string
  readonly denial: string
  /** Without them, an administrator acts as the user. */
  readonly credentials?: Parameters<typeof connectWith>[1]
  readonly headers?: Readonly<Record<string, string>>
  /** Of a new request; an administrator is told whom it may not act as. */
  readonly status: 401 | 403
}

/** `watch` is a request that the user, the account and the administrator may make. */
export async function tryDenials(
  context: ProofContext,
  namespace: ProofNamespace,
  cluster: ClusterObjects,
  account: string,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, endpoint } = context
  const user = `${namespace.name}:user`
  const genuine = await issuedCertificate(context, cluster, { name: 'denied', subject: `CN=${user}` }, signal)
  const other = await issuedCertificate(context, cluster, { name: 'other', subject: `CN=${user}-other` }, signal)
  if (genuine === undefined || other === undefined)
    return attempts.record({
      name: 'certificates to deny',
      sent: 'CertificateSigningRequest',
      expected: 'issued',
      answered: 'not issued',
      held: false,
    })
  const cases = await casesOf(context, namespace, account, user, genuine, signal)
  await using bystander = connectWith(endpoint, other)
  await using others = await openStream(bystander, context.clock, watchIn(namespace), signal)
  // One after the other, because several of them are about the same credential.
  for (const [index, one] of cases.entries()) await tryDenial(context, namespace, one, index, signal)
  const goesOn = others.status === 200 && !(await others.endsWithin(0))
  attempts.record({
    name: 'watch of another user',
    sent: 'watch',
    expected: 'goes on',
    answered: goesOn ? 'open' : `ended, or never opened (${others.status})`,
    held: goesOn,
  })
}

/** The list may lock others out, or let them in again: the right to write ConfigMaps is not enough to change it. */
export async function tryListRights({ attempts, client, transport }: ProofContext, signal: AbortSignal): Promise<void> {
  const { namespace, name } = deniedCredentials
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
  const list = await client.get(configMaps, namespace, name, signal)
  const write = (data: Readonly<Record<string, string>>, headers: ProofRequest['headers'] = {}): ProofRequest => ({
    method: 'PUT',
    path: `${path}?dryRun=All`,
    // Without its version: others may write the list meanwhile.
    body: { ...list, metadata: { name, namespace }, data: { ...list.data, ...data } },
    headers,
  })
  const entry = { 'bulkhead-prove': 'user-name:bulkhead-prove' }
  // A controller that may update every ConfigMap.
  const publisher = { 'impersonate-user': 'system:serviceaccount:kube-system:root-ca-cert-publisher' }
  const needsRight = { names: 'needs the verb "deny"' }
  await attempts.accepted('deny list changed by an administrator', transport, write(entry), signal)
  await attempts.refused(
    'deny list changed by an account that may update ConfigMaps',
    transport,
    write(entry, publisher),
    needsRight,
    signal,
  )
  const invalid = (text: string, names: string) =>
    attempts.refused(`deny list with the entry "${text}"`, transport, write({ 'bulkhead-prove': text }), { status: 422, names }, signal)
  await invalid('bulkhead-prove', 'must be "<kind>:<value>"')
  await invalid('certificate:abcd', 'must name a SHA-256 fingerprint')
  await invalid('user-name:system:apiserver', 'is the API server itself')
}

/** A Node that is deleted ends its certificates: those that expire until then, and no later one. */
export async function tryNodeCertificates(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { clock, machine, endpoint } = context
  const keys = await machine.keys?.(signal)
  if (keys === undefined) return
  const now = clock.now()
  const node = `${namespace.name}-node`
  const user = `system:node:${node}`
  const forge = (notAfter: number) =>
    forgeCertificate({ subject: `CN=${user}, O=system:nodes`, issuer: keys.client, notBefore: now - hourMs, notAfter, usages: ['client'] })
  const [older, newer] = await Promise.all([forge(now + hourMs), forge(now + 3 * hourMs)])
  const isKnown = async (name: string, certificate: ForgedCertificate): Promise<void> => {
    await using transport = connectWith(endpoint, certificate)
    await isUser(context, name, transport, user, signal)
  }
  await isKnown('certificate of a node', older)
  const until = new Date(now + 2 * hourMs).toISOString().replace(/\.\d+Z$/, 'Z')
  await using _entry = await denied(context, `${namespace.name}.node`, `${nodeCertificatesKind}:${node}@${until}`, signal)
  await isRefusedAs(context, 'certificate of a node that was deleted', older, signal)
  await isKnown('certificate of a node that came again', newer)
}

const watchIn = (namespace: ProofNamespace): ProofRequest => ({ method: 'GET', path: namespace.core('configmaps?watch=true') })

async function casesOf(
  context: ProofContext,
  namespace: ProofNamespace,
  account: string,
  user: string,
  certificate: ForgedCertificate,
  signal: AbortSignal,
): Promise<readonly DenialCase[]> {
  const { fingerprint256, serialNumber } = new X509Certificate(certificate.certificate)
  const accountUser = `system:serviceaccount:${namespace.name}:${account}`
  const { metadata } = await context.client.getPath<{ metadata: { uid: string } }>(namespace.core(`serviceaccounts/${account}`), signal)
  const token = await namespace.token(account, {}, signal)
  const ofCertificate = { credentials: certificate, status: 401 } as const
  return [
    { name: 'certificate by its fingerprint', denial: `certificate:${fingerprint256}`, ...ofCertificate },
    {
      name: 'certificate by its fingerprint without colons',
      denial: `certificate:${fingerprint256.replaceAll(':', '').toLowerCase()}`,
      ...ofCertificate,
    },
    { name: 'certificate by its serial number', denial: `certificate-serial:${serialNumber}`, ...ofCertificate },
    { name: 'user of a certificate by its name', denial: `user-name:${user}`, ...ofCertificate },
    { name: 'account by its name', denial: `user-name:${accountUser}`, credentials: { token }, status: 401 },
    {
      name: 'user as whom an administrator acts',
      denial: `user-name:${user}`,
      headers: { 'impersonate-user': user },
      status: 403,
    },
    { name: 'account by its uid', denial: `user-uid:${metadata.uid}`, credentials: { token }, status: 401 },
  ]
}

async function tryDenial(
  context: ProofContext,
  namespace: ProofNamespace,
  { name, denial, credentials, headers = {}, status }: DenialCase,
  index: number,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, endpoint, clock } = context
  await using own = connectWith(endpoint, credentials)
  const transport = credentials === undefined ? context.transport : own
  const question = { ...watchIn(namespace), headers }
  await using stream = await openStream(transport, clock, question, signal)
  const sent = `GET ${question.path}`
  attempts.record({
    name: `watch before denial of a ${name}`,
    sent,
    expected: '200',
    answered: `answered ${stream.status}`,
    held: stream.status === 200,
  })
  {
    await using entry = await denied(context, `${namespace.name}.${index}`, denial, signal)
    const limitMs = promisedMs + 4 * entry.tookMs
    const ended = await stream.endsWithin(limitMs)
    attempts.record({
      name: `watch after denial of a ${name}`,
      sent,
      expected: 'ends within a second',
      answered: ended ? 'ended' : `still open after ${limitMs} ms`,
      held: ended,
    })
    const one = { method: 'GET', path: namespace.core('configmaps'), headers } as const
    await attempts.refused(`request after denial of a ${name}`, transport, one, { status }, signal)
    await using fresh = connectWith(endpoint, credentials)
    if (credentials !== undefined) await attempts.refused(`new connection after denial of a ${name}`, fresh, one, { status }, signal)
  }
  await attempts.accepted(
    `request when a ${name} is no longer denied`,
    transport,
    { method: 'GET', path: namespace.core('configmaps'), headers },
    signal,
  )
}
