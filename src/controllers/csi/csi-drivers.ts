// The drivers that a controller works for, and its calls to them.
import type { CSIDriver } from '../../api/types/storage-v1.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import type { CsiAnswer, CsiControllerMethod, CsiRequest } from '../../base/csi/csi-methods.ts'
import { type CsiControllers, csiControllers } from '../../client/csi/csi-controllers.ts'
import { csiDrivers, csiNodes, nodes } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { OtherController } from '../volumes/other-controller.ts'

/** On a CSIDriver: `sidecars` if the driver brings upstream's sidecars. Then none of our controllers calls it. */
export const controllersAnnotation = 'bulkhead.dev/csi-controllers'
const bySidecars = 'sidecars'

/** A driver that is updated registers again, and its abilities with it. */
const rememberedMs = 60_000
const maxRemembered = 256

type ControllerRpc = NonNullable<NonNullable<CsiAnswer<'ControllerGetCapabilities'>['capabilities'][number]['rpc']>['type']>

/** What a driver can do. */
export interface CsiAbilities {
  readonly controller: ReadonlySet<ControllerRpc>
  /** It has volumes that not every node reaches. */
  readonly hasTopology: boolean
  /** The node can expand volumes although the Controller service cannot. */
  readonly expandsOnNode: boolean
}

const hasOwnSidecars = (driver: CSIDriver | undefined): boolean => driver?.metadata.annotations?.[controllersAnnotation] === bySidecars

export class CsiDrivers {
  readonly #context: Context
  readonly #calls: CsiControllers
  readonly #others: OtherController
  readonly #leaseOf: (driver: string) => string
  readonly #abilities = new Map<string, { readonly at: number; readonly abilities: CsiAbilities }>()

  /** `leaseOf`: the lease of the sidecar that does the same work, in kube-system. */
  constructor(context: Context, leaseOf: (driver: string) => string) {
    const { client, informers, clock, settings } = context
    this.#context = context
    this.#leaseOf = leaseOf
    this.#others = new OtherController(client, clock)
    this.#calls =
      settings.csiCalls ??
      csiControllers({
        client,
        csiNodes: () => informers.full(csiNodes).list(),
        node: name => informers.full(nodes).get('', name),
      })
  }

  /** Whether this controller works for the driver now: it is registered on a ready node, and no sidecar does the work. */
  async serves(driver: string, signal: AbortSignal): Promise<boolean> {
    if (this.#calls.nodesOf(driver).length === 0 || hasOwnSidecars(this.#context.informers.full(csiDrivers).get('', driver))) return false
    return !(await this.#others.holds('kube-system', this.#leaseOf(driver), signal))
  }

  nodesOf = (driver: string): readonly string[] => this.#calls.nodesOf(driver)

  /** `node`: where the driver has the volume, if it matters; else any. Rejects with CsiError. */
  call<M extends CsiControllerMethod>(
    driver: string,
    method: M,
    request: CsiRequest<M>,
    signal: AbortSignal,
    node?: string,
  ): Promise<CsiAnswer<M>> {
    return this.#calls.call(driver, method, request, signal, node)
  }

  async abilities(driver: string, signal: AbortSignal): Promise<CsiAbilities> {
    const now = this.#context.clock.monotonic()
    const known = this.#abilities.get(driver)
    if (known !== undefined && now - known.at < rememberedMs) return known.abilities
    const { capabilities: plugin } = await this.call(driver, 'GetPluginCapabilities', {}, signal)
    const services = new Set(plugin.map(({ service }) => service?.type))
    const controller = services.has('CONTROLLER_SERVICE') ? await this.#controllerAbilities(driver, signal) : new Set<ControllerRpc>()
    const abilities = {
      controller,
      hasTopology: services.has('VOLUME_ACCESSIBILITY_CONSTRAINTS'),
      expandsOnNode: plugin.some(({ volumeExpansion }) => volumeExpansion !== undefined),
    }
    if (this.#abilities.size >= maxRemembered) this.#abilities.clear()
    this.#abilities.set(driver, { at: now, abilities })
    return abilities
  }

  async #controllerAbilities(driver: string, signal: AbortSignal): Promise<ReadonlySet<ControllerRpc>> {
    try {
      const { capabilities } = await this.call(driver, 'ControllerGetCapabilities', {}, signal)
      return new Set(capabilities.flatMap(({ rpc }) => (rpc?.type === undefined ? [] : [rpc.type])))
    } catch (err) {
      if (err instanceof CsiError && err.code === 'UNIMPLEMENTED') return new Set()
      throw err
    }
  }
}

/** Names of objects in which upstream's sidecars put the name of a driver. */
export const inObjectName = (driver: string): string => driver.replaceAll('/', '-')
