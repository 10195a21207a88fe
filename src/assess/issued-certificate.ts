// A genuine client certificate, as a user gets one: requested, approved, and signed by the cluster.
import { certificateSigningRequests } from '../client/resources.ts'
import type { ClusterObjects } from './cluster-objects.ts'
import { certificateRequest, type ForgedCertificate } from './forged-certificate.ts'
import type { ProofContext } from './proof.ts'
import { within } from './until.ts'

const waitMs = 10_000

export interface IssueOptions {
  /** After the prefix of the proof's objects. */
  readonly name: string
  readonly subject: string
  readonly expirationSeconds?: number
}

/** Undefined if the cluster has not signed it within a few seconds. */
export async function issuedCertificate(
  { client, clock }: ProofContext,
  cluster: ClusterObjects,
  { name, subject, expirationSeconds = 600 }: IssueOptions,
  signal: AbortSignal,
): Promise<ForgedCertificate | undefined> {
  const { request, key } = await certificateRequest(subject)
  const object = {
    metadata: { name: `${cluster.prefix}-${name}` },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth', 'digital signature'],
      expirationSeconds,
    },
  }
  const created = await cluster.create(certificateSigningRequests, object, signal)
  const approval = { type: 'Approved', status: 'True', reason: 'BulkheadProve', message: 'for the attack of a proof' } as const
  const options = { type: 'merge', subresource: 'approval' } as const
  const { name: full = '' } = created.metadata
  await client.patch(certificateSigningRequests, '', full, { status: { conditions: [approval] } }, options, signal)
  const issued = async () => (await client.get(certificateSigningRequests, '', full, signal)).status?.certificate || undefined
  const certificate = await within(waitMs, clock, issued, signal)
  return certificate === undefined ? undefined : { certificate: Buffer.from(certificate, 'base64').toString('utf8'), key }
}
