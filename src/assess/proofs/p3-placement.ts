import { randomBytes } from 'node:crypto'
import type { KubeObject } from '../../api/object.ts'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { daemonSets, nodes, pods } from '../../client/resources.ts'
import { inParallel } from '../in-parallel.ts'
import { isOfProof } from '../node-token.ts'
import { domainOfNode, domainOfPod, namespaceLabel, podAnnotation } from '../oracles/trust-domain.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch } from '../request.ts'
import { until } from '../until.ts'

const everywhere = { tolerations: [{ operator: 'Exists' }] }
const refusedBy = { names: 'trust domain' }
const specOf = (fields: Partial<PodSpec> = {}) => harmlessSpec({ serviceAccountName: 'p3', ...everywhere, ...fields })

export const placement: Proof = {
  id: 'P3',
  title: 'restrict where',
  why: 'A pod shares the kernel with other pods on its node, so it must not choose its node',
  attack:
    'Try to bring pods of a trust domain to every node of another one: by nodeName, forged domain, binding, tolerations, scheduler and DaemonSet; and pods of none to nodes of one',
  expected: 'Each attempt is refused, or the pod stays without a node, and its domain stays',
  whenRed:
    'Find out who may create `pods/binding` or update `nodes` beside the scheduler: `bulkhead why --as USER create pods/binding -n NAMESPACE`',
  async prove(context, signal) {
    const { attempts, client } = context
    const all = (await client.listAll(nodes, {}, signal)).filter(({ metadata }) => !isOfProof(metadata.name ?? ''))
    if (all.length === 0) return skipped('there is no node')
    const domain = `prove-${randomBytes(4).toString('hex')}`
    await using namespace = await ProofNamespace.create(context, 'P3', signal, { [namespaceLabel]: domain })
    await namespace.account('p3', signal)
    await client.create(pods, namespace.name, podObject('waiting', specOf()), signal)
    const names = all.map(({ metadata }) => metadata.name ?? '')
    await inParallel([...names, 'bulkhead-prove-none'], node => tryNode(context, namespace, node, signal))
    await tryDomain(context, namespace, domain, signal)
    await using plain = await ProofNamespace.create(context, 'P3', signal)
    await plain.account('p3', signal)
    const ofDomains = all.filter(node => domainOfNode(node) !== '').map(({ metadata }) => metadata.name ?? '')
    await inParallel(ofDomains, node => tryPlain(context, plain, node, signal))
    await tryForgedDomain(context, plain, domain, signal)
    const [foreign] = all.filter(node => domainOfNode(node) !== '')
    if (foreign !== undefined) await trySimilar(context, foreign, signal)
    // If admission lets pods pass, the rest need not be tried, and the controllers may not even run.
    const found = attempts.found.length > 0 ? [] : await byControllers(context, namespace, {}, signal)
    if (found.length === 0 && foreign !== undefined)
      found.push(...(await byControllers(context, plain, onNode(foreign.metadata.name ?? ''), signal)))
    return outcomeOf(
      found,
      `${attempts.all.length} attempts on ${names.length} nodes; the scheduler finds no node and a DaemonSet places no pod for trust domain "${domain}"`,
    )
  },
}

const create = (namespace: ProofNamespace, node: string, metadata = {}, fields: Partial<PodSpec> = {}): ProofRequest => ({
  method: 'POST',
  path: namespace.core('pods?dryRun=All'),
  body: podObject('direct', specOf({ ...fields, nodeName: node }), metadata),
})

/** This node and no other. */
const onNode = (name: string): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
})

function binding(namespace: ProofNamespace, path: string, node: string, metadata = {}): ProofRequest {
  const target = { apiVersion: 'v1', kind: 'Node', name: node }
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'waiting', ...metadata }, target }
  return { method: 'POST', path: namespace.core(`${path}?dryRun=All`), body }
}

/** Every way to choose a node. Nothing is stored if it passes. */
async function tryNode({ attempts, transport }: ProofContext, namespace: ProofNamespace, node: string, signal: AbortSignal): Promise<void> {
  const ownDomain = { annotations: { [podAnnotation]: '' } }
  const ways = [
    ['a pod that names', create(namespace, node)],
    ['a pod that forges its domain and names', create(namespace, node, ownDomain)],
    ['a pod for the scheduler that names', create(namespace, node, {}, { schedulerName: 'default-scheduler' })],
    ['a binding to', binding(namespace, 'pods/waiting/binding', node)],
    ['a binding with a forged domain to', binding(namespace, 'pods/waiting/binding', node, ownDomain)],
    ['a binding by its old path to', binding(namespace, 'bindings', node)],
  ] as const
  for (const [what, question] of ways) await attempts.refused(`${what} node "${node}"`, transport, question, refusedBy, signal)
}

