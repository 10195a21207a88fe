// A CSI driver for tests, over real gRPC: volumes are folders, or files behind loop devices; attach, tokens and capabilities as the test says; faults on
// demand; a record of every call. It runs within a test's process, or as a process of its own beside a node (driver-process.ts).
import { join } from 'node:path'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { csiMethods } from '../../src/base/csi/csi-methods.ts'
import { Refusal, serveCsi, serveTable } from '../../src/base/csi/csi-server.testing.ts'
import { isJsonObject } from '../../src/base/json.ts'
import { registrationTable } from '../../src/node/csi/registration-table.ts'
import { controllerCalls } from './driver-controller.ts'
import { nodeCalls } from './driver-node.ts'
import { DriverVolumes } from './driver-volumes.ts'
import { type Fault, type Faults, withFault } from './faults.ts'

export interface DriverOptions {
  readonly name: string
  readonly nodeId: string
  /** Where the content of volumes lies: the "storage system". */
  readonly folder: string
  /** Folder of the driver's own socket. */
  readonly sockets: string
  /** The node's folder `plugins_registry`; without it the driver does not register. */
  readonly registry?: string
  readonly attach?: boolean
  /** Default: true. */
  readonly stage?: boolean
  readonly maxVolumes?: number
  /** Default: `{ "topology.<name>/node": nodeId }`; `{}` for none. */
  readonly topology?: Readonly<Record<string, string>>
  /** Further capabilities of the node service, such as VOLUME_MOUNT_GROUP. */
  readonly nodeCan?: readonly string[]
  /** Capabilities that the controller service does not have. */
  readonly controllerCannot?: readonly string[]
  /** Total bytes of all volumes; default: 10 GiB. */
  readonly capacityBytes?: number
  /** Whether the token of the audience is that of the pod: NodePublishVolume is refused otherwise. */
  readonly token?: {
    readonly audience: string
    check(token: string, pod: { namespace: string; name: string; uid: string }): Promise<string | undefined>
  }
  /** Called for each call; without it, `TestDriver.faults` decides. */
  readonly faultOf?: (method: CsiMethod) => Promise<Fault | undefined>
  readonly onCall?: (call: RecordedCall) => void
}

export interface RecordedCall {
  readonly method: CsiMethod
  readonly request: Readonly<Record<string, unknown>>
  /** `OK`, or the code of the refusal; undefined while it runs. */
  outcome: string | undefined
}

export class TestDriver implements AsyncDisposable {
  readonly options: DriverOptions
  readonly volumes: DriverVolumes
  readonly calls: RecordedCall[] = []
  /** Of the next calls, by method. */
  readonly faults: Faults = new Map()
  readonly socket: string
  #servers: AsyncDisposable[] = []

  constructor(options: DriverOptions) {
    this.options = options
    this.socket = join(options.sockets, `${options.name}.sock`)
    this.volumes = new DriverVolumes(options)
  }

  async start(): Promise<this> {
    await this.volumes.start()
    this.#servers.push(await serveCsi(this.socket, (method, request, signal) => this.#answer(method, request, signal)))
    await this.register()
    return this
  }

  async register(): Promise<void> {
    const { name, registry } = this.options
    if (registry === undefined) return
    const server = await serveTable(registrationTable, join(registry, `${name}-reg.sock`), async (method, request) => {
      if (method === 'GetInfo') return { type: 'CSIPlugin', name, endpoint: this.socket, supported_versions: ['1.0.0'] }
      this.registered.push(isJsonObject(request) ? request : {})
      return {}
    })
    this.#servers.push(server)
  }

  /** What the node has said about the registration. */
  readonly registered: Readonly<Record<string, unknown>>[] = []

  /** The names of the calls, each once per call. */
  count(method: CsiMethod): number {
    return this.calls.filter(call => call.method === method).length
  }

  /** The last request of the method. */
  last(method: CsiMethod): Readonly<Record<string, unknown>> | undefined {
    return this.calls.findLast(call => call.method === method)?.request
  }

  async #answer(method: CsiMethod, request: unknown, signal: AbortSignal): Promise<object> {
    const call: RecordedCall = { method, request: isJsonObject(request) ? request : {}, outcome: undefined }
    this.calls.push(call)
    try {
      const fault = (await this.options.faultOf?.(method)) ?? takeFault(this.faults, method)
      const answer = await withFault(fault, () => this.#work(method, call.request), signal)
      call.outcome = 'OK'
      return answer
    } catch (err) {
      call.outcome = err instanceof Refusal ? err.code : 'INTERNAL'
      throw err
    } finally {
      this.options.onCall?.(call)
    }
  }

  async #work(method: CsiMethod, request: Readonly<Record<string, unknown>>): Promise<object> {
    const [service] = csiMethods[method]
    if (service === 'Node') return await nodeCalls(this.options, this.volumes, method, request)
    if (service === 'Controller') return await controllerCalls(this.options, this.volumes, method, request)
    if (method === 'GetPluginInfo') return { name: this.options.name, vendorVersion: '1' }
    if (method === 'Probe') return { ready: { value: true } }
    const services = ['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS']
    return { capabilities: [...services.map(type => ({ service: { type } })), { volumeExpansion: { type: 'ONLINE' } }] }
  }

  /** Its sockets go; what is mounted stays, as after a crash of the driver. */
  async stop(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function takeFault(faults: Faults, method: CsiMethod): Fault | undefined {
  const fault = faults.get(method)
  if (fault?.times === undefined) return fault
  if (fault.times <= 1) faults.delete(method)
  else faults.set(method, { ...fault, times: fault.times - 1 })
  return fault
}
