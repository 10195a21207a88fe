// Pods that end still run: their node and their namespace stay in the trust domain until the last container has ended. Tried on a Node that no agent serves.
import type { Node } from '../../../api/types/core-v1.ts'
import { nodes, pods } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { nodeLabel } from '../../oracles/trust-domain.ts'
import type { ProofContext } from '../../proof.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { mergePatch, type ProofRequest } from '../../request.ts'

const graceSeconds = 600
const account = 'ending'

export async function tryEndingPods(context: ProofContext, domain: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, run, transport } = context
  await using namespace = await ProofNamespace.create(context, 'C9', signal)
  await namespace.account(account, signal)
  await using cluster = new ClusterObjects(context, namespace)
  const node = cluster.prefix
  await cluster.create(nodes, { metadata: { name: node, labels: { ...run.labels } }, spec: { unschedulable: true } } as Node, signal)
  const move = (to: string): ProofRequest => ({
    ...{ method: 'PATCH', path: `/api/v1/nodes/${node}?dryRun=All`, contentType: mergePatch },
    body: { metadata: { labels: { [nodeLabel]: to } } },
  })
  const refused = (what: string) =>
    attempts.refused(`another domain for a node ${what}`, transport, move(domain), { names: 'of another trust domain' }, signal)
  const accepted = (what: string) => attempts.accepted(`another domain for a node ${what}`, transport, move(domain), signal)
  const spec = harmlessSpec({ serviceAccountName: account, nodeName: node, terminationGracePeriodSeconds: graceSeconds })
  const create = async (name: string) => await client.create(pods, namespace.name, podObject(name, spec), signal)
  const phase = (name: string, value: string) =>
    client.patch(pods, namespace.name, name, { status: { phase: value } }, { type: 'strategic', subresource: 'status' }, signal)

  await accepted('without pods')
  await create('ending')
  await client.delete(pods, namespace.name, 'ending', { gracePeriodSeconds: graceSeconds }, signal)
  await refused('whose only pod ends')
  await phase('ending', 'Running')
  await refused('whose only pod ends and still runs')
  await client.delete(pods, namespace.name, 'ending', { gracePeriodSeconds: 0 }, signal)
  await accepted('whose only pod is gone')
  for (const end of ['Succeeded', 'Failed']) {
    const name = end.toLowerCase()
    await create(name)
    await refused(`whose only pod has not begun: ${name}`)
    await phase(name, end)
    await accepted(`whose only pod has ended: ${name}`)
    await client.delete(pods, namespace.name, name, { gracePeriodSeconds: 0 }, signal)
  }
  await create('first')
  await create('second')
  await phase('first', 'Succeeded')
  await refused('of whose two pods one has ended')
}
