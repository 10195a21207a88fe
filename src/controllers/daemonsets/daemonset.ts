// Keeps one pod of each DaemonSet on every matching node.

import { domainOfNamespace, domainOfNode, isPlatform } from '../../api/pods/trust-domain.ts'
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { controllerRevisions, daemonSets, namespaces, nodes, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { deleteRevisions, keepHistory, revisionLabel } from '../controller-revision.ts'
import type { Expectations } from '../expectations.ts'
import { controllerOf, planOwnership } from '../owner.ts'
import { createPod, deleteExpected, deletePod, inGrowingBatches, isNamespaceEnding, unlessEnding } from '../pod-control.ts'
import { expectPods } from '../pod-expectations.ts'
import { isFinished } from '../pod-state.ts'
import { canonical } from '../replicas/pod-template-hash.ts'
import { nextAvailable } from '../replicas/replica-plan.ts'
import { applyClaim } from '../volumes/claim.ts'
import { daemonPod, targetNode } from './daemon-node.ts'
import { type DaemonPlan, type DaemonView, planNodes, planStatus, planUpdate } from './daemon-plan.ts'

/** Limit of pods created or deleted in one pass (upstream's BurstReplicas). */
const burst = 250
const firstRetryMs = 1_000
const maxRetryMs = 900_000

export const daemonSet: Controller = {
  name: 'daemonset-controller',
  identity: {
    account: 'daemon-set-controller',
    rules: [
      rule(read, 'apps extensions', 'daemonsets'),
      rule('update', 'apps extensions', 'daemonsets/status'),
      rule('update', 'apps extensions', 'daemonsets/finalizers'),
      rule('list watch', 'core', 'nodes'),
      rule('create delete list patch watch', 'core', 'pods'),
      rule('create', 'core', 'pods/binding'),
      rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
      recordEvents,
    ],
  },
  watches: daemonSets,
  owns: [pods, controllerRevisions],
  follows: [
    follow({
      resource: namespaces,
      keys: (namespace, { informers }, old) =>
        old !== undefined && domainOfNamespace(namespace) === domainOfNamespace(old)
          ? []
          : informers.full(daemonSets).list(namespace.metadata.name).map(keyOf),
    }),
    follow({ resource: pods, keys: orphanKeys }),
    follow({
      resource: nodes,
      keys: (node, { informers }, old) =>
        old !== undefined && placement(node) === placement(old) ? [] : informers.full(daemonSets).list().map(keyOf),
    }),
  ],
  begin(context) {
    const cache = context.informers.full(daemonSets)
    const expectations = expectPods(context, daemonSets)
    const retries = new Map<string, Retry>()
    return async (key, signal) => {
      const set = cache.getByKey(key)
      if (set !== undefined) return unlessEnding(reconcile(context, { expectations, retries }, set, signal))
      expectations.forget(key)
      for (const name of retries.keys()) if (name.startsWith(`${key}@`)) retries.delete(name)
      return done
    }
  },
}

interface Retry {
  /** The generation of the set that failed. */
  readonly generation: number
  readonly failures: number
  readonly since: number
}

interface Memory {
  readonly expectations: Expectations
  /** By set and node. */
  readonly retries: Map<string, Retry>
}

/** What matters about a node; heartbeats do not change it. */
function placement({ metadata, spec }: Node): string {
  return canonical([metadata.labels, spec?.taints ?? [], spec?.unschedulable ?? false])
}

function orphanKeys(pod: Pod, { informers }: Context): string[] {
  if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return []
  return informers
    .full(daemonSets)
    .list(pod.metadata.namespace)
    .filter(({ spec }) => selects(spec.selector, pod.metadata.labels))
    .map(keyOf)
}

async function reconcile(context: Context, memory: Memory, set: DaemonSet, signal: AbortSignal): Promise<Result> {
  const { clock, informers, events } = context
  const { selector, template } = set.spec
  if (selector == null || canonical(selector) === '{}') {
    const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
    events.record(referenceTo(set, 'apps/v1', 'DaemonSet'), 'Warning', 'SelectingAll', message)
    return done
  }
  if (set.metadata.deletionTimestamp !== undefined) return done
  const key = keyOf(set)
  const trusted = memory.expectations.fulfilled(key, clock.monotonic())
  const collisions = set.status?.collisionCount
  const owner = { object: set, resource: daemonSets, selector, template, collisionCount: collisions, hashLabel: revisionLabel }
  const history = await keepHistory(context, owner, signal)
  const claim = planOwnership(set, informers.full(pods).list(set.metadata.namespace), pod => selects(selector, pod.metadata.labels))
  const owned = await applyClaim(context, set, daemonSets, pods, claim, signal)
  const hash = history.update.metadata.labels?.[revisionLabel] ?? ''
  // A node of another trust domain does not belong to the set: no pod can be bound there.
  const domain = domainOfNamespace(informers.full(namespaces).getByKey(set.metadata.namespace ?? ''))
  const own = informers
    .full(nodes)
    .list()
    .filter(node => isPlatform(set.metadata.namespace) || domainOfNode(node) === domain)
  const view: DaemonView = { set, hash, nodes: own, pods: owned, now: clock.now() }
  let wait: number | undefined
  let failure: unknown
  if (trusted) {
    const held = holdBack(context, memory, view, planNodes(view))
    wait = held.wait
    const isSettled = held.plan.create.length + held.plan.remove.length === 0
    const rolls = isSettled && set.spec.updateStrategy?.type !== 'OnDelete'
    failure = await apply(context, memory, view, rolls ? planUpdate(view) : held.plan, signal)
    const live = new Set([hash, ...owned.map(({ metadata }) => metadata.labels?.[revisionLabel] ?? '')])
    const past = history.all.filter(revision => revision !== history.update)
    // Revisions in use count too, although they stay.
    const surplus = past.length - (set.spec.revisionHistoryLimit ?? 10)
    const idle = past.filter(({ metadata }) => !live.has(metadata.labels?.[revisionLabel] ?? ''))
    await deleteRevisions(context, idle.slice(0, Math.max(0, surplus)), signal)
  }
  const { generation = 0 } = set.metadata
  const status = planStatus(view, history.collisionCount, trusted ? generation : (set.status?.observedGeneration ?? 0))
  if (canonical(status) !== canonical(set.status)) await context.client.updateStatus(daemonSets, { ...set, status }, signal)
  if (failure !== undefined) throw failure
  const available = nextAvailable(owned, set.spec.minReadySeconds ?? 0, clock.now())
  const waits = [wait, available].filter(each => each !== undefined)
  return waits.length === 0 ? done : { requeueAfterMs: Math.min(...waits) }
}

/** Leaves out daemons whose back-off has not ended: failing daemons must not be replaced in a tight loop. */
function holdBack(
  context: Context,
  { retries }: Memory,
  { set, now }: DaemonView,
  { create, remove }: DaemonPlan,
): { plan: DaemonPlan; wait: number | undefined } {
  const waits: number[] = []
  const allowed = remove.filter(pod => {
    if (!isFinished(pod)) return true
    const wait = pod.status?.phase === 'Failed' ? retryWait(retries, set, targetNode(pod) ?? '', now) : 0
    if (wait > 0) waits.push(wait)
    else reportEnded(context, set, pod)
    return wait <= 0
  })
  return { plan: { create, remove: allowed }, wait: waits.length === 0 ? undefined : Math.min(...waits) }
}

/** Milliseconds until the daemon of the node may be replaced; 0 counts this as the next try. */
function retryWait(retries: Map<string, Retry>, set: DaemonSet, node: string, now: number): number {
  const name = `${keyOf(set)}@${node}`
  const generation = set.status?.observedGeneration ?? 0
  const known = retries.get(name)
  // A changed set may be fixed.
  const last = known?.generation === generation ? known : undefined
  const delay = Math.min(firstRetryMs * 2 ** Math.min((last?.failures ?? 0) - 1, 20), maxRetryMs)
  if (last !== undefined && now - last.since < delay) return last.since + delay - now
  const isCalm = last === undefined || now - last.since > 2 * maxRetryMs
  retries.set(name, { generation, failures: isCalm ? 1 : last.failures + 1, since: now })
  return 0
}

/** Returns what failed, if anything did. */
async function apply(
  context: Context,
  { expectations }: Memory,
  { set, hash }: DaemonView,
  plan: DaemonPlan,
  signal: AbortSignal,
): Promise<unknown> {
  const key = keyOf(set)
  const create = plan.create.slice(0, burst)
  const remove = plan.remove.slice(0, burst)
  if (create.length + remove.length > 0)
    expectations.expect(
      key,
      { creations: create.length, deletions: remove.map(({ metadata }) => metadata.uid ?? '') },
      context.clock.monotonic(),
    )
  const made = await inGrowingBatches(create.length, at =>
    createPod(context, set, daemonSets, daemonPod(set, create[at] ?? '', hash), signal),
  )
  for (let at = made.succeeded; at < create.length; at++) expectations.created(key)
  const { err } = await deleteExpected(expectations, key, remove, pod => deletePod(context, set, daemonSets, pod, signal))
  return err ?? (isNamespaceEnding(made.err) ? undefined : made.err)
}

function reportEnded({ events }: Context, set: DaemonSet, { metadata, spec, status }: Pod): void {
  const failed = status?.phase === 'Failed'
  const name = `${metadata.namespace}/${metadata.name}`
  events.record(
    referenceTo(set, 'apps/v1', 'DaemonSet'),
    failed ? 'Warning' : 'Normal',
    failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    `Found ${failed ? 'failed' : 'succeeded'} daemon pod ${name} on node ${spec.nodeName}, will try to ${failed ? 'kill' : 'delete'} it`,
  )
}
