import { randomBytes } from 'node:crypto'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { clusterRoleBindings, clusterRoles, nodes, pods } from '../../client/resources.ts'
import { tryEndingPods } from '../attacks/nodes/ending-pods.ts'
import { tryLivingPods } from '../attacks/nodes/living-pods.ts'
import { tryStrays } from '../attacks/nodes/stray-containers.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { inParallel } from '../in-parallel.ts'
import { isOfProof } from '../node-token.ts'
import { domainOfNode, domainOfPod, namespaceLabel, nodeLabel, podAnnotation, strayPods } from '../oracles/trust-domain.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { connectWith, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch, succeeded } from '../request.ts'

const refusedBy = { names: 'trust domain' }
const rbac = 'rbac.authorization.k8s.io'
/** Each takes some milliseconds. */
const races = 12
const withoutRight = { names: 'may not place in trust domain' }

export const nodeIsolation: Proof = {
  id: 'C9',
  title: 'node isolation',
  why: 'Two tenants on one kernel are separated by only one escape',
  attack:
    'Change the trust domain of a node and of a namespace with pods, also with pods that end, by every patch and subresource, and of a namespace without the right to; and at the same time as pods; bind a pod with a forged domain; run containers of no pod beside the agent, and more in the sandbox of a pod that runs; delete it twice, the second time with a shorter grace period; look for pods of two domains on one node',
  expected:
    'Each change is refused while the pods exist, or without the right; containers that no pod has are removed, and the pod runs on until the shorter period is over; every node has only pods of its own domain',
  whenRed: 'See whether TrustDomain was switched off (`bulkhead status`), and delete the pods that run on a node of another domain',
  async prove(context, signal) {
    const { attempts, client } = context
    const all = (await client.listAll(nodes, {}, signal)).filter(({ metadata }) => !isOfProof(metadata.name ?? ''))
    const free = all.filter(node => domainOfNode(node) === '').map(({ metadata }) => metadata.name ?? '')
    const [node] = free
    if (node === undefined) return skipped('there is no node without a trust domain to put a pod on')
    const domain = `prove-${randomBytes(4).toString('hex')}`
    await using namespace = await ProofNamespace.create(context, 'C9', signal)
    await namespace.account('c9', signal)
    // Before the others in the order of names, and on no node: whoever looks at one pod alone looks at this one.
    await client.create(pods, namespace.name, podObject('a-waiting', neverStarting()), signal)
    await inParallel(free, each => settle(context, namespace, each, signal))
    await inParallel(free, each => tryMoves(context, `node "${each}" with pods`, `/api/v1/nodes/${each}`, nodeLabel, domain, signal))
    await tryMoves(context, 'a namespace with pods', `/api/v1/namespaces/${namespace.name}`, namespaceLabel, domain, signal)
    await tryForgedBinding(context, namespace, node, signal)
    await tryTenant(context, domain, signal)
    await tryResidents(context, domain, signal)
    await tryNewNode(context, namespace, domain, signal)
    await tryEndingPods(context, domain, signal)
    const strays = await tryStrays(context, signal)
    await tryLivingPods(context, namespace, free, signal)
    for (let round = 0; round < races; round++) await tryRace(context, node, `${domain}-${round}`, round, signal)
    const placed = await client.listAll(pods, {}, signal)
    return outcomeOf(
      strayPods(placed, all),
      `${attempts.all.length} attempts; ${placed.length} pods on ${all.length} nodes, each in its own trust domain; ${strays}`,
    )
  },
}

/** Of a pod that never starts, for its Secret does not come. */
const neverStarting = (fields: Partial<PodSpec> = {}) =>
  harmlessSpec({ serviceAccountName: 'c9', volumes: [{ name: 'missing', secret: { secretName: 'missing' } }], ...fields })

async function settle({ client }: ProofContext, namespace: ProofNamespace, node: string, signal: AbortSignal): Promise<void> {
  const pod = { ...podObject('', neverStarting({ nodeName: node })), metadata: { generateName: 'resident-' } }
  await client.create(pods, namespace.name, pod, signal)
}

