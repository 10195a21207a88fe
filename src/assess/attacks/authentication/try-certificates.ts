// Tries client certificates, and the headers by which a proxy before the server would name a user.
import type { ClusterObjects } from '../../cluster-objects.ts'
import type { ForgedCertificate } from '../../forged-certificate.ts'
import { inParallel } from '../../in-parallel.ts'
import { issuedCertificate } from '../../issued-certificate.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { connectWith } from '../../request.ts'
import { forgedCertificates, nearCertificates } from './forged-certificates.ts'
import { bearer, isRefusedAs, isUser } from './identity-check.ts'

const remoteUser = { 'x-remote-user': 'bulkhead-admin', 'x-remote-group': 'system:masters' }

export async function tryCertificates(
  context: ProofContext,
  namespace: ProofNamespace,
  cluster: ClusterObjects,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, endpoint, machine, clock } = context
  const name = `${namespace.name}-user`
  const genuine = await issuedCertificate(context, cluster, { name: 'user', subject: `CN=${name}` }, signal)
  if (genuine !== undefined) await isCertificateOf(context, 'genuine certificate', genuine, name, signal)
  else
    attempts.record({
      name: 'genuine certificate',
      sent: 'CertificateSigningRequest',
      expected: 'issued',
      answered: 'not issued',
      held: false,
    })
  const forged = await forgedCertificates(genuine, [endpoint.ca], name, clock.now())
  await inParallel(forged, attempt => isRefusedAs(context, `certificate ${attempt.name}`, attempt.credentials, signal))
  await isRefusedAs(context, 'headers of a proxy without its certificate', {}, signal, remoteUser)
  await namespace.account('certified', signal)
  const token = await namespace.token('certified', {}, signal)
  await isRefusedAs(context, 'forged certificate with a genuine token', forged[0].credentials, signal, bearer(token))
  const keys = await machine.keys?.(signal)
  if (keys === undefined) return
  const [twin, ...near] = await nearCertificates(keys, name, clock.now())
  await isCertificateOf(context, `certificate ${twin.name}`, twin.credentials, name, signal)
  await inParallel(near, attempt => isRefusedAs(context, `certificate ${attempt.name}, signed by the cluster`, attempt.credentials, signal))
  const proxy = near.find(attempt => attempt.name.includes('front-proxy'))
  if (proxy !== undefined) await isRefusedAs(context, 'headers of a proxy with its certificate', proxy.credentials, signal, remoteUser)
}

/** Headers of a proxy that come with it change nothing. */
async function isCertificateOf(
  context: ProofContext,
  what: string,
  credentials: ForgedCertificate,
  user: string,
  signal: AbortSignal,
): Promise<void> {
  await using transport = connectWith(context.endpoint, credentials)
  await isUser(context, what, transport, user, signal)
  await isUser(context, `${what} with headers of a proxy`, transport, user, signal, remoteUser)
}
