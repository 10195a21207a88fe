// Maintains the Node object and the node's Lease: registers, reports status, renews, and reports NotReady when the agent stops.

import { nodeLinkKey, nodeLinkPort } from '../../api/nodes/node-link-names.ts'
import { auditWitnessAnnotation } from '../../api/nodes/witness-call.ts'
import { isReason } from '../../api/status.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { nodeVolumesAnnotation } from '../../api/volumes/local-volume-names.ts'
import { type Clock, formatMicroTime } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { type Lease, leases, nodes } from '../../client/resources.ts'
import { componentsAnnotation } from '../../supply-chain/components/component.ts'
import { type NodeFacts, type NodeHealth, newNode, nodeAnnotations, nodeLabels, nodeStatus, withdrawnResources } from './node-object.ts'

export interface NodeRegistrarOptions {
  readonly client: Client
  readonly node: NodeFacts
  readonly health: (signal: AbortSignal) => Promise<NodeHealth>
  readonly clock: Clock
  readonly log: Logger
}

const leaseSeconds = 40
const renewMs = 10_000
/** Upstream checks every 10 s and reports at least every 5 minutes. */
const reportMs = 300_000
const agentStopped = { enforced: false, reason: 'AgentStopped', message: 'the node agent was stopped' } as const
const firstRetryMs = 200
const maxRetryMs = 7_000
const stoppedMs = 5_000
const rangeMs = 30_000
const rangePollMs = 100

export class NodeRegistrar {
  readonly #options: NodeRegistrarOptions
  #node: Node | undefined
  #reported = ''
  #reportedAt = 0

  constructor(options: NodeRegistrarOptions) {
    this.#options = options
  }

