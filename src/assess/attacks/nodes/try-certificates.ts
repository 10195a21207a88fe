// Certificate requests beyond what their signer or requester allows. What is approved all the same must never be issued.
import { certificateSigningRequests } from '../../../client/resources.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import { certificateRequest } from '../../forged-certificate.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { within } from '../../until.ts'
import type { NodeHeaders } from './node-arena.ts'

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const client = 'kubernetes.io/kube-apiserver-client'
const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet'
const kubeletServing = 'kubernetes.io/kubelet-serving'
const clientUsages = ['client auth', 'digital signature']
const servingUsages = ['server auth', 'digital signature']
const waitMs = 5000

interface CertificateCase {
  readonly name: string
  readonly subject: string
  readonly signer: string
  readonly usages: readonly string[]
}

/** Approved by an administrator: the signer alone stands between them and a certificate. */
function approvedCases(node: string): readonly CertificateCase[] {
  const one = (name: string, subject: string, signer: string, usages: readonly string[] = clientUsages) => ({
    name,
    subject,
    signer,
    usages,
  })
  return [
    one('the name of a node from the signer of users', `CN=system:node:${node}`, client),
    one('the group of nodes from the signer of users', `CN=${node}, O=system:nodes`, client),
    one('the name of a component from the signer of users', 'CN=system:kube-scheduler', client),
    one('the name of an account from the signer of users', 'CN=system:serviceaccount:kube-system:namespace-controller', client),
    one('use as a server from the signer of users', `CN=${node}`, client, [...clientUsages, 'server auth']),
    one('the group of masters from the signer of nodes', `CN=system:node:${node}, O=system:masters`, kubeletClient),
    one('another group beside that of nodes', `CN=system:node:${node}, O=system:nodes, O=bulkhead-prove`, kubeletClient),
    one('the name of no node from the signer of nodes', `CN=${node}, O=system:nodes`, kubeletClient),
    one('use as a server from the signer of node clients', `CN=system:node:${node}, O=system:nodes`, kubeletClient, servingUsages),
    one('the name of the API server from the signer of kubelets', 'CN=kube-apiserver', kubeletServing, servingUsages),
    one('a certificate for a kubelet without a name', `CN=system:node:${node}, O=system:nodes`, kubeletServing, servingUsages),
    one('a signer that does not exist', `CN=${node}`, 'bulkhead-prove.invalid/none'),
  ]
}

const requestOf = async (subject: string, signerName: string, usages: readonly string[]) => ({
  request: Buffer.from((await certificateRequest(subject)).request).toString('base64'),
  signerName,
  usages: [...usages],
})

export async function tryCertificates(
  context: ProofContext,
  cluster: ClusterObjects,
  self: NodeHeaders,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, transport } = context
  const asNode = async (name: string, subject: string, signer: string, refusedBy: string | undefined) => {
    const body = { metadata: { generateName: `${cluster.prefix}-` }, spec: await requestOf(subject, signer, clientUsages) }
    const question = { method: 'POST', path: `${path}?dryRun=All`, body, headers: self } as const
    if (refusedBy === undefined) await attempts.accepted(`a node requests ${name}`, transport, question, signal)
    else await attempts.refused(`a node requests ${name}`, transport, question, { names: refusedBy }, signal)
  }
  await asNode('its own certificate', `CN=system:node:${node}, O=system:nodes`, kubeletClient, undefined)
  await asNode(
    "another node's certificate",
    'CN=system:node:bulkhead-prove-other, O=system:nodes',
    kubeletClient,
    'can only create a node CSR with CN=',
  )
  await asNode(
    "another node's serving certificate",
    'CN=system:node:bulkhead-prove-other, O=system:nodes',
    kubeletServing,
    'can only create a node CSR with CN=',
  )
  await asNode(
    'a certificate of the group of masters',
    'CN=bulkhead-prove, O=system:masters',
    client,
    'system:masters group is not allowed',
  )
  await inParallel([...approvedCases(cluster.prefix).entries()], ([index, one]) => tryApproved(context, cluster, one, index, self, signal))
}

async function tryApproved(
  context: ProofContext,
  cluster: ClusterObjects,
  { name, subject, signer, usages }: CertificateCase,
  index: number,
  self: NodeHeaders,
  signal: AbortSignal,
): Promise<void> {
  const { client: api, attempts, transport, clock } = context
  const metadata = { name: `${cluster.prefix}-${index}` }
  const created = await cluster.create(certificateSigningRequests, { metadata, spec: await requestOf(subject, signer, usages) }, signal)
  const condition = { type: 'Approved', status: 'True', reason: 'BulkheadProve', message: 'for the attack of a proof' } as const
  const decided = { ...created, status: { conditions: [condition] } }
  const put = (subresource: string) =>
    ({ method: 'PUT', path: `${path}/${metadata.name}/${subresource}?dryRun=All`, body: decided, headers: self }) as const
  if (index === 0) {
    await attempts.refused(
      'a node approves a certificate',
      transport,
      put('approval'),
      { names: 'cannot update resource "certificatesigningrequests/approval"' },
      signal,
    )
    await attempts.refused(
      'a node signs a certificate',
      transport,
      put('status'),
      { names: 'cannot update resource "certificatesigningrequests/status"' },
      signal,
    )
  }
  await api.patch(
    certificateSigningRequests,
    '',
    metadata.name,
    { status: { conditions: [condition] } },
    { type: 'merge', subresource: 'approval' },
    signal,
  )
  const isDecided = async () => {
    const { status } = await api.get(certificateSigningRequests, '', metadata.name, signal)
    const failed = status?.conditions?.find(({ type }) => type === 'Failed')
    if (failed !== undefined) return `failed: ${failed.message}`
    return status?.certificate ? 'issued' : undefined
  }
  // Nobody decides about a signer that does not exist.
  const decidesMs = signer.endsWith('.invalid/none') ? 0 : waitMs
  const answered = (await within(decidesMs, clock, isDecided, signal)) ?? 'nothing issued'
  attempts.record({
    name: `an approved request for ${name}`,
    sent: `${subject} by ${signer}`,
    expected: 'no certificate',
    answered,
    held: answered !== 'issued',
  })
}
