// A pod that runs on each node of this machine: containers that others add to it, and an end that comes earlier than it was told at first.

import { isReason } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import { pods } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject, smallResources } from '../../proof-pods.ts'
import { realNodes } from '../../real-nodes.ts'
import { until, within } from '../../until.ts'
import { recordRemoval } from './stray-containers.ts'

/** Longer than a proof may take. */
const longSeconds = 600
/** The node needs some seconds; guards. */
const startMs = 120_000
const endMs = 60_000

export async function tryLivingPods(
  context: ProofContext,
  namespace: ProofNamespace,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { client, clock } = context
  const { usable, others } = await realNodes(context, signal)
  for (const node of nodes.filter(name => !others.includes(name))) {
    // The first process of a container ignores the signal to end.
    const spec = harmlessSpec(
      { serviceAccountName: 'c9', nodeName: node, terminationGracePeriodSeconds: longSeconds },
      { command: ['sleep', '3600'], resources: smallResources },
    )
    const { metadata } = await client.create(
      pods,
      namespace.name,
      { ...podObject('', spec), metadata: { generateName: 'living-' } },
      signal,
    )
    const living = { name: metadata.name ?? '', uid: metadata.uid ?? '', node }
    const running = async () => {
      const pod = await client.get(pods, namespace.name, living.name, signal)
      return pod.status?.phase === 'Running' ? pod : undefined
    }
    const before = await within(startMs, clock, running, signal)
    if (before !== undefined) await tryAddedContainers(context, living, signal)
    const after = before && (await within(startMs, clock, running, signal))
    context.attempts.record({
      ...{ name: `the pod of node "${node}" to which containers were added`, sent: 'GET pods' },
      ...{ expected: before === undefined ? 'it runs' : `runs on: ${startedOf(before)}`, answered: startedOf(after) },
      held: after !== undefined && startedOf(after) === startedOf(before),
    })
    // In a simulation every container ends at once.
    if (after !== undefined && usable.includes(node)) await tryShorterGrace(context, namespace.name, living, signal)
    else await client.delete(pods, namespace.name, living.name, { gracePeriodSeconds: 0 }, signal)
  }
}

interface Living {
  readonly name: string
  readonly uid: string
  readonly node: string
}

const startedOf = (pod: Pod | undefined): string =>
  pod === undefined ? 'it does not run' : (pod.status?.containerStatuses ?? []).map(({ containerID }) => containerID).join()

/** In the sandbox it has the network and the name of a pod that was admitted. */
async function tryAddedContainers(context: ProofContext, { uid, node }: Living, signal: AbortSignal): Promise<void> {
  const { addStray } = context.machine
  const ways = [
    ['without a label', ''],
    ['with a name that the pod has not', 'added'],
    ['with the name of its own one', 'main'],
  ] as const
  await inParallel(ways, async ([what, container]) => {
    const stray = await addStray?.({ uid, container }, signal)
    // The node is another machine.
    if (stray === undefined) return
    await using added = stray
    await recordRemoval(context, `a container ${what} in the sandbox of a pod on node "${node}"`, added, signal)
  })
}

/** Who deletes a pod again with a shorter grace period, as `kubectl delete --now` does, must not wait for the longer one. */
async function tryShorterGrace(
  { attempts, client, clock }: ProofContext,
  namespace: string,
  { name, node }: Living,
  signal: AbortSignal,
): Promise<void> {
  await client.delete(pods, namespace, name, { gracePeriodSeconds: longSeconds }, signal)
  const isGone = async () => {
    try {
      await client.get(pods, namespace, name, signal)
      return undefined
    } catch (err) {
      if (isReason(err, 'NotFound')) return true
      throw err
    }
  }
  // The agent has to have begun with the longer period.
  const isEnding = async () => (await client.get(pods, namespace, name, signal)).metadata.deletionTimestamp !== undefined || undefined
  await until(clock, isEnding, signal)
  const stopping = async () => {
    const events = await client.getPath<{ items: readonly { reason?: string; involvedObject?: { name?: string } }[] }>(
      `/api/v1/namespaces/${namespace}/events`,
      signal,
    )
    return events.items.some(({ reason, involvedObject }) => reason === 'Killing' && involvedObject?.name === name) || undefined
  }
  await within(endMs, clock, stopping, signal, 100)
  await client.delete(pods, namespace, name, { gracePeriodSeconds: 1 }, signal)
  const held = (await within(endMs, clock, isGone, signal)) === true
  attempts.record({
    ...{ name: `a pod of node "${node}" that is deleted again with a shorter grace period`, sent: `${longSeconds} s, then 1 s` },
    ...{ expected: 'it ends', answered: held ? 'it ended' : 'it runs on', held },
  })
  if (!held) await client.delete(pods, namespace, name, { gracePeriodSeconds: 0 }, signal)
}
