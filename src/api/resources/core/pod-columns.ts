// The printed columns of pods: ready containers, status, restarts.

import type { ContainerState, ContainerStatus, Pod } from '../../types/core-v1.ts'
import { ageCell, translateTimestampSince } from '../printing.ts'
import type { Column } from '../resource.ts'

interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  /** RFC 3339; undefined if nothing has ended yet. */
  readonly lastRestart: string | undefined
}

/** Counts restarts and keeps the time of the last one. */
class Restarts {
  count = 0
  last: string | undefined

  add(status: ContainerStatus): void {
    this.count += status.restartCount ?? 0
    const ended = status.lastState?.terminated?.finishedAt
    if (ended && (this.last === undefined || Date.parse(ended) > Date.parse(this.last))) this.last = ended
  }
}

/** The status in `kubectl get pods`, as upstream derives it from phase, conditions and container states. */
function summarizePod(pod: Pod): PodSummary {
  const status = pod.status ?? {}
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always').map(each => each.name))
  const total = (pod.spec.containers ?? []).length + sidecars.size
  let reason = status.reason || status.phase || ''
  if (status.conditions?.some(each => each.type === 'PodScheduled' && each.reason === 'SchedulingGated')) reason = 'SchedulingGated'
  const init = summarizeInit(pod, sidecars)
  if (init.reason !== undefined) reason = init.reason
  let { restarts, ready } = init
  if (init.reason === undefined || isInitialized(pod)) {
    restarts = init.sidecarRestarts
    let running = false
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      restarts.add(container)
      const state = container.state ?? {}
      if (state.waiting?.reason) reason = state.waiting.reason
      else if (state.terminated !== undefined) reason = endReason(state)
      else if (container.ready === true && state.running !== undefined) {
        running = true
        ready++
      }
    }
    if (reason === 'Completed' && running) {
      reason = status.conditions?.some(each => each.type === 'Ready' && each.status === 'True') ? 'Running' : 'NotReady'
    }
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown'
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating'
  }
  return { ready, total, status: reason, restarts: restarts.count, lastRestart: restarts.last }
}

interface InitSummary {
  /** Undefined once initialisation has finished. */
  readonly reason: string | undefined
  readonly ready: number
  readonly restarts: Restarts
  readonly sidecarRestarts: Restarts
}

function summarizeInit(pod: Pod, sidecars: ReadonlySet<string>): InitSummary {
  const restarts = new Restarts()
  const sidecarRestarts = new Restarts()
  let ready = 0
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name)
    const state = container.state ?? {}
    restarts.add(container)
    if (sidecar) sidecarRestarts.add(container)
    if (state.terminated?.exitCode === 0) continue
    if (sidecar && container.started === true) {
      if (container.ready === true) ready++
      continue
    }
    const waiting = state.waiting?.reason
    let reason = `Init:${index}/${(pod.spec.initContainers ?? []).length}`
    if (state.terminated !== undefined) reason = `Init:${endReason(state)}`
    else if (waiting && waiting !== 'PodInitializing') reason = `Init:${waiting}`
    return { reason, ready, restarts, sidecarRestarts }
  }
  return { reason: undefined, ready, restarts, sidecarRestarts }
}

function isInitialized(pod: Pod): boolean {
  return pod.status?.conditions?.some(each => each.type === 'Initialized' && each.status === 'True') ?? false
}

function endReason({ terminated }: ContainerState): string {
  if (terminated?.reason) return terminated.reason
  return terminated?.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated?.exitCode ?? 0}`
}

function restartsCell(pod: Pod, now: number): string {
  const { restarts, lastRestart } = summarizePod(pod)
  return restarts !== 0 && lastRestart !== undefined ? `${restarts} (${translateTimestampSince(lastRestart, now)} ago)` : `${restarts}`
}

function gatesCell(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const conditions = pod.status?.conditions ?? []
  const open = gates.filter(gate => conditions.find(each => each.type === gate.conditionType)?.status === 'True')
  return `${open.length}/${gates.length}`
}

/** Clients may hide finished pods. */
export function podRowConditions({ status }: Pod): readonly object[] {
  const completed = { type: 'Completed', status: 'True' }
  if (status?.phase === 'Succeeded') return [{ ...completed, reason: 'Succeeded', message: 'The pod has completed successfully.' }]
  return status?.phase === 'Failed' ? [{ ...completed, reason: 'Failed', message: 'The pod failed.' }] : []
}

export const podColumns: readonly Column<Pod>[] = [
  { name: 'Name', type: 'string', format: 'name', cell: pod => pod.metadata.name ?? '' },
  {
    name: 'Ready',
    type: 'string',
    cell(pod) {
      const { ready, total } = summarizePod(pod)
      return `${ready}/${total}`
    },
  },
  { name: 'Status', type: 'string', cell: pod => summarizePod(pod).status },
  { name: 'Restarts', type: 'string', cell: restartsCell },
  { name: 'Age', type: 'string', cell: ageCell },
  { name: 'IP', type: 'string', priority: 1, cell: pod => pod.status?.podIPs?.[0]?.ip || '<none>' },
  { name: 'Node', type: 'string', priority: 1, cell: pod => pod.spec.nodeName || '<none>' },
  { name: 'Nominated Node', type: 'string', priority: 1, cell: pod => pod.status?.nominatedNodeName || '<none>' },
  { name: 'Readiness Gates', type: 'string', priority: 1, cell: gatesCell },
]