/** Each a dry run, so that nothing happens if the control is off. */
async function tryMoves(
  { attempts, transport }: ProofContext,
  what: string,
  path: string,
  label: string,
  domain: string,
  signal: AbortSignal,
): Promise<void> {
  const labels = { metadata: { labels: { [label]: domain } } }
  const add = [{ op: 'add', path: '/metadata/labels', value: { [label]: domain } }]
  const ways = [
    ['', labels, mergePatch],
    ['', labels, strategicPatch],
    ['', add, jsonPatch],
    ['/status', labels, mergePatch],
  ] as const
  for (const [subresource, body, contentType] of ways) {
    const question = { method: 'PATCH', path: `${path}${subresource}?dryRun=All`, body, contentType } as const
    const [, kind = ''] = contentType.split('/')
    await attempts.refused(
      `another domain for ${what} by ${kind} of ${subresource || 'the object'}`,
      transport,
      question,
      refusedBy,
      signal,
    )
  }
}

/** The annotations of a binding become those of the pod, except for its domain. */
async function tryForgedBinding(context: ProofContext, namespace: ProofNamespace, node: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await client.create(pods, namespace.name, podObject('bound', neverStarting()), signal)
  const metadata = { name: 'bound', annotations: { [podAnnotation]: 'forged' } }
  const body = { apiVersion: 'v1', kind: 'Binding', metadata, target: { apiVersion: 'v1', kind: 'Node', name: node } }
  const question: ProofRequest = { method: 'POST', path: namespace.core('pods/bound/binding'), body }
  await attempts.accepted('a binding with a forged domain', transport, question, signal)
  const domain = domainOfPod(await client.get(pods, namespace.name, 'bound', signal))
  attempts.record({
    ...{ name: 'the domain that a binding forges', sent: `POST ${question.path}` },
    ...{ expected: 'no domain', answered: domain === '' ? 'no domain' : `domain "${domain}"`, held: domain === '' },
  })
}

/** Rights on a namespace are not enough to move it into a domain or out of it. */
async function tryTenant(context: ProofContext, domain: string, signal: AbortSignal): Promise<void> {
  const { attempts, endpoint, transport } = context
  for (const [what, before, after] of [
    ['into a domain', undefined, domain],
    ['out of a domain', domain, null],
  ] as const) {
    const labels: Record<string, string> = before === undefined ? {} : { [namespaceLabel]: before }
    await using namespace = await ProofNamespace.create(context, 'C9', signal, labels)
    await namespace.account('tenant', signal)
    await namespace.grant('tenant', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], signal)
    await using tenant = connectWith(endpoint, { token: await namespace.token('tenant', {}, signal) })
    const path = `/api/v1/namespaces/${namespace.name}?dryRun=All`
    const move = { method: 'PATCH', path, body: { metadata: { labels: { [namespaceLabel]: after } } }, contentType: mergePatch } as const
    await attempts.accepted(`a namespace moved ${what} by an administrator`, transport, move, signal)
    await attempts.refused(`a namespace moved ${what} by its tenant`, tenant, move, withoutRight, signal)
    await using cluster = new ClusterObjects(context, namespace)
    const rules = [
      { verbs: ['place'], apiGroups: ['placement.bulkhead.dev'], resources: ['trustdomains'], resourceNames: [`${domain}-own`] },
    ]
    const metadata = { name: cluster.prefix }
    await cluster.create(clusterRoles, { metadata, rules }, signal)
    const subjects = [{ kind: 'ServiceAccount', name: 'tenant', namespace: namespace.name }]
    await cluster.create(
      clusterRoleBindings,
      { metadata, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: cluster.prefix }, subjects },
      signal,
    )
    await attempts.refused(`a namespace moved ${what} by a tenant who may place in another`, tenant, move, withoutRight, signal)
    if (before !== undefined) continue
    const own = { ...move, body: { metadata: { labels: { [namespaceLabel]: `${domain}-own` } } } }
    await attempts.accepted('a namespace moved into a domain in which its tenant may place', tenant, own, signal)
  }
}

