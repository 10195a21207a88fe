// Acts as a node: reads, writes and requests tokens, each one step beyond what its pods need.
import { nodeLinkKey } from '../../../api/nodes/node-link-names.ts'
import { auditWitnessAnnotation } from '../../../api/nodes/witness-call.ts'
import { parseJson } from '../../../base/json.ts'
import { nodes } from '../../../client/resources.ts'
import { certificateRequest } from '../../forged-certificate.ts'
import { inParallel } from '../../in-parallel.ts'
import { type ProofRequest, request, succeeded } from '../../request.ts'
import type { NodeArena, NodeHeaders } from './node-arena.ts'
import { nodeCreations, nodeFields } from './node-fields.ts'
import { listedByNodes, nodeReads, strangerReads } from './node-reads.ts'
import { nodeTokens } from './node-tokens.ts'
import { nodeWrites, witnessKeyOf } from './node-writes.ts'

interface NodeAttempt {
  readonly name: string
  readonly request: ProofRequest
  readonly refusedBy?: string
}

export async function tryNode(arena: NodeArena, signal: AbortSignal): Promise<void> {
  const { context, node, self, other } = arena
  const { spec } = await context.client.get(nodes, '', node, signal)
  const reads = (list: ReturnType<typeof nodeReads>, headers: NodeHeaders, who: string) =>
    list.map(({ name, path, refusedBy }) => ({
      name: `${who} reads ${name}`,
      request: { method: 'GET', path, headers } as const,
      ...(refusedBy === undefined ? {} : { refusedBy }),
    }))
  const writes = [...nodeWrites(arena, spec.unschedulable === true), ...nodeFields(arena)].map(write => ({
    ...write,
    name: `a node writes ${write.name}`,
    request: { ...write.request, headers: self },
  }))
  const attempts: readonly NodeAttempt[] = [
    ...reads(nodeReads(arena), self, 'a node'),
    ...reads(strangerReads(arena), other, 'a stranger'),
    ...writes,
    ...strangerWrites(arena),
    ...administratorWrites(arena),
    ...nodeCreations(arena).map(write => ({ ...write, name: `a node ${write.name}` })),
    ...nodeTokens(arena).map(token => ({ ...token, name: `a node requests ${token.name}` })),
  ]
  await inParallel(attempts, async ({ name, request: question, refusedBy }) => {
    if (refusedBy === undefined) await context.attempts.accepted(name, context.transport, question, signal)
    else await context.attempts.refused(name, context.transport, question, { names: refusedBy }, signal)
  })
  await tryOwnCreation(arena, signal)
  await tryManyRequests(arena, signal)
  await tryEveryKind(arena, signal)
}

/** With a key of one's own, whoever writes Nodes could read what is sent to the pods of the node, or cosign what no node has seen. */
const administratorWrites = ({ node }: NodeArena): NodeAttempt[] =>
  Object.entries({ [nodeLinkKey]: `${'c'.repeat(42)}A=`, [auditWitnessAnnotation]: witnessKeyOf(node) }).map(([annotation, key]) => ({
    name: `an administrator writes the key ${annotation} of a node`,
    request: {
      ...{ method: 'PATCH', path: `/api/v1/nodes/${node}?dryRun=All`, contentType: 'application/merge-patch+json' },
      body: { metadata: { annotations: { [annotation]: key } } },
    },
    refusedBy: `only the node "${node}" itself may set`,
  }))

/** The same writes as another node. */
function strangerWrites({ namespace, node, other }: NodeArena): NodeAttempt[] {
  const write = (
    name: string,
    method: 'PATCH' | 'DELETE' | 'POST',
    path: string,
    body: object | undefined,
    refusedBy: string,
  ): NodeAttempt => ({
    name: `a stranger writes ${name}`,
    request: {
      method,
      path: `${path}?dryRun=All`,
      headers: other,
      ...(body === undefined ? {} : { body }),
      ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}),
    },
    refusedBy,
  })
  const pod = namespace.core('pods/mine')
  return [
    write(
      'another Node',
      'PATCH',
      `/api/v1/nodes/${node}`,
      { metadata: { labels: { 'bulkhead-prove.invalid/a': 'b' } } },
      'is not allowed to modify node',
    ),
    write('the status of another Node', 'PATCH', `/api/v1/nodes/${node}/status`, { status: {} }, 'is not allowed to modify node'),
    write(
      "the status of another node's pod",
      'PATCH',
      `${pod}/status`,
      { status: { message: 'a' } },
      'can only update pod status for pods with spec.nodeName set to itself',
    ),
    write("another node's pod, to delete it", 'DELETE', pod, undefined, 'can only delete pods with spec.nodeName set to itself'),
    write(
      "another node's lease",
      'DELETE',
      `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`,
      undefined,
      'cannot delete resource "leases"',
    ),
  ]
}

