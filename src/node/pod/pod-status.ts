// Computes the status of a pod from its spec, the runtime's state and the agent's notes. Pure; fields, reasons and messages are the
// kubelet's.
import type {
  ContainerStatus as ApiContainerStatus,
  ContainerState,
  Pod,
  PodCondition,
  PodPhase,
  PodStatus,
  ResourceRequirements,
  VolumeMount,
  VolumeMountStatus,
} from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import { containersOf, endedEphemeral, isSidecar, type PodContainer } from './pod-containers.ts'
import { shouldRestart } from './pod-plan.ts'
import { qosClass } from './pod-resources.ts'
import { containerAnnotations, millis, newestContainer, type PodState } from './pod-state.ts'

export interface StatusNotes {
  /** Name -> why a container does not run although it should: CrashLoopBackOff, ErrImagePull, CreateContainerConfigError … */
  readonly waiting: ReadonlyMap<string, { readonly reason: string; readonly message: string }>
  readonly ready: (containerId: string) => boolean
  readonly started: (containerId: string) => boolean
  /** Container id -> content of its termination message path. */
  readonly messages: ReadonlyMap<string, string>
  readonly hostIps: readonly string[]
  /** Set when the pod as a whole was ended: Evicted, DeadlineExceeded, or refused by the node. */
  readonly terminal?: { readonly reason: string; readonly message: string }
  /** All containers have stopped for good. */
  readonly terminated: boolean
  /** A container's actual resources, if they can differ from its spec. */
  readonly resources?: (container: PodContainer, status: ContainerStatus) => ResourceRequirements
  /** Further conditions that the node owns. */
  readonly conditions?: readonly PodCondition[]
  readonly now: number
}

const runtimeScheme = 'containerd'

/** The pod with the status that this node reported last, since the API's copy may lag behind; conditions of other owners are the API's. */
export function withReported(pod: Pod, reported: PodStatus | undefined): Pod {
  if (reported === undefined) return pod
  const { conditions = [] } = reported
  const foreign = pod.status?.conditions?.filter(({ type }) => !conditions.some(own => own.type === type)) ?? []
  const { phase } = pod.status ?? {}
  // A pod that another client has ended keeps that phase.
  const ended = phase === 'Succeeded' || phase === 'Failed' ? { phase } : {}
  return { ...pod, status: { ...pod.status, ...reported, ...ended, conditions: [...conditions, ...foreign] } }
}

/** Whether the object has every reported condition unchanged. */
export function agrees({ status }: Pod, reported: PodStatus): boolean {
  return (reported.conditions ?? []).every(own =>
    status?.conditions?.some(({ type, status: said }) => type === own.type && said === own.status),
  )
}

export function podStatus(pod: Pod, state: PodState, notes: StatusNotes): PodStatus {
  const old = pod.status ?? {}
  const regular = pod.spec.containers.map(spec => containerStatus(pod, { kind: 'regular', spec }, state, notes))
  const init = (pod.spec.initContainers ?? []).map(spec => containerStatus(pod, { kind: 'init', spec }, state, notes))
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map(spec => containerStatus(pod, { kind: 'ephemeral', spec }, state, notes))
  const phase = podPhase(pod, init, regular, notes)
  const podIps = pod.spec.hostNetwork ? notes.hostIps.slice(0, state.sandboxes.length > 0 ? undefined : 0) : state.podIps
  const kept = podIps.length > 0 ? podIps : (old.podIPs ?? []).map(({ ip }) => ip)
  const [hostIp] = notes.hostIps
  return {
    ...(old.nominatedNodeName === undefined ? {} : { nominatedNodeName: old.nominatedNodeName }),
    phase,
    conditions: conditions(pod, phase, init, regular, state, notes),
    ...whyEnded(old, notes),
    ...(hostIp === undefined ? {} : { hostIP: hostIp, hostIPs: notes.hostIps.map(ip => ({ ip })) }),
    ...(kept[0] === undefined ? {} : { podIP: kept[0], podIPs: kept.map(ip => ({ ip })) }),
    startTime: old.startTime ?? formatTime(notes.now),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: regular,
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
    qosClass: old.qosClass ?? qosClass(pod),
  }
}

