// What a quota holds over time: writes that fail take nothing, a changed bound counts at once, and what ends is counted until its end.
import { leases, pods, resourceQuotas } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'
import { quotaAccount } from './compute.ts'
import { exceeds } from './quota-room.ts'

const counted = 'count/leases.coordination.k8s.io'
/** No node has this name: a pod there has its grace period, and no agent ends it before. */
const noNode = 'bulkhead-prove-none'
const graceSeconds = 600

/** The namespace must be new. */
export async function tryChanges(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  const lease = (name: string, dryRun = false): ProofRequest => ({
    method: 'POST',
    path: `${namespace.group('coordination.k8s.io/v1', 'leases')}${dryRun ? '?dryRun=All' : ''}`,
    body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} },
  })
  const over = { names: exceeds('leases', `${counted}=1`) }
  const bound = (hard: string) =>
    client.patch(resourceQuotas, namespace.name, 'leases', { spec: { hard: { [counted]: hard } } }, { type: 'merge' }, signal)
  await client.create(resourceQuotas, namespace.name, { metadata: { name: 'leases' }, spec: { hard: { [counted]: '2' } } }, signal)
  await attempts.accepted('changes: the first of two', transport, lease('one'), signal)
  for (const time of ['once', 'twice'])
    await attempts.refused(`changes: the name of the first ${time} more`, transport, lease('one'), { status: 409 }, signal)
  await attempts.accepted('changes: the second, after writes that failed', transport, lease('two'), signal)
  await attempts.refused('changes: a third', transport, lease('three', true), over, signal)
  await bound('3')
  await attempts.accepted('changes: a third, with a wider bound', transport, lease('three', true), signal)
  await client.delete(leases, namespace.name, 'two', {}, signal)
  await bound('1')
  await attempts.refused('changes: the second again, with a narrower bound', transport, lease('two', true), over, signal)
  await endPod(context, namespace, signal)
}

/** A pod counts until its grace period is over. */
async function endPod({ attempts, client, transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await namespace.account(quotaAccount, signal)
  await client.create(resourceQuotas, namespace.name, { metadata: { name: 'ending' }, spec: { hard: { pods: '1' } } }, signal)
  const path = namespace.core('pods')
  const pod = (name: string, fields: object): ProofRequest => ({
    method: 'POST',
    path,
    body: podObject(name, harmlessSpec({ serviceAccountName: quotaAccount, ...fields })),
  })
  await attempts.accepted(
    'ending: a pod',
    transport,
    pod('ending', { nodeName: noNode, terminationGracePeriodSeconds: graceSeconds }),
    signal,
  )
  await client.delete(pods, namespace.name, 'ending', { gracePeriodSeconds: graceSeconds }, signal)
  const another = { ...pod('another', {}), path: `${path}?dryRun=All` }
  await attempts.refused('ending: another pod while it ends', transport, another, { names: exceeds('ending', 'pods=1') }, signal)
  await client.delete(pods, namespace.name, 'ending', { gracePeriodSeconds: 0 }, signal)
  await attempts.accepted('ending: another pod after its end', transport, another, signal)
}
