import { randomBytes } from 'node:crypto'
import { namespaceDomainLabel, podDomainAnnotation } from '../../api/pods/trust-domain.ts'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import { daemonSets, nodes, pods } from '../../client/resources.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { mergePatch, request } from '../request.ts'

const everywhere = { tolerations: [{ operator: 'Exists' }] }
const pollMs = 50

export const placement: Proof = {
  id: 'P3',
  title: 'restrict where',
  why: 'A pod shares the kernel with other pods on its node, so it must not choose its node',
  attack:
    'Try to bring pods of a trust domain to a node of another one: by nodeName, forged domain, binding, tolerations, scheduler and DaemonSet',
  expected: 'Each attempt is refused, or the pod stays without a node',
  whenRed:
    'Find out who may create `pods/binding` or update `nodes` beside the scheduler: `bulkhead why --as USER create pods/binding -n NAMESPACE`',
  async prove(context, signal) {
    const { client, transport } = context
    const node = (await client.list(nodes, {}, signal)).items[0]?.metadata.name
    if (node === undefined) return skipped('there is no node')
    const domain = `prove-${randomBytes(4).toString('hex')}`
    await using namespace = await ProofNamespace.create(context, 'P3', signal, { [namespaceDomainLabel]: domain })
    await namespace.account('p3', signal)
    const found: string[] = []
    const want = async (what: string, path: string, body: object) => {
      const { status, message } = await request(transport, { method: 'POST', path, body }, signal)
      if (status !== 403 || !message.includes('trust domain'))
        found.push(`${what}: answered ${status} (${message}), expected a refusal by trust domain`)
    }
    const direct = harmlessSpec({ serviceAccountName: 'p3', nodeName: node, ...everywhere })
    await want('pod that names the node', namespace.core('pods'), podObject('direct', direct))
    const forged = { annotations: { [podDomainAnnotation]: '' } }
    await want('pod that forges its domain', namespace.core('pods'), podObject('forged', direct, forged))
    const waiting = podObject('waiting', harmlessSpec({ serviceAccountName: 'p3', ...everywhere }))
    await client.create(pods, namespace.name, waiting, signal)
    const target = { apiVersion: 'v1', kind: 'Node', name: node }
    const binding = (name: string) => ({ apiVersion: 'v1', kind: 'Binding', metadata: { name }, target })
    await want('binding', namespace.core('pods/waiting/binding'), binding('waiting'))
    await want('binding by its old path', namespace.core('bindings'), binding('waiting'))
    const patch = { metadata: { annotations: { [podDomainAnnotation]: null } } }
    await request(transport, { method: 'PATCH', path: namespace.core('pods/waiting'), body: patch, contentType: mergePatch }, signal)
    await want('binding of a pod whose domain was removed by a patch', namespace.core('pods/waiting/binding'), binding('waiting'))
    // If admission lets pods pass, the rest need not be tried, and the controllers may not even run.
    if (found.length === 0) found.push(...(await byControllers(context, namespace, node, signal)))
    return outcomeOf(
      found,
      `6 requests for node "${node}" refused; the scheduler finds no node and a DaemonSet places no pod for trust domain "${domain}"`,
    )
  },
}

async function byControllers(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  node: string,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = []
  const spec = { ...harmlessSpec({ serviceAccountName: 'p3', ...everywhere, schedulerName: 'default-scheduler' }) }
  await client.create(pods, namespace.name, podObject('scheduled', spec), signal)
  const labels = { app: 'p3' }
  const set = { metadata: { name: 'p3' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } }
  await client.create(daemonSets, namespace.name, set as unknown as DaemonSet, signal)
  for (;;) {
    const [pod, daemons] = await Promise.all([
      client.get(pods, namespace.name, 'scheduled', signal),
      client.get(daemonSets, namespace.name, 'p3', signal),
    ])
    const tried = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    if (pod.spec.nodeName) found.push(`the scheduler chose node "${pod.spec.nodeName}"`)
    const wanted = daemons.status?.desiredNumberScheduled ?? 0
    if (wanted > 0) found.push(`a DaemonSet places ${wanted} pods on nodes such as "${node}"`)
    if (found.length > 0 || (tried?.status === 'False' && daemons.status?.observedGeneration === daemons.metadata.generation)) return found
    await clock.sleep(pollMs, signal)
  }
}