  /** Resolves with the Node in the API; retries until the signal. */
  async register(signal: AbortSignal): Promise<Node> {
    const { client, node, clock, log } = this.#options
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, maxRetryMs)) {
      try {
        const there = await this.#ensure(signal)
        // The Lease is owned by the Node and is deleted with it.
        this.#node = there
        await this.#renewLease(signal)
        await this.#report(there, signal)
        log.info('node registered', { node: node.name })
        return await client.get(nodes, '', node.name, signal)
      } catch (err) {
        signal.throwIfAborted()
        log.error('node not registered, trying again', { node: node.name, err, retryAfterMs: wait })
        await clock.sleep(wait, signal)
      }
    }
  }

  async #ensure(signal: AbortSignal): Promise<Node> {
    const { client, node, log } = this.#options
    try {
      return await client.create(nodes, '', newNode(node), signal)
    } catch (err) {
      if (!isReason(err, 'AlreadyExists')) throw err
    }
    const there = await client.get(nodes, '', node.name, signal)
    const labels = nodeLabels(node)
    await this.#ensureAnnotations(there, signal)
    const missing = Object.entries(labels).filter(([key, value]) => there.metadata.labels?.[key] !== value)
    if (missing.length === 0) return there
    try {
      return await client.patch(nodes, '', node.name, { metadata: { labels: Object.fromEntries(missing) } }, { type: 'merge' }, signal)
    } catch (err) {
      // An administrator may have reserved these labels: register without changing them.
      if (!isReason(err, 'Forbidden')) throw err
      log.info('labels of the node unchanged', { node: node.name, labels: missing.map(([key]) => key), err: messageOf(err) })
      return there
    }
  }

  /** A machine without WireGuard withdraws a key that it published earlier, and a simulated node that of a witness. */
  async #ensureAnnotations(there: Node, signal: AbortSignal): Promise<void> {
    const { client, node, log } = this.#options
    const { [auditWitnessAnnotation]: witness = null, ...links } = nodeAnnotations(node)
    const ensure = async (wanted: Readonly<Record<string, string | null>>) => {
      const changed = Object.entries(wanted).filter(([key, value]) => (there.metadata.annotations?.[key] ?? null) !== value)
      if (changed.length === 0) return
      await client.patch(nodes, '', node.name, { metadata: { annotations: Object.fromEntries(changed) } }, { type: 'merge' }, signal)
    }
    await ensure({ [nodeLinkKey]: null, [nodeLinkPort]: null, ...links })
    try {
      await ensure({ [auditWitnessAnnotation]: witness })
    } catch (err) {
      // An administrator may have forbidden nodes to change their annotations: register without being a witness.
      if (!isReason(err, 'Forbidden')) throw err
      log.info('key of the node as a witness not published', { node: node.name, err: messageOf(err) })
    }
  }

  /**
   * The range that the control plane assigned for the node's pods: a pod with an address outside it is refused. Undefined if none was
   * assigned in the time that a control plane needs.
   */
  async podRange(signal: AbortSignal): Promise<string | undefined> {
    const { client, node, clock } = this.#options
    for (const began = clock.monotonic(); ; ) {
      const { spec } = await client.get(nodes, '', node.name, signal)
      if (spec?.podCIDR) return spec.podCIDR
      if (clock.monotonic() - began > rangeMs) return undefined
      await clock.sleep(rangePollMs, signal)
    }
  }

  /** The Node as it was read or written last; undefined before it is registered. */
  get current(): Node | undefined {
    return this.#node
  }

  /** Renews the Lease and reports changes until the signal; then reports that the node is not ready. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, node } = this.#options
    while (!signal.aborted) {
      try {
        await clock.sleep(renewMs, signal)
        await this.#renewLease(signal)
        await this.#report(undefined, signal)
      } catch (err) {
        if (signal.aborted) break
        if (isReason(err, 'Unauthorized'))
          log.error('node not reported: it needs a new join ticket, its Node was deleted or its certificate expired', { node: node.name })
        else log.error('node not reported', { node: node.name, err })
        // A deleted node registers again; if that fails, the next turn logs it and retries.
        if (isReason(err, 'NotFound')) await this.register(signal).catch(() => undefined)
      }
    }
  }

  /** Reports changes without waiting for the next turn. */
  async reportNow(signal: AbortSignal): Promise<void> {
    await this.#report(undefined, signal)
  }

  /** The last report of a clean stop; gives up after some seconds, since the control plane may be stopping too. */
  async reportStopped(): Promise<void> {
    const { client, node, clock } = this.#options
    const limit = AbortSignal.timeout(stoppedMs)
    const stopped = {
      pressure: { memory: false, disk: false, pids: false },
      problems: ['the node agent was stopped'],
      images: [],
      policies: agentStopped,
    }
    const { conditions } = nodeStatus(node, stopped, this.#node?.status, clock.now())
    const ready = conditions?.filter(({ type }) => type === 'Ready')
    await client.patch(nodes, '', node.name, { status: { conditions: ready } }, { type: 'strategic', subresource: 'status' }, limit)
  }

  async #report(there: Node | undefined, signal: AbortSignal): Promise<void> {
    const { client, node, clock, health } = this.#options
    // From the API's current object: after a silence the control plane sets the node's conditions to Unknown, and the next turn corrects
    // that.
    const current = there ?? (await client.get(nodes, '', node.name, signal))
    this.#node = current
    const now = clock.now()
    const found = await health(signal)
    await this.#annotate(current, found, signal)
    const status = nodeStatus(node, found, current.status, now)
    const text = writeJson({ ...status, conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...rest }) => rest) })
    const withdrawn = withdrawnResources(current.status)
    if (!there && text === this.#reported && withdrawn.length === 0 && now - this.#reportedAt < reportMs) return
    // Addresses are merged by type, and a node may have two of one type: replace the list, as upstream's kubelet does.
    const whole = {
      ...status,
      addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])],
      allocatable: { ...Object.fromEntries(withdrawn.map(resource => [resource, null])), ...status.allocatable },
    }
    this.#node = await client.patch(nodes, '', node.name, { status: whole }, { type: 'strategic', subresource: 'status' }, signal)
    this.#reported = text
    this.#reportedAt = now
  }

  /** An administrator may have forbidden nodes to change their annotations: the status is reported nevertheless. */
  async #annotate({ metadata }: Node, { runtime, volumes }: NodeHealth, signal: AbortSignal): Promise<void> {
    const { client, node, log } = this.#options
    const wanted = {
      ...(runtime === undefined || runtime.components.length === 0 ? {} : { [componentsAnnotation]: writeJson(runtime.components) }),
      ...(volumes === undefined ? {} : { [nodeVolumesAnnotation]: writeJson(volumes.has) }),
    }
    const changed = Object.entries(wanted).filter(([key, value]) => metadata.annotations?.[key] !== value)
    if (changed.length === 0) return
    try {
      await client.patch(nodes, '', node.name, { metadata: { annotations: Object.fromEntries(changed) } }, { type: 'merge' }, signal)
    } catch (err) {
      if (!isReason(err, 'Forbidden')) throw err
      log.info('components and volumes of the node not recorded', { node: node.name, err: messageOf(err) })
    }
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    const { client, node, clock } = this.#options
    const spec = { holderIdentity: node.name, leaseDurationSeconds: leaseSeconds, renewTime: formatMicroTime(clock.now()) }
    const namespace = 'kube-node-lease'
    try {
      await client.patch(leases, namespace, node.name, { spec }, { type: 'merge' }, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
      const uid = this.#node?.metadata.uid
      const owner = uid === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid }] }
      const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: node.name, namespace, ...owner }, spec }
      await client.create(leases, namespace, lease, signal)
    }
  }
}