/** A pod that has ended keeps its reported status, also after its agent has gone. */
function whyEnded({ phase, reason, message }: PodStatus, { terminal }: StatusNotes): Pick<PodStatus, 'reason' | 'message'> {
  if (terminal !== undefined) return { reason: terminal.reason, message: terminal.message }
  if (phase !== 'Failed' && phase !== 'Succeeded') return {}
  return { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) }
}

function containerStatus(pod: Pod, { kind, spec }: PodContainer, state: PodState, notes: StatusNotes): ApiContainerStatus {
  const instances = state.containers.get(spec.name) ?? []
  const [newest, before] = instances
  const old = oldStatuses(pod, kind).find(({ name }) => name === spec.name)
  const waiting = notes.waiting.get(spec.name)
  const image = spec.image ?? ''
  const { volumeMounts = [] } = spec
  const mounts = volumeMounts.length === 0 ? {} : { volumeMounts: volumeMounts.map(mountStatus) }
  const final = kind === 'ephemeral' ? endedEphemeral(pod, spec.name) : undefined
  if (!newest && final !== undefined) return final
  if (!newest) {
    // The runtime lost its record (the node was restarted or rebuilt): keep the API's knowledge of the past.
    const initial = (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating'
    const gone = notes.terminated || notes.terminal !== undefined
    const ended = {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      startedAt: null,
      finishedAt: null,
    }
    const isRestart = old?.containerID !== undefined && !gone && pod.metadata.deletionTimestamp === undefined
    const lastState = old?.state?.terminated
      ? { terminated: old.state.terminated }
      : old?.state?.running && isRestart
        ? { terminated: ended }
        : (old?.lastState ?? {})
    return {
      name: spec.name,
      state:
        old?.state?.terminated && gone
          ? old.state
          : gone && old?.state?.running
            ? { terminated: ended }
            : { waiting: waiting ?? { reason: initial } },
      lastState: gone && old?.state?.terminated ? (old.lastState ?? {}) : lastState,
      ready: false,
      restartCount: (old?.restartCount ?? 0) + (isRestart ? 1 : 0),
      image,
      imageID: '',
      ...(kind === 'ephemeral' ? {} : { started: false }),
      ...mounts,
    }
  }
  const restartCount = Number(newest.annotations[containerAnnotations.restartCount] ?? newest.metadata.attempt)
  const running = newest.state === 'CONTAINER_RUNNING'
  let current = stateOf(newest, notes)
  let last: ContainerState = before
    ? stateOf(before, notes)
    : old?.containerID !== undefined && old.restartCount < restartCount
      ? (old.state ?? {})
      : (old?.lastState ?? {})
  const exited = newest.state === 'CONTAINER_EXITED'
  // A container that failed to start and is not restarted has ended: otherwise its pod would run forever.
  const isOver = exited && (notes.terminated || !shouldRestart(restartPolicyOf(pod, { kind, spec }), newest.exitCode))
  if (waiting && !running && !isOver) {
    if (exited) last = current
    current = { waiting }
  }
  // Empty ones are reported too: a container without them counts as one that its node cannot resize.
  const resizable = kind === 'regular' || (kind === 'init' && isSidecar(spec))
  const resources = resizable ? (notes.resources?.({ kind, spec }, newest) ?? spec.resources ?? {}) : undefined
  const succeededInit = kind === 'init' && !isSidecar(spec) && exited && newest.exitCode === 0
  // Ephemeral containers have no probes, and the kubelet does not report `started` for them.
  const started = kind === 'ephemeral' ? {} : { started: running && notes.started(newest.id) }
  return {
    name: spec.name,
    state: current,
    lastState: last.running || last.waiting ? {} : last,
    ready: succeededInit || (running && kind !== 'ephemeral' && (kind === 'regular' || isSidecar(spec)) && notes.ready(newest.id)),
    restartCount,
    image: newest.image?.userSpecifiedImage || newest.image?.image || image,
    imageID: newest.imageRef,
    containerID: `${runtimeScheme}://${newest.id}`,
    ...started,
    ...(resources === undefined ? {} : { resources }),
    ...(resources?.requests ? { allocatedResources: resources.requests } : {}),
    ...mounts,
  }
}

const restartPolicyOf = ({ spec }: Pod, container: PodContainer): string =>
  container.kind === 'init' && isSidecar(container.spec) ? 'Always' : (spec.restartPolicy ?? 'Always')

/** The runtime has no recursively read-only mounts, and a container that requires one does not start. */
function mountStatus({ name, mountPath, readOnly }: VolumeMount): VolumeMountStatus {
  return { name, mountPath, ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}) }
}

