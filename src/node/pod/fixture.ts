// Small pods for this folder's tests.
import type { Container, Pod, PodSpec } from '../../api/types/core-v1.ts'
import type { ContainerState, ContainerStatus, Sandbox } from '../cri/messages.ts'
import type { PodState } from './pod-state.ts'

export function podOf(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', uid: 'u1', ...metadata },
    spec: { containers: [containerOf('c')], ...spec },
  }
}

export function containerOf(name: string, container: Partial<Container> = {}): Container {
  return { name, image: 'bulkhead.local/busybox:1', ...container }
}

export interface Instance {
  readonly state?: ContainerState
  readonly exitCode?: number
  readonly attempt?: number
  readonly at?: number
  readonly annotations?: Record<string, string>
}

/** Runtime state with one ready sandbox made at 1 s; the first instance of a name is the newest. */
export function stateOf(containers: Record<string, Instance[]>, sandbox: Partial<Sandbox> | undefined = {}): PodState {
  return {
    sandboxes: sandbox ? [sandboxOf(sandbox)] : [],
    podIps: sandbox ? ['10.244.0.5'] : [],
    containers: new Map(Object.entries(containers).map(([name, list]) => [name, list.map(instance => instanceOf(name, instance))])),
  }
}

function sandboxOf(sandbox: Partial<Sandbox>): Sandbox {
  return {
    id: 's0',
    metadata: { name: 'p', uid: 'u1', namespace: 'default', attempt: 0 },
    state: 'SANDBOX_READY',
    createdAt: '1000000000',
    labels: {},
    annotations: {},
    ...sandbox,
  }
}

function instanceOf(
  name: string,
  { state = 'CONTAINER_RUNNING', exitCode = 0, attempt = 0, at = 2, annotations = {} }: Instance,
): ContainerStatus {
  return {
    id: `${name}-${attempt}`,
    metadata: { name, attempt },
    state,
    createdAt: `${at}000000000`,
    startedAt: `${at}000000000`,
    finishedAt: state === 'CONTAINER_EXITED' ? `${at + 1}000000000` : '0',
    exitCode,
    image: { image: 'bulkhead.local/busybox:1' },
    imageRef: 'sha256:1',
    reason: '',
    message: '',
    labels: {},
    annotations,
    logPath: '',
  }
}
