// `bulkhead node drain`: no new pods for a node, and its pods move to others as their disruption budgets allow.
import { isMirrorPod } from '../../api/pods/mirror-pod.ts'
import { ApiError, isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { nodes, pods } from '../../client/resources.ts'

export interface DrainOptions {
  readonly client: Client
  readonly clock: Clock
  /** Milliseconds until the drain gives up; the node stays closed. */
  readonly limitMs: number
  print(line: string): void
}

const pollMs = 1_000
/** Names in a message. */
const maxNamed = 5

/** Pods that a drain moves: those of a DaemonSet would come back at once, and what has ended needs nothing. Pure. */
export function podsToMove(all: readonly Pod[]): Pod[] {
  return all.filter(
    pod =>
      !isMirrorPod(pod) &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed' &&
      !(pod.metadata.ownerReferences ?? []).some(({ kind, controller }) => kind === 'DaemonSet' && controller === true),
  )
}

/** Rejects with a UserError if the node does not exist, or pods are left when the time is over. */
export async function drainNode(name: string, { client, clock, limitMs, print }: DrainOptions, signal: AbortSignal): Promise<void> {
  await closeNode(client, name, signal)
  print(`Node "${name}" gets no new pods.`)
  const refused = new Map<string, string>()
  for (const began = clock.monotonic(); ; ) {
    const left = podsToMove(await client.listAll(pods, { fieldSelector: `spec.nodeName=${name}` }, signal))
    if (left.length === 0) break
    if (clock.monotonic() - began > limitMs) throw new UserError(notDrained(name, left, refused, limitMs))
    for (const pod of left) await evict(client, pod, refused, signal)
    await clock.sleep(pollMs, signal)
  }
  print(`Node "${name}" is drained: its pods have moved.`)
}

/** Rejects with a UserError if the Node does not exist. */
export async function closeNode(client: Client, name: string, signal: AbortSignal): Promise<void> {
  try {
    await client.patch(nodes, '', name, { spec: { unschedulable: true } }, { type: 'merge' }, signal)
  } catch (err) {
    throw isReason(err, 'NotFound') ? noSuchNode(name) : err
  }
}

export const noSuchNode = (name: string): UserError =>
  new UserError(`There is no node "${name}": "kubectl get nodes" lists those of the cluster`)

const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

async function evict(client: Client, pod: Pod, refused: Map<string, string>, signal: AbortSignal): Promise<void> {
  if (pod.metadata.deletionTimestamp !== undefined) return
  const { namespace = '', name = '', uid } = pod.metadata
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { namespace, name },
    deleteOptions: { preconditions: { uid } },
  }
  try {
    await client.subresource('POST', pods, namespace, name, 'eviction', body, signal)
    refused.delete(keyOf(pod))
  } catch (err) {
    if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return
    if (!(err instanceof ApiError)) throw err
    // A disruption budget: the next round tries again.
    refused.set(keyOf(pod), err.message)
  }
}

function notDrained(name: string, left: readonly Pod[], refused: ReadonlyMap<string, string>, limitMs: number): string {
  const named = left.slice(0, maxNamed).map(pod => {
    const why = refused.get(keyOf(pod))
    return why === undefined ? keyOf(pod) : `${keyOf(pod)} (${why})`
  })
  const more = left.length > maxNamed ? ` and ${left.length - maxNamed} more` : ''
  return `Node "${name}" is not drained within ${limitMs / 1000} s, these pods are left: ${named.join(', ')}${more}. It gets no new pods; "kubectl uncordon ${name}" opens it again`
}
