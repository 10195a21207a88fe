// Monitors nodes: sets a silent one to Unknown, and derives taints from conditions.

import { isReason } from '../../api/status.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { leases, nodes, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { podCondition } from '../pod-state.ts'
import { EvictionPace } from './eviction-pace.ts'
import { isEvicting, nodeCondition, planTaints, unknownConditions } from './node-health.ts'
import { nodeController } from './node-identity.ts'

const leaseNamespace = 'kube-node-lease'
export const nodeIndex = 'spec.nodeName'
export const nodeOfPod = ({ spec }: Pod): readonly string[] => (spec.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName])

export const nodeLifecycle: Controller = {
  name: 'node-controller',
  identity: nodeController,
  watches: nodes,
  follows: [follow({ resource: leases, keys: () => [] }), follow({ resource: pods, keys: () => [] })],
  begin(context) {
    const { informers, clock, settings } = context
    const cache = informers.full(nodes)
    informers.full(pods).addIndex(nodeIndex, nodeOfPod)
    // Signs of life by our own clock: the node's may be wrong.
    const alive = new Map<string, number>()
    const sign = (name: string) => alive.set(name, clock.monotonic())
    const registered = new Set<string>()
    const denied: DeniedPods = new Map()
    const pace = new EvictionPace(settings.evictionRates, settings.nodeMonitorPeriodMs)
    cache.onChange({
      add: node => {
        sign(node.metadata.name ?? '')
        pace.note(node, clock.monotonic())
      },
      update: (node, old) => {
        if (heartbeat(node) !== heartbeat(old)) sign(node.metadata.name ?? '')
        pace.note(node, clock.monotonic())
      },
      delete: node => {
        const { name = '' } = node.metadata
        alive.delete(name)
        pace.forget(name, clock.monotonic())
        report(context, node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)
      },
    })
    informers.full(leases).onChange({
      add: ({ metadata }) =>
        metadata.namespace === leaseNamespace && cache.getByKey(metadata.name ?? '') !== undefined && sign(metadata.name ?? ''),
      update: ({ metadata, spec }, old) => {
        if (metadata.namespace === leaseNamespace && spec?.renewTime !== old.spec?.renewTime) sign(metadata.name ?? '')
      },
    })
    return async (key, signal) => {
      const node = cache.getByKey(key)
      if (node === undefined) {
        registered.delete(key)
        denied.delete(key)
      } else if (!registered.has(key)) {
        registered.add(key)
        report(context, node, 'RegisteredNode', `Node ${key} event: Registered Node ${key} in Controller`)
      }
      if (node === undefined) return done
      return watchOver(context, node, { lastSign: alive.get(key) ?? clock.monotonic(), pace, denied }, signal)
    }
  },
}

const heartbeat = (node: Node): string => `${nodeCondition(node, 'Ready')?.lastHeartbeatTime} ${nodeCondition(node, 'Ready')?.status}`

/** Uids of pods already marked NotReady, by the name of a node that reports itself as not ready. It is alive, so its later reports about them count. */
type DeniedPods = Map<string, Set<string>>

interface Watch {
  readonly lastSign: number
  readonly pace: EvictionPace
  readonly denied: DeniedPods
}

async function watchOver(context: Context, node: Node, { lastSign, pace, denied }: Watch, signal: AbortSignal): Promise<Result> {
  const { client, clock, settings } = context
  const grace = nodeCondition(node, 'Ready') === undefined ? settings.nodeStartupGraceMs : settings.nodeMonitorGraceMs
  const silentFor = clock.monotonic() - lastSign
  let current = node
  if (silentFor >= grace) {
    const conditions = unknownConditions(node, clock.now())
    if (conditions !== undefined) {
      current = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } }, signal)
      report(context, node, 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`)
    }
  }
  // A node that never reported its readiness has no pods of its own yet.
  const name = node.metadata.name ?? ''
  const evicts = nodeCondition(current, 'Ready') !== undefined && pace.evicts(name, isEvicting(node), clock.monotonic())
  const taints = planTaints(current, clock.now(), evicts)
  if (taints !== undefined) await client.update(nodes, { ...current, spec: { ...current.spec, taints } }, signal)
  const status = nodeCondition(current, 'Ready')?.status
  if (status !== 'False') denied.delete(name)
  else if (!denied.has(name)) denied.set(name, new Set())
  if (status !== undefined && status !== 'True') await markPodsNotReady(context, name, denied.get(name), signal)
  // Whether an unready node evicts depends on the other nodes.
  const often = silentFor >= grace || (status !== undefined && status !== 'True')
  return { requeueAfterMs: often ? settings.nodeMonitorPeriodMs : Math.max(1, grace - silentFor) }
}

/** Services must not send to pods of a node that may be dead. */
async function markPodsNotReady(
  { client, clock, events, informers }: Context,
  node: string,
  denied: Set<string> | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const pod of informers.full(pods).byIndex(nodeIndex, node)) {
    if (podCondition(pod, 'Ready')?.status !== 'True') continue
    const { namespace = '', name = '', uid = '' } = pod.metadata
    if (denied?.has(uid)) continue
    const status = { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.now()) }] }
    try {
      await client.patch(pods, namespace, name, { metadata: { uid }, status }, { type: 'strategic', subresource: 'status' }, signal)
      events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'NodeNotReady', 'Node is not ready')
    } catch (err) {
      // Deleted, or replaced by another pod of its name, which may run elsewhere.
      if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
    }
    denied?.add(uid)
  }
}

function report({ events }: Context, node: Node, reason: string, message: string): void {
  events.record({ ...referenceTo(node, 'v1', 'Node'), namespace: '' }, 'Normal', reason, message)
}
