// Containers of no pod: whoever starts one beside the agent, or makes a pod vanish from the API while it runs, would have a pod that no policy knows.
import { randomUUID } from 'node:crypto'
import type { Pod } from '../../../api/types/core-v1.ts'
import { pods } from '../../../client/resources.ts'
import type { ProofContext, Stray } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject, smallResources } from '../../proof-pods.ts'
import { until, within } from '../../until.ts'

/** The agent removes them at once; a guard. */
const goneMs = 30_000

/** Returns what was seen. */
export async function tryStrays(context: ProofContext, signal: AbortSignal): Promise<string> {
  const { machine } = context
  if (machine.runStray === undefined) return 'containers of no pod were not tried: no node of this machine can be reached'
  const uids = [
    ['that names no pod', ''],
    ['that names a pod which does not exist', randomUUID()],
  ] as const
  for (const [name, uid] of uids) {
    await using stray = await machine.runStray(uid, signal)
    await mustEnd(context, `a container ${name}`, stray, signal)
  }
  return `${uids.length} containers of no pod removed`
}

/** In the sandbox of a pod that runs on a node of this machine: it has the network and the name of a pod that was admitted. */
export async function tryAddedContainers(
  context: ProofContext,
  namespace: ProofNamespace,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, machine } = context
  if (machine.addStray === undefined) return
  const spec = (nodeName: string) =>
    harmlessSpec({ serviceAccountName: 'c9', nodeName }, { command: ['sleep', '600'], resources: smallResources })
  for (const [index, node] of nodes.entries()) {
    const name = `living-${index}`
    const { metadata } = await client.create(pods, namespace.name, podObject(name, spec(node)), signal)
    const running = async () => {
      const pod = await client.get(pods, namespace.name, name, signal)
      return pod.status?.phase === 'Running' ? pod : undefined
    }
    const before = startedOf(await until(clock, running, signal))
    const ways = [
      ['without a label', ''],
      ['with a name that the pod has not', 'added'],
      ['with the name of its own one', 'main'],
    ] as const
    for (const [what, container] of ways) {
      const stray = await machine.addStray({ uid: metadata.uid ?? '', container }, signal)
      if (stray === undefined) break
      await using _stray = stray
      await mustEnd(context, `a container ${what} in the sandbox of a pod on node "${node}"`, stray, signal)
    }
    const after = startedOf(await until(clock, running, signal))
    attempts.record({
      ...{ name: `the pod of node "${node}" to which containers were added`, sent: 'GET pods', expected: `runs on: ${before}` },
      ...{ answered: after, held: after === before },
    })
    await client.delete(pods, namespace.name, name, { gracePeriodSeconds: 0 }, signal)
  }
}

const startedOf = ({ status }: Pod): string => (status?.containerStatuses ?? []).map(({ containerID }) => containerID).join()

async function mustEnd({ attempts, clock }: ProofContext, name: string, stray: Stray, signal: AbortSignal): Promise<void> {
  const isGone = async () => ((await stray.isGone(signal)) ? true : undefined)
  const held = (await within(goneMs, clock, isGone, signal)) === true
  attempts.record({
    ...{ name, sent: 'CreateContainer and StartContainer at the runtime of a node' },
    ...{ expected: 'removed by the agent', answered: held ? 'removed' : 'it runs on', held },
  })
}
