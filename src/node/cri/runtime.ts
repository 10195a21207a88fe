// The container runtime as the agent uses it: the CRI's calls with plain arguments. Implemented by containerd over gRPC, and by node/fake in
// memory.
import type {
  ContainerConfig,
  ContainerEvent,
  ContainerStats,
  ContainerStatus,
  ContainerSummary,
  ExecResult,
  Image,
  Labels,
  LinuxResources,
  RegistryAuth,
  RuntimeStatus,
  Sandbox,
  SandboxConfig,
  SandboxStatus,
} from './messages.ts'

/** A failed CRI call. `code` is gRPC's status name; pod status and events show the runtime's message. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode
  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RuntimeError'
    this.code = code
  }
}

export type RuntimeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'InvalidArgument'
  | 'DeadlineExceeded'
  | 'Unavailable'
  | 'Cancelled'
  | 'Unimplemented'
  | 'Unknown'

export interface StreamOptions {
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

/**
 * Stop and remove calls are idempotent: a missing sandbox or container is success, as the CRI requires. Status calls resolve with undefined
 * if the object does not exist. Everything else rejects with RuntimeError.
 */
export interface ContainerRuntime extends AsyncDisposable {
  version(signal: AbortSignal): Promise<{ name: string; version: string }>
  status(signal: AbortSignal): Promise<RuntimeStatus>

  /** `handler`: the runtime handler; '' is the default one. */
  runSandbox(config: SandboxConfig, handler: string, signal: AbortSignal): Promise<string>
  stopSandbox(id: string, signal: AbortSignal): Promise<void>
  removeSandbox(id: string, signal: AbortSignal): Promise<void>
  sandboxStatus(id: string, signal: AbortSignal): Promise<SandboxStatus | undefined>
  listSandboxes(labels: Labels, signal: AbortSignal): Promise<Sandbox[]>

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig, signal: AbortSignal): Promise<string>
  startContainer(id: string, signal: AbortSignal): Promise<void>
  /** Sends the image's stop signal, then SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>
  removeContainer(id: string, signal: AbortSignal): Promise<void>
  /** Changes the resources of a running container. */
  updateContainer(id: string, resources: LinuxResources, signal: AbortSignal): Promise<void>
  listContainers(labels: Labels, signal: AbortSignal): Promise<ContainerSummary[]>
  /** Whatever their labels are. */
  containersIn(sandboxId: string, signal: AbortSignal): Promise<ContainerSummary[]>
  containerStatus(id: string, signal: AbortSignal): Promise<ContainerStatus | undefined>
  containerStats(labels: Labels, signal: AbortSignal): Promise<ContainerStats[]>
  /** Rejects with DeadlineExceeded if the command took longer than `timeoutSeconds`. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number, signal: AbortSignal): Promise<ExecResult>
  reopenContainerLog(id: string, signal: AbortSignal): Promise<void>

  /** These three resolve with the URL of the runtime's streaming server. */
  exec(id: string, command: readonly string[], options: StreamOptions, signal: AbortSignal): Promise<string>
  attach(id: string, options: StreamOptions, signal: AbortSignal): Promise<string>
  portForward(sandboxId: string, ports: readonly number[], signal: AbortSignal): Promise<string>

  listImages(signal: AbortSignal): Promise<Image[]>
  imageStatus(image: string, signal: AbortSignal): Promise<Image | undefined>
  /** Resolves with the reference of the image on the node. */
  pullImage(image: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string>
  removeImage(image: string, signal: AbortSignal): Promise<void>

  /** Ends, or rejects, if the connection to the runtime is lost; events of that time are missed, so list afterwards. */
  events(signal: AbortSignal): AsyncIterable<ContainerEvent>
}