function oldStatuses({ status }: Pod, kind: PodContainer['kind']): readonly ApiContainerStatus[] {
  const lists = { init: status?.initContainerStatuses, regular: status?.containerStatuses, ephemeral: status?.ephemeralContainerStatuses }
  return lists[kind] ?? []
}

function stateOf(status: ContainerStatus, { messages }: StatusNotes): ContainerState {
  const time = (nanoseconds: string) => (nanoseconds === '0' ? null : formatTime(millis(nanoseconds)))
  switch (status.state) {
    case 'CONTAINER_RUNNING':
      return { running: { startedAt: time(status.startedAt) } }
    case 'CONTAINER_EXITED': {
      const message = messages.get(status.id) || status.message
      return {
        terminated: {
          exitCode: status.exitCode,
          reason: status.reason || (status.exitCode === 0 ? 'Completed' : 'Error'),
          ...(message === '' ? {} : { message }),
          startedAt: time(status.startedAt),
          finishedAt: time(status.finishedAt),
          containerID: `${runtimeScheme}://${status.id}`,
        },
      }
    }
    default:
      return { waiting: { reason: 'ContainerCreating' } }
  }
}

function podPhase(pod: Pod, init: readonly ApiContainerStatus[], regular: readonly ApiContainerStatus[], notes: StatusNotes): PodPhase {
  const old = pod.status?.phase
  if (old === 'Failed' || old === 'Succeeded') return old
  if (notes.terminal) return 'Failed'
  const policy = pod.spec.restartPolicy ?? 'Always'
  const specs = pod.spec.initContainers ?? []
  let pendingInit = false
  for (const [i, status] of init.entries()) {
    const spec = specs[i]
    if (spec && isSidecar(spec)) {
      if (!status.started && !notes.terminated) pendingInit = true
      continue
    }
    const ended = status.state?.terminated
    if (ended ? ended.exitCode !== 0 : true) {
      if (ended && policy === 'Never') return 'Failed'
      pendingInit = true
    }
  }
  const ended = regular.filter(({ state }) => state?.terminated)
  const succeeded = ended.filter(({ state }) => state?.terminated?.exitCode === 0)
  const everRan = regular.filter(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated)
  if (notes.terminated)
    return ended.length === regular.length && succeeded.length === regular.length ? 'Succeeded' : everRan.length === 0 ? 'Failed' : 'Failed'
  if (pendingInit && everRan.length === 0) return 'Pending'
  if (everRan.length < regular.length) return 'Pending'
  if (regular.some(({ state }) => state?.running)) return 'Running'
  if (ended.length === regular.length) {
    if (policy === 'Always') return 'Running'
    if (succeeded.length === regular.length) return 'Succeeded'
    return policy === 'Never' ? 'Failed' : 'Running'
  }
  return 'Running'
}

