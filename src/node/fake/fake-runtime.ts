// A container runtime in memory: the CRI's states and events without any process. For tests and for simulated nodes.
import { createHash } from 'node:crypto'
import { parseImageReference } from '../../api/image-reference.ts'
import { untilAborted } from '../../base/async/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import type {
  ContainerConfig,
  ContainerEvent,
  ContainerEventType,
  ContainerState,
  ContainerStatus,
  Image,
  Labels,
  LinuxResources,
  Sandbox,
  SandboxConfig,
} from '../cri/messages.ts'
import { type ContainerRuntime, RuntimeError } from '../cri/runtime.ts'
import { defaultPodCidr } from '../pod/pod-network.ts'
import { PodAddresses } from './pod-addresses.ts'

export interface FakeRuntimeOptions {
  readonly clock: Clock
  /** Milliseconds that each step takes; default none. */
  readonly delays?: { readonly sandbox?: number; readonly pull?: number; readonly start?: number }
  /** Range of pod addresses, an IPv4 CIDR; pods wait for it. Default `10.244.0.0/24`. */
  readonly podRange?: string | Promise<string>
  /** Whether an image can be pulled; throws the registry's error. Default: every image can. */
  readonly registry?: (image: string, username: string | undefined) => void
  /** Result of a command in a container; default: success without output. */
  readonly execute?: (command: readonly string[]) => { exitCode: number; stdout?: string; stderr?: string }
}

interface FakeSandbox {
  config: SandboxConfig
  sandbox: Sandbox
  ip: string
}

interface FakeContainer {
  sandboxId: string
  status: ContainerStatus
  config: ContainerConfig
  ended: AbortController
  /** Set while it ran. */
  resources?: LinuxResources
}

export class FakeRuntime implements ContainerRuntime {
  readonly #options: FakeRuntimeOptions
  readonly #sandboxes = new Map<string, FakeSandbox>()
  readonly #containers = new Map<string, FakeContainer>()
  readonly #images = new Map<string, Image>()
  readonly #listeners = new Set<(event: ContainerEvent) => void>()
  readonly #addresses: Promise<PodAddresses>
  #count = 0

  constructor(options: FakeRuntimeOptions) {
    this.#options = options
    this.#addresses = Promise.resolve(options.podRange ?? defaultPodCidr).then(range => new PodAddresses(range))
    // Called for each sandbox that waits for it.
    this.#addresses.catch(() => undefined)
  }

  /** Adds an image without a pull. `user` is that of its configuration: '' is root, digits are a uid; `same` is another name of it. */
  addImage(name: string, user = '65532', same?: string): Image {
    const reference = parseImageReference(name)?.full ?? name
    const names = same === undefined ? [reference] : [same, reference]
    const id = `sha256:${createHash('sha256')
      .update(names[0] ?? '')
      .digest('hex')}`
    const image: Image = {
      id,
      repoTags: names,
      repoDigests: names.filter(one => one.includes('@')),
      size: '1000000',
      uid: /^\d+$/.test(user) ? { value: user } : null,
      username: /^\d*$/.test(user) ? '' : user,
      pinned: false,
    }
    for (const one of names) this.#images.set(one, image)
    return image
  }