/** A namespace may not move while a pod of it waits for a node, nor while one ends. */
async function tryResidents(context: ProofContext, domain: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await using namespace = await ProofNamespace.create(context, 'C9', signal)
  await namespace.account('c9', signal)
  const path = `/api/v1/namespaces/${namespace.name}?dryRun=All`
  const body = { metadata: { labels: { [namespaceLabel]: domain } } }
  const move: ProofRequest = { method: 'PATCH', path, body, contentType: mergePatch }
  await client.create(pods, namespace.name, podObject('waiting', neverStarting()), signal)
  await attempts.refused('another domain for a namespace whose pod waits for a node', transport, move, refusedBy, signal)
  await client.delete(pods, namespace.name, 'waiting', {}, signal)
  // On no node that exists, no agent ends it before its time.
  const ending = neverStarting({ nodeName: 'bulkhead-prove-none', terminationGracePeriodSeconds: 600 })
  await client.create(pods, namespace.name, podObject('ending', ending), signal)
  await client.delete(pods, namespace.name, 'ending', {}, signal)
  await attempts.refused('another domain for a namespace whose pod ends', transport, move, refusedBy, signal)
  await client.delete(pods, namespace.name, 'ending', { gracePeriodSeconds: 0 }, signal)
  await attempts.accepted('another domain for a namespace without pods', transport, move, signal)
}

/** Whoever may create Nodes may not thereby place in a domain. */
async function tryNewNode(context: ProofContext, namespace: ProofNamespace, domain: string, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await using cluster = new ClusterObjects(context, namespace)
  const metadata = { name: cluster.prefix }
  const user = `${cluster.prefix}:nodes`
  await cluster.create(clusterRoles, { metadata, rules: [{ verbs: ['create'], apiGroups: [''], resources: ['nodes'] }] }, signal)
  const subjects = [{ kind: 'User', apiGroup: rbac, name: user }]
  await cluster.create(
    clusterRoleBindings,
    { metadata, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: cluster.prefix }, subjects },
    signal,
  )
  const create = (labels: object): ProofRequest => ({
    ...{ method: 'POST', path: '/api/v1/nodes?dryRun=All', headers: { 'impersonate-user': user } },
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: cluster.prefix, labels } },
  })
  await attempts.accepted('a new node without a domain', transport, create({}), signal)
  await attempts.refused(
    'a new node in a domain, without the right to place in it',
    transport,
    create({ [nodeLabel]: domain }),
    withoutRight,
    signal,
  )
}

/** Pods and a change of the domain of their namespace at the same time: never both. The change begins before, between and after the pods. */
async function tryRace(context: ProofContext, node: string, domain: string, round: number, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await using namespace = await ProofNamespace.create(context, 'C9', signal)
  await namespace.account('c9', signal)
  const path = namespace.core('pods')
  const create = (name: string): ProofRequest => ({ method: 'POST', path, body: podObject(name, neverStarting({ nodeName: node })) })
  const body = { metadata: { labels: { [namespaceLabel]: domain } } }
  const move: ProofRequest = { method: 'PATCH', path: `/api/v1/namespaces/${namespace.name}`, body, contentType: mergePatch }
  const racing = [create('a'), create('b'), create('c'), create('d'), create('e'), create('f')]
  racing.splice(round % 3, 0, move)
  const answers = await Promise.all(
    racing.map(async (each, index) => {
      // A write waits for its place in the store: pods that come a moment later meet the change on its way.
      for (let turn = 0; turn < index * (round % 4); turn++) await new Promise(setImmediate)
      return await request(transport, each, signal)
    }),
  )
  const made = answers.filter((answer, index) => racing[index] !== move && succeeded(answer)).length
  const moved = answers.some((answer, index) => racing[index] === move && succeeded(answer))
  attempts.record({
    ...{ name: `pods and a change of their domain at the same time, round ${round + 1}`, sent: `POST ${path} and PATCH ${move.path}` },
    ...{ expected: 'pods or the change', answered: `${made} pods, ${moved ? 'and' : 'not'} the change`, held: made === 0 || !moved },
  })
}