function conditions(
  pod: Pod,
  phase: PodPhase,
  init: readonly ApiContainerStatus[],
  regular: readonly ApiContainerStatus[],
  state: PodState,
  notes: StatusNotes,
): PodCondition[] {
  const sandboxReady = state.sandboxes[0]?.state === 'SANDBOX_READY' && (pod.spec.hostNetwork || state.podIps.length > 0)
  const done = phase === 'Succeeded' || phase === 'Failed'
  const specs = pod.spec.initContainers ?? []
  const uninitialized = init.filter((status, i) => {
    const spec = specs[i]
    return spec && isSidecar(spec) ? !status.started : !status.ready
  })
  const everRan = regular.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated)
  const initialized = phase === 'Succeeded' || uninitialized.length === 0 || everRan
  const unready = [...init.filter((_, i) => specs[i] && isSidecar(specs[i])), ...regular]
    .filter(({ ready }) => !ready)
    .map(({ name }) => name)
  const containersReady = verdict('ContainersReady', phase, unready)
  const openGates = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => openGate(pod, conditionType) ?? [])
  const ready =
    containersReady.status === 'True' && openGates.length > 0
      ? { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: openGates.join(', ') }
      : { ...containersReady, type: 'Ready' }
  const own: PodCondition[] = [
    { type: 'PodReadyToStartContainers', status: sandboxReady && !done ? 'True' : 'False' },
    initialized
      ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${uninitialized.map(({ name }) => name).join(' ')}]`,
        },
    ready,
    containersReady,
  ]
  const old = pod.status?.conditions ?? []
  // No scheduler sets it for pods that were never scheduled, and a scheduler that lost its binding's answer may have reported a failure.
  const scheduled: PodCondition = { type: 'PodScheduled', status: 'True' }
  return [...own, ...(notes.conditions ?? []), scheduled].map(condition => stamped(condition, old, notes.now))
}

/** Why a readiness gate keeps the pod from being ready, in the kubelet's words; undefined if none does. */
function openGate(pod: Pod, type: string): string | undefined {
  const condition = pod.status?.conditions?.find(condition => condition.type === type)
  if (condition === undefined) return `corresponding condition of pod readiness gate "${type}" does not exist.`
  return condition.status === 'True' ? undefined : `the status of pod readiness gate "${type}" is not "True", but ${condition.status}`
}

function verdict(type: string, phase: PodPhase, unready: readonly string[]): PodCondition {
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  if (unready.length === 0) return { type, status: 'True' }
  return { type, status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
}

/** Keeps the time of the last transition. */
function stamped(condition: PodCondition, old: readonly PodCondition[], now: number): PodCondition {
  const before = old.find(({ type }) => type === condition.type)
  const lastTransitionTime = before?.status === condition.status && before.lastTransitionTime ? before.lastTransitionTime : formatTime(now)
  return { ...condition, lastProbeTime: null, lastTransitionTime }
}

/** Names of all containers of the pod that run in the runtime. */
export function runningContainers(pod: Pod, state: PodState): { container: PodContainer; status: ContainerStatus }[] {
  return containersOf(pod).flatMap(container => {
    const status = newestContainer(state, container.spec.name)
    return status?.state === 'CONTAINER_RUNNING' ? [{ container, status }] : []
  })
}

/** The restart count of the container's next instance. */
export function nextAttempt({ status }: Pod, state: PodState, name: string): number {
  const newest = newestContainer(state, name)
  if (newest) return newest.metadata.attempt + 1
  // The runtime has no record but the API has: the node was restarted or rebuilt since. A status without an ID counts that already.
  const known = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(status => status.name === name)
  return known?.containerID === undefined ? (known?.restartCount ?? 0) : known.restartCount + 1
}

/** Milliseconds until activeDeadlineSeconds is over; undefined if unset. */
export function untilDeadline({ spec, status }: Pod, reportedStart: string | undefined, now: number): number | undefined {
  const startTime = reportedStart ?? status?.startTime
  if (spec.activeDeadlineSeconds === undefined || !startTime) return undefined
  return Date.parse(startTime) + spec.activeDeadlineSeconds * 1000 - now
}
