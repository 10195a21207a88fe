// Decides what one pass over a pod does: the sandbox, containers to start, containers to kill. Pure: the order and rules are the kubelet's.
import { createHash } from 'node:crypto'
import type { Container, EphemeralContainer, Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ContainerStatus } from '../cri/messages.ts'
import { endedEphemeral, isSidecar, type PodContainer } from './pod-containers.ts'
import { containerAnnotations, newestContainer, type PodState } from './pod-state.ts'

export interface ProbeVerdicts {
  started(containerId: string): boolean
  failed(containerId: string): 'startup' | 'liveness' | undefined
}

export interface KillAction {
  readonly status: ContainerStatus
  readonly container: Container | EphemeralContainer | undefined
  readonly message: string
  readonly reason: 'probe' | 'changed' | 'removed' | 'finished'
}

export interface PodPlan {
  /** Kill everything and the sandbox: it is broken, or the pod has nothing left to run. */
  readonly killPod: boolean
  readonly createSandbox: boolean
  readonly attempt: number
  readonly start: readonly PodContainer[]
  readonly kill: readonly KillAction[]
}

/** Name and image of a container: the fields of a running pod whose change restarts it. */
export function containerHash({ name, image }: Container | EphemeralContainer): string {
  return createHash('sha256')
    .update(writeJson([name, image]))
    .digest('hex')
    .slice(0, 16)
}

export function planPod(pod: Pod, state: PodState, probes: ProbeVerdicts): PodPlan {
  const [sandbox] = state.sandboxes
  const usable = sandbox?.state === 'SANDBOX_READY' && (pod.spec.hostNetwork || state.podIps.length > 0)
  return usable ? planInSandbox(pod, state, probes, sandbox.metadata.attempt) : planNewSandbox(pod, state)
}

function planNewSandbox(pod: Pod, state: PodState): PodPlan {
  const [sandbox] = state.sandboxes
  const attempt = sandbox ? sandbox.metadata.attempt + 1 : 0
  const policy = pod.spec.restartPolicy ?? 'Always'
  const killPod = sandbox !== undefined
  const none: PodPlan = { killPod, createSandbox: false, attempt, start: [], kill: [] }
  // A pod that never restarts and has run once ends with its sandbox.
  if (policy === 'Never' && attempt > 0 && state.containers.size > 0) return none
  const left = pod.spec.containers.filter(({ name }) => {
    const status = newestContainer(state, name)
    if (!status || policy === 'Always') return true
    return !(status.state === 'CONTAINER_EXITED' && status.exitCode === 0)
  })
  const initialized = pod.spec.containers.some(({ name }) => newestContainer(state, name))
  if (left.length === 0 && initialized) return none
  const init = pod.spec.initContainers ?? []
  const [first] = init
  // A new sandbox starts the pod over: init containers run again.
  const start: PodContainer[] = first ? [{ kind: 'init', spec: first }] : left.map(spec => ({ kind: 'regular', spec }))
  return { killPod, createSandbox: true, attempt, start, kill: [] }
}

function planInSandbox(pod: Pod, state: PodState, probes: ProbeVerdicts, attempt: number): PodPlan {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const start: PodContainer[] = []
  const kill: KillAction[] = []
  const sandboxId = state.sandboxes[0]?.id
  for (const spec of pod.spec.ephemeralContainers ?? []) {
    if (!newestContainer(state, spec.name) && !endedEphemeral(pod, spec.name)) start.push({ kind: 'ephemeral', spec })
  }
  const init = planInit(pod, state, probes, sandboxId)
  start.push(...init.start)
  kill.push(...init.kill)
  if (init.outcome === 'failed') return { killPod: true, createSandbox: false, attempt, start: [], kill: [] }
  if (init.outcome === 'waiting') return { killPod: false, createSandbox: false, attempt, start, kill }

  let keep = 0
  for (const spec of pod.spec.containers) {
    const status = newestContainer(state, spec.name)
    if (status?.state === 'CONTAINER_RUNNING') {
      const action = killRunning(spec, status, probes, policy)
      if (action) kill.push(action)
      if (!action || shouldRestart(policy, 1)) keep++
    } else if (!status || status.state === 'CONTAINER_CREATED' || shouldRestart(policy, status.exitCode)) {
      start.push({ kind: 'regular', spec })
      keep++
    }
  }
  if (keep === 0) return { killPod: true, createSandbox: false, attempt, start: [], kill: [] }
  return { killPod: false, createSandbox: false, attempt, start, kill }
}

interface InitPlan {
  readonly outcome: 'done' | 'waiting' | 'failed'
  readonly start: readonly PodContainer[]
  readonly kill: readonly KillAction[]
}

/** Init containers one after another; a sidecar counts as done once it has started, and is kept running. */
function planInit(pod: Pod, state: PodState, probes: ProbeVerdicts, sandboxId: string | undefined): InitPlan {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const start: PodContainer[] = []
  const kill: KillAction[] = []
  const initialized = hasInitialized(pod, state, sandboxId)
  for (const spec of pod.spec.initContainers ?? []) {
    const status = newestContainer(state, spec.name)
    const running = status?.state === 'CONTAINER_RUNNING'
    if (isSidecar(spec)) {
      const action = running ? killRunning(spec, status, probes, 'Always') : undefined
      if (action) kill.push(action)
      else if (!running) start.push({ kind: 'init', spec })
      if (!initialized && !(running && !action && probes.started(status.id))) return { outcome: 'waiting', start, kill }
      continue
    }
    // After initialization, an init container must not run again just because its record was removed.
    if (initialized) continue
    if (running) return { outcome: 'waiting', start, kill }
    if (status?.state !== 'CONTAINER_EXITED') {
      start.push({ kind: 'init', spec })
      return { outcome: 'waiting', start, kill }
    }
    if (status.exitCode === 0) continue
    if (policy === 'Never') return { outcome: 'failed', start, kill }
    start.push({ kind: 'init', spec })
    return { outcome: 'waiting', start, kill }
  }
  return { outcome: 'done', start, kill }
}

/** Whether a regular container was created in this sandbox. */
function hasInitialized(pod: Pod, state: PodState, sandboxId: string | undefined): boolean {
  if (sandboxId === undefined) return false
  const since = BigInt(state.sandboxes[0]?.createdAt ?? '0')
  return pod.spec.containers.some(({ name }) => {
    const status = newestContainer(state, name)
    return status !== undefined && BigInt(status.createdAt) >= since
  })
}

function killRunning(spec: Container, status: ContainerStatus, probes: ProbeVerdicts, policy: string): KillAction | undefined {
  const hash = status.annotations[containerAnnotations.hash]
  const failed = probes.failed(status.id)
  const name = spec.name
  if (hash !== undefined && hash !== containerHash(spec)) {
    return { status, container: spec, reason: 'changed', message: `Container ${name} definition changed, will be restarted` }
  }
  if (!failed) return undefined
  const then = policy === 'Never' ? '' : ', will be restarted'
  return { status, container: spec, reason: 'probe', message: `Container ${name} failed ${failed} probe${then}` }
}

/** Whether the kubelet restarts a container that ended like this. */
export function shouldRestart(policy: string, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}
