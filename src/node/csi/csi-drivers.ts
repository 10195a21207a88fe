// The CSI drivers that are registered on this node.
import { type CsiCalls, CsiClient } from '../../base/csi/csi-client.ts'
import type { csiEnums } from '../../base/csi/csi-messages.ts'
import type { CsiAnswer } from '../../base/csi/csi-methods.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export type NodeAbility = (typeof csiEnums)['NodeRpcType'][number]

export interface NodeDriver {
  readonly name: string
  readonly calls: CsiCalls
  /** The node's name in the driver's storage system. */
  readonly nodeId: string
  /** 0: without a limit. */
  readonly maxVolumes: number
  readonly topology: Readonly<Record<string, string>>
  readonly can: ReadonlySet<NodeAbility>
}

/** Limits of what a driver says about the node: a label's and the CSINode's. */
const maxNodeId = 256
const maxTopologyKeys = 32
const labelKey = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/

/** Asks a driver what it can do here. Rejects with CsiError, or with a UserError if an answer cannot be used. */
async function askDriver(name: string, calls: CsiCalls, signal: AbortSignal): Promise<NodeDriver> {
  const plugin = await calls.call('GetPluginInfo', {}, signal)
  if (plugin.name !== name) throw new UserError(`driver "${name}" gives itself another name: ${writeJson(plugin.name.slice(0, 63))}`)
  const [info, { capabilities }] = [await calls.call('NodeGetInfo', {}, signal), await calls.call('NodeGetCapabilities', {}, signal)]
  const can = new Set(capabilities.flatMap(({ rpc }) => rpc?.type ?? []))
  return { name, calls, can, ...readNodeInfo(name, info) }
}

/** @internal Pure; throws a UserError for an answer that a CSINode or labels cannot hold. */
export function readNodeInfo(
  name: string,
  { nodeId, maxVolumesPerNode, accessibleTopology }: CsiAnswer<'NodeGetInfo'>,
): Pick<NodeDriver, 'nodeId' | 'maxVolumes' | 'topology'> {
  const bad = (what: string) => new UserError(`driver "${name}" gave an answer to NodeGetInfo that cannot be used: ${what}`)
  if (nodeId === '' || nodeId.length > maxNodeId) throw bad(`node_id must have 1 to ${maxNodeId} characters, got ${nodeId.length}`)
  if (maxVolumesPerNode < 0 || maxVolumesPerNode > 2 ** 31 - 1) throw bad('max_volumes_per_node must be from 0 to 2147483647')
  const topology = accessibleTopology?.segments ?? {}
  const keys = Object.keys(topology)
  if (keys.length > maxTopologyKeys) throw bad(`it has ${keys.length} topology keys, at most ${maxTopologyKeys} are accepted`)
  const wrong = keys.find(key => !labelKey.test(key) || !labelValue.test(topology[key] ?? ''))
  if (wrong !== undefined) throw bad(`topology key ${writeJson(wrong.slice(0, 317))} and its value must be a label of a node`)
  return { nodeId, maxVolumes: maxVolumesPerNode, topology }
}

export class CsiDrivers {
  readonly #drivers = new Map<string, NodeDriver & { readonly client: Disposable }>()
  #changed = Promise.withResolvers<void>()

  get names(): readonly string[] {
    return [...this.#drivers.keys()].sort()
  }

  get all(): readonly NodeDriver[] {
    return this.names.flatMap(name => this.#drivers.get(name) ?? [])
  }

  get(name: string): NodeDriver | undefined {
    return this.#drivers.get(name)
  }

  /** Resolves with the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Throws a UserError that says which drivers are here. */
  require(name: string): NodeDriver {
    const found = this.#drivers.get(name)
    if (found !== undefined) return found
    const { names } = this
    const there =
      names.length === 0 ? 'no driver is' : `${names.map(each => writeJson(each)).join(', ')} ${names.length === 1 ? 'is' : 'are'}`
    throw new UserError(
      `driver ${writeJson(name)} is not registered on this node (${there}): it waits for its socket in the folder of plug-ins`,
    )
  }

  /** Asks the driver at the socket; it is not registered yet. */
  async open(name: string, socket: string, signal: AbortSignal): Promise<NodeDriver & { readonly client: Disposable }> {
    const client = new CsiClient({ driver: name, socket })
    try {
      return { ...(await askDriver(name, client, signal)), client }
    } catch (err) {
      client[Symbol.dispose]()
      throw err
    }
  }

  add(driver: NodeDriver & { readonly client: Disposable }): void {
    this.#drivers.get(driver.name)?.client[Symbol.dispose]()
    this.#drivers.set(driver.name, driver)
    this.#tell()
  }

  remove(name: string): void {
    this.#drivers.get(name)?.client[Symbol.dispose]()
    if (this.#drivers.delete(name)) this.#tell()
  }

  #tell(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
  }
}