  /** Ends a running container as if its process exited. */
  exit(containerId: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const found = this.#containers.get(containerId)
    if (found?.status.state !== 'CONTAINER_RUNNING') return
    found.status = { ...found.status, state: 'CONTAINER_EXITED', exitCode, reason, finishedAt: this.#now() }
    found.ended.abort()
    this.#emit('CONTAINER_STOPPED_EVENT', containerId, found.sandboxId)
  }

  async version(): Promise<{ name: string; version: string }> {
    return { name: 'bulkhead-simulated', version: '1' }
  }

  async status() {
    const condition = (type: string) => ({ type, status: true, reason: '', message: '' })
    return { conditions: [condition('RuntimeReady'), condition('NetworkReady')], supplementalGroupsPolicy: true }
  }

  async runSandbox(config: SandboxConfig, _handler: string, signal: AbortSignal): Promise<string> {
    await this.#wait(this.#options.delays?.sandbox, signal)
    const id = this.#id()
    const ip = config.linux.securityContext.namespaceOptions.network === 'NODE' ? '' : await this.#address(signal)
    const { metadata, labels, annotations } = config
    this.#sandboxes.set(id, { config, ip, sandbox: { id, metadata, labels, annotations, state: 'SANDBOX_READY', createdAt: this.#now() } })
    return id
  }

  async stopSandbox(id: string, signal: AbortSignal): Promise<void> {
    const found = this.#sandboxes.get(id)
    if (!found) return
    for (const [containerId, { sandboxId }] of this.#containers) if (sandboxId === id) await this.stopContainer(containerId, 0, signal)
    if (found.sandbox.state === 'SANDBOX_READY' && found.ip !== '') (await this.#addresses).giveBack(found.ip)
    found.sandbox = { ...found.sandbox, state: 'SANDBOX_NOTREADY' }
  }

  async removeSandbox(id: string, signal: AbortSignal): Promise<void> {
    await this.stopSandbox(id, signal)
    for (const [containerId, { sandboxId }] of this.#containers) if (sandboxId === id) await this.removeContainer(containerId, signal)
    this.#sandboxes.delete(id)
  }

  async sandboxStatus(id: string) {
    const found = this.#sandboxes.get(id)
    return found && { ...found.sandbox, network: { ip: found.ip, additionalIps: [] } }
  }

  async listSandboxes(labels: Labels): Promise<Sandbox[]> {
    return [...this.#sandboxes.values()].map(({ sandbox }) => sandbox).filter(sandbox => matches(sandbox.labels, labels))
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    if (this.#sandboxes.get(sandboxId)?.sandbox.state !== 'SANDBOX_READY') {
      throw new RuntimeError('NotFound', `rpc error: code = NotFound desc = failed to find sandbox id ${writeJson(sandboxId)}: not found`)
    }
    const image = this.#findImage(config.image.image)
    if (!image)
      throw new RuntimeError(
        'NotFound',
        `rpc error: code = NotFound desc = failed to resolve image ${writeJson(config.image.image)}: not found`,
      )
    const id = this.#id()
    const status: ContainerStatus = {
      id,
      metadata: config.metadata,
      state: 'CONTAINER_CREATED',
      createdAt: this.#now(),
      startedAt: '0',
      finishedAt: '0',
      exitCode: 0,
      image: { image: image.repoTags[0] ?? '', userSpecifiedImage: config.image.userSpecifiedImage ?? '' },
      imageRef: image.id,
      reason: '',
      message: '',
      labels: config.labels,
      annotations: config.annotations,
      logPath: `${sandbox.logDirectory}/${config.logPath}`,
    }
    this.#containers.set(id, { sandboxId, status, config, ended: new AbortController() })
    this.#emit('CONTAINER_CREATED_EVENT', id, sandboxId)
    return id
  }

  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    const found = this.#container(id)
    await this.#wait(this.#options.delays?.start, signal)
    if (found.status.state !== 'CONTAINER_CREATED')
      throw new RuntimeError('Unknown', `rpc error: code = Unknown desc = container ${id} is not in created state`)
    found.status = { ...found.status, state: 'CONTAINER_RUNNING', startedAt: this.#now() }
    this.#emit('CONTAINER_STARTED_EVENT', id, found.sandboxId)
    const run = scriptOf([...found.config.command, ...found.config.args])
    if (!run) return
    if (run.seconds === 0) return this.exit(id, run.exitCode)
    void this.#options.clock.sleep(run.seconds * 1000, found.ended.signal).then(
      () => this.exit(id, run.exitCode),
      () => undefined,
    )
  }

  async stopContainer(id: string, _graceSeconds: number, _signal: AbortSignal): Promise<void> {
    const found = this.#containers.get(id)
    if (found?.status.state === 'CONTAINER_RUNNING') this.exit(id, 137, 'Error')
  }

  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.stopContainer(id, 0, signal)
    const found = this.#containers.get(id)
    if (this.#containers.delete(id) && found) this.#emit('CONTAINER_DELETED_EVENT', id, found.sandboxId)
  }

  async updateContainer(id: string, resources: LinuxResources): Promise<void> {
    const found = this.#container(id)
    if (found.status.state !== 'CONTAINER_RUNNING')
      throw new RuntimeError('Unknown', `rpc error: code = Unknown desc = container ${id} is not running`)
    found.resources = resources
  }

  /** The last resources that the container was given, for tests; undefined if it has those it was created with. */
  resourcesOf(id: string): LinuxResources | undefined {
    return this.#container(id).resources
  }

  async listContainers(labels: Labels) {
    return [...this.#containers.values()]
      .filter(({ status }) => matches(status.labels, labels))
      .map(({ sandboxId, status }) => ({ ...status, podSandboxId: sandboxId }))
  }

  async containersIn(sandbox: string) {
    return [...this.#containers.values()]
      .filter(({ sandboxId }) => sandboxId === sandbox)
      .map(({ sandboxId, status }) => ({ ...status, podSandboxId: sandboxId }))
  }

  async containerStatus(id: string): Promise<ContainerStatus | undefined> {
    return this.#containers.get(id)?.status
  }

  async containerStats(labels: Labels) {
    return [...this.#containers.values()]
      .filter(({ status }) => matches(status.labels, labels))
      .map(({ status }) => ({ id: status.id, labels: status.labels, cpuNanoseconds: 0, memoryWorkingSetBytes: 0 }))
  }

  async execSync(id: string, command: readonly string[]) {
    const state: ContainerState = this.#container(id).status.state
    if (state !== 'CONTAINER_RUNNING') throw new RuntimeError('Unknown', `rpc error: code = Unknown desc = container is in ${state} state`)
    const answer: { exitCode: number; stdout?: string; stderr?: string } = this.#options.execute?.(command) ??
      scriptOf(command) ?? { exitCode: 0 }
    const { exitCode, stdout = '', stderr = '' } = answer
    return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }
  }

  async reopenContainerLog(id: string): Promise<void> {
    this.#container(id)
  }

  exec(): Promise<string> {
    return noStreams()
  }

  attach(): Promise<string> {
    return noStreams()
  }

  portForward(): Promise<string> {
    return noStreams()
  }

  async listImages(): Promise<Image[]> {
    return [...this.#images.values()]
  }

  async imageStatus(image: string): Promise<Image | undefined> {
    return this.#findImage(image)
  }

  async pullImage(image: string, auth: { username?: string } | undefined, signal: AbortSignal): Promise<string> {
    await this.#wait(this.#options.delays?.pull, signal)
    try {
      this.#options.registry?.(image, auth?.username)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new RuntimeError('Unknown', `rpc error: code = Unknown desc = failed to pull and unpack image ${writeJson(image)}: ${why}`, {
        cause,
      })
    }
    return (this.#findImage(image) ?? this.addImage(image)).id
  }

  async removeImage(image: string): Promise<void> {
    const found = this.#findImage(image)
    for (const [name, { id }] of this.#images) if (id === found?.id) this.#images.delete(name)
  }

  /** Bytes of all images; for tests. */
  async imageBytes(): Promise<number> {
    return [...this.#images.values()].reduce((sum, { size }) => sum + Number(size), 0)
  }

  async *events(signal: AbortSignal): AsyncGenerator<ContainerEvent> {
    const waiting: ContainerEvent[] = []
    let wake = Promise.withResolvers<void>()
    const listener = (event: ContainerEvent) => {
      waiting.push(event)
      wake.resolve()
    }
    const onAbort = () => wake.resolve()
    this.#listeners.add(listener)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0)
        if (waiting.length > 0 || signal.aborted) continue
        await wake.promise
        wake = Promise.withResolvers()
      }
    } finally {
      this.#listeners.delete(listener)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { ended } of this.#containers.values()) ended.abort()
  }

  async #address(signal: AbortSignal): Promise<string> {
    const address = (await untilAborted(this.#addresses, signal)).take()
    if (address !== undefined) return address
    throw new RuntimeError(
      'Unknown',
      'rpc error: code = Unknown desc = failed to set up the pod network: no IP addresses available in the range',
    )
  }

  #findImage(name: string): Image | undefined {
    const reference = parseImageReference(name)?.full ?? name
    return this.#images.get(reference) ?? [...this.#images.values()].find(({ id }) => id === name)
  }

  #container(id: string): FakeContainer {
    const found = this.#containers.get(id)
    if (!found)
      throw new RuntimeError(
        'NotFound',
        `rpc error: code = NotFound desc = an error occurred when try to find container ${writeJson(id)}: not found`,
      )
    return found
  }

  #emit(type: ContainerEventType, containerId: string, sandboxId: string): void {
    const podUid = this.#sandboxes.get(sandboxId)?.config.metadata.uid ?? ''
    for (const listener of this.#listeners) listener({ type, containerId, podUid })
  }

  async #wait(ms: number | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (ms !== undefined && ms > 0) await this.#options.clock.sleep(ms, signal)
  }

  #id(): string {
    return createHash('sha256')
      .update(`fake ${this.#count++}`)
      .digest('hex')
  }

  /** Strictly increasing, so that "newest" is unambiguous. */
  #now(): string {
    return String(BigInt(this.#options.clock.now()) * 1_000_000n + BigInt(this.#count++))
  }
}

async function noStreams(): Promise<never> {
  throw new RuntimeError('Unimplemented', 'rpc error: code = Unimplemented desc = containers of a simulated node run no processes')
}

function matches(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

/** Result of a few common commands; undefined runs until it is stopped. */
function scriptOf(command: readonly string[]): { exitCode: number; seconds: number } | undefined {
  const text = command.join(' ')
  const exit = /^(?:\/bin\/)?sh -c exit (\d+)$/.exec(text)
  if (exit) return { exitCode: Number(exit[1]), seconds: 0 }
  if (/^(?:\/bin\/)?(true|false)$/.test(text)) return { exitCode: text.endsWith('true') ? 0 : 1, seconds: 0 }
  const sleep = /^(?:(?:\/bin\/)?sh -c )?(?:\/bin\/)?sleep (\d+)$/.exec(text)
  return sleep ? { exitCode: 0, seconds: Number(sleep[1]) } : undefined
}