/** What the server set at creation stays. */
async function tryDomain(context: ProofContext, namespace: ProofNamespace, domain: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  const annotations = (value: string | null) => ({ metadata: { annotations: { [podAnnotation]: value } } })
  const applied = { apiVersion: 'v1', kind: 'Pod', ...annotations('') }
  const patches = [
    ['merge patch', annotations(null), mergePatch],
    ['strategic merge patch', annotations(''), strategicPatch],
    ['JSON patch', [{ op: 'add', path: '/metadata/annotations', value: {} }], jsonPatch],
    ['server-side apply', applied, applyPatch],
  ] as const
  for (const subresource of ['', '/status']) {
    for (const [what, body, contentType] of patches) {
      const query = contentType === applyPatch ? '?fieldManager=bulkhead-prove&force=true' : ''
      const path = namespace.core(`pods/waiting${subresource}${query}`)
      await request(transport, { method: 'PATCH', path, body, contentType }, signal)
      const now = domainOfPod(await client.get(pods, namespace.name, 'waiting', signal))
      const answered = `the pod is of domain "${now}"`
      attempts.record({
        ...{ name: `${what} of a pod's domain${subresource}`, sent: `PATCH ${path}` },
        ...{ expected: `domain "${domain}"`, answered, held: now === domain },
      })
    }
  }
}

async function tryPlain({ attempts, transport }: ProofContext, plain: ProofNamespace, node: string, signal: AbortSignal): Promise<void> {
  await attempts.refused(`a pod of no trust domain that names node "${node}"`, transport, create(plain, node), refusedBy, signal)
}

/** The server alone writes the domain of a pod, also where there is none. */
async function tryForgedDomain(
  { attempts, transport }: ProofContext,
  plain: ProofNamespace,
  domain: string,
  signal: AbortSignal,
): Promise<void> {
  const body = podObject('forged', specOf(), { annotations: { [podAnnotation]: domain } })
  const question: ProofRequest = { method: 'POST', path: plain.core('pods?dryRun=All'), body }
  const { text } = await attempts.accepted('a pod of no trust domain that forges one', transport, question, signal)
  const found = text.includes(domain)
  attempts.record({
    ...{ name: 'the domain that a pod forges', sent: `POST ${question.path}` },
    ...{ expected: 'no domain', answered: found ? `domain "${domain}"` : 'no domain', held: !found },
  })
}

/** Domains are equal or not: a longer one, and the same in capitals, are others. */
async function trySimilar(context: ProofContext, node: KubeObject, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const domain = domainOfNode(node)
  const name = node.metadata.name ?? ''
  for (const similar of [`${domain}x`, domain.slice(0, -1), domain.toUpperCase()].filter(each => each !== '' && each !== domain)) {
    await using namespace = await ProofNamespace.create(context, 'P3', signal, { [namespaceLabel]: similar })
    await namespace.account('p3', signal)
    await attempts.refused(
      `a pod of domain "${similar}" that names node "${name}" of "${domain}"`,
      transport,
      create(namespace, name),
      refusedBy,
      signal,
    )
  }
}

async function byControllers(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  fields: Partial<PodSpec>,
  signal: AbortSignal,
): Promise<string[]> {
  const spec = specOf({ ...fields, schedulerName: 'default-scheduler' })
  await client.create(pods, namespace.name, podObject('scheduled', spec), signal)
  const labels = { app: 'p3' }
  const set = { metadata: { name: 'p3' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } }
  await client.create(daemonSets, namespace.name, set as unknown as DaemonSet, signal)
  const found: string[] = []
  const decided = async (): Promise<string[] | undefined> => {
    const [pod, daemons] = await Promise.all([
      client.get(pods, namespace.name, 'scheduled', signal),
      client.get(daemonSets, namespace.name, 'p3', signal),
    ])
    const tried = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    if (pod.spec.nodeName) found.push(`the scheduler chose node "${pod.spec.nodeName}"`)
    // Admission would refuse its binding; the scheduler must not even try.
    else if (tried?.status === 'False' && !isOfOthers(tried.message ?? '', fields.affinity === undefined))
      found.push(`the scheduler found no node for another reason than its trust domain: ${tried.message}`)
    const wanted = daemons.status?.desiredNumberScheduled ?? 0
    if (wanted > 0) found.push(`a DaemonSet places ${wanted} pods`)
    const isDecided = tried?.status === 'False' && daemons.status?.observedGeneration === daemons.metadata.generation
    return found.length > 0 || isDecided ? found : undefined
  }
  return await until(clock, decided, signal)
}

/** Whether the scheduler says that every node belongs to another trust domain, or the one that the pod wants. */
function isOfOthers(message: string, every: boolean): boolean {
  const [, count] = /^0\/(\d+) nodes are available/.exec(message) ?? []
  return count !== undefined && message.includes(`${every ? count : 1} node(s) belonged to another trust domain`)
}