/** A node creates its Node when it joins: with what it may say of itself, and nothing else. */
async function tryOwnCreation({ context, stranger, other }: NodeArena, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const create = (metadata: object): ProofRequest => ({
    ...{ method: 'POST', path: '/api/v1/nodes?dryRun=All', headers: other },
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: stranger, ...metadata } },
  })
  await attempts.accepted('a node creates its Node', transport, create({}), signal)
  for (const key of ['node-restriction.kubernetes.io/team', 'node-role.kubernetes.io/control-plane', 'bulkhead-prove.k8s.io/a'])
    await attempts.refused(
      `a node creates its Node with the label ${key}`,
      transport,
      create({ labels: { [key]: 'a' } }),
      { names: 'is not allowed to set the following labels' },
      signal,
    )
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' }
  await attempts.refused(
    'a node creates its Node with an owner',
    transport,
    create({ ownerReferences: [owner] }),
    { names: 'is not allowed to set ownerReferences' },
    signal,
  )
}

const mostRequests = 50

/** Certificate requests stay for a while, and everybody who reads them reads all of them. */
async function tryManyRequests({ context, stranger, other, namespace }: NodeArena, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const { request: pem } = await certificateRequest(`CN=${stranger}`)
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const create = (name: string): ProofRequest => ({
    ...{ method: 'POST', path, headers: other },
    body: {
      ...{ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' },
      metadata: { name, ownerReferences: [namespace.owner] },
      // Nobody approves or signs it.
      spec: { request: Buffer.from(pem).toString('base64'), signerName: 'bulkhead-prove.invalid/none', usages: ['client auth'] },
    },
  })
  const names = Array.from({ length: mostRequests }, (_, at) => `${stranger}-many-${at}`)
  try {
    const answers = await inParallel(names, name => request(transport, create(name), signal))
    const made = answers.filter(succeeded).length
    attempts.record({
      ...{ name: `a node makes ${mostRequests} certificate requests`, sent: `POST ${path}`, expected: `${mostRequests} stored` },
      ...{ answered: `${made} stored; ${answers.find(answer => !succeeded(answer))?.message ?? ''}`, held: made === mostRequests },
    })
    await attempts.refused(
      'a node makes one more',
      transport,
      create(`${stranger}-many-more`),
      { names: `more than ${mostRequests} certificate requests` },
      signal,
    )
  } finally {
    const limit = AbortSignal.timeout(30_000)
    await inParallel([...names, `${stranger}-many-more`], name => request(transport, { method: 'DELETE', path: `${path}/${name}` }, limit))
  }
}

interface ListedResource {
  readonly path: string
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
}

/** Each kind that the server has: it may be listed only if a node needs all of it, and none may be deleted. */
async function tryEveryKind({ context, namespace, self }: NodeArena, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await inParallel(await servedResources({ context, namespace }, signal), async ({ path, group, resource, verbs }) => {
    const full = group === '' ? resource : `${resource}.${group}`
    if (verbs.includes('list') && !listedByNodes.has(full))
      await attempts.refused(
        `a node lists ${full}`,
        transport,
        { method: 'GET', path: `${path}?limit=1`, headers: self },
        { names: `cannot list resource "${resource}"` },
        signal,
      )
    if (verbs.includes('deletecollection')) {
      const question = { method: 'DELETE', path: `${path}?dryRun=All`, headers: self } as const
      await attempts.refused(
        `a node deletes ${full}`,
        transport,
        question,
        { names: `cannot deletecollection resource "${resource}"` },
        signal,
      )
    }
  })
}

async function servedResources(
  { context: { transport }, namespace }: Pick<NodeArena, 'context' | 'namespace'>,
  signal: AbortSignal,
): Promise<ListedResource[]> {
  const read = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await request(transport, { method: 'GET', path }, signal)
    // A server behind an APIService may be down: it serves nothing now.
    if (!succeeded(answer)) return {}
    const value: unknown = parseJson(answer.text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  }
  const { groups } = await read('/apis')
  const named = Array.isArray(groups) ? groups.flatMap(({ preferredVersion }) => String(preferredVersion?.groupVersion ?? '')) : []
  const versions = [
    ['/api/v1', ''] as const,
    ...named.filter(Boolean).map(version => [`/apis/${version}`, version.split('/')[0] ?? ''] as const),
  ]
  const found = await inParallel(versions, async ([path, group]) => {
    const { resources } = await read(path)
    const list = Array.isArray(resources) ? resources : []
    return list
      .filter(({ name }) => typeof name === 'string' && !name.includes('/'))
      .map(({ name, namespaced, verbs }): ListedResource => {
        const where = namespaced === true ? `${path}/namespaces/${namespace.name}` : path
        return { path: `${where}/${name}`, group, resource: String(name), verbs: Array.isArray(verbs) ? verbs.map(String) : [] }
      })
  })
  return found.flat()
}
