// Follows the folder `plugins_registry`: registers the CSI driver behind each socket that appears there, and removes it with its socket.
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OneByOne } from '../../base/async/serial-queue.ts'
import type { Clock } from '../../base/clock.ts'
import { safeDetails } from '../../base/csi/csi-error.ts'
import { followFolders } from '../../base/files/follow-folders.ts'
import { GrpcFailure, UnaryClient } from '../../base/grpc/unary-client.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { CsiDrivers, NodeDriver } from './csi-drivers.ts'
import { readPluginInfo, registrationTable } from './registration-table.ts'
import { requireTrustedSocket } from './trusted-path.ts'

export interface PluginRegistrarOptions {
  /** `<node>/plugins_registry`. */
  readonly folder: string
  readonly drivers: CsiDrivers
  /** Writes CSINode and labels; `complete`: drivers that are not registered now will not come back. */
  readonly publish: (drivers: readonly NodeDriver[], complete: boolean, signal: AbortSignal) => Promise<void>
  /** An event of the Node. */
  readonly warn: (message: string) => void
  readonly clock: Clock
  readonly log: Logger
}

/** The folder holds no more sockets than this. */
const maxPlugins = 64
const pollMs = 1000
/** Of one call of the registration protocol. */
const answerMs = 10_000
const maxAnswerBytes = 65_536
const firstRetryMs = 500
const maxRetryMs = 30_000
/** After the agent's start, a driver of an earlier one has this long to register again. */
const graceMs = 30_000
/** CSINode is compared again: it ends with its Node, which may have been deleted and made again. */
const publishMs = 60_000

interface Known {
  /** Changes with each new socket of this name. */
  readonly identity: string
  /** Undefined until it is registered. */
  driver?: string
  isBusy: boolean
  failures: number
  retryAt: number
  problem: string
}

export class PluginRegistrar {
  readonly #options: PluginRegistrarOptions
  readonly #known = new Map<string, Known>()
  /** CSINode and labels are written by one at a time. */
  readonly #writes = new OneByOne()
  #began = 0
  #publishAt = 0

  constructor(options: PluginRegistrarOptions) {
    this.#options = options
  }

  async run(signal: AbortSignal): Promise<void> {
    const { folder, clock, log } = this.#options
    this.#began = clock.monotonic()
    this.#publishAt = this.#began + graceMs
    await this.#tryLook(signal)
    await followFolders(
      () => [folder],
      () => this.#tryLook(signal),
      { what: 'plug-ins of the node', pollMs, clock, log },
      signal,
    )
  }

  /** A folder that cannot be read ends no agent. */
  async #tryLook(signal: AbortSignal): Promise<void> {
    const { folder, log } = this.#options
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await this.#look(signal)
    } catch (err) {
      log.error('plug-ins of the node not read', { err })
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { folder, clock, drivers, log } = this.#options
    const sockets = await this.#sockets(folder)
    for (const [path, { driver }] of this.#known) {
      if (sockets.get(path) === this.#known.get(path)?.identity) continue
      this.#known.delete(path)
      if (driver === undefined) continue
      drivers.remove(driver)
      log.info('CSI driver has left the node', { driver })
      await this.#publish(signal)
    }
    for (const [path, identity] of sockets) {
      const known = this.#known.get(path) ?? { identity, isBusy: false, failures: 0, retryAt: 0, problem: '' }
      this.#known.set(path, known)
      // A driver that does not answer delays no other.
      if (known.driver === undefined && !known.isBusy && clock.monotonic() >= known.retryAt) void this.#tryRegister(path, known, signal)
    }
    if (clock.monotonic() < this.#publishAt) return
    this.#publishAt = clock.monotonic() + ((await this.#publish(signal)) ? publishMs : maxRetryMs)
  }

  /** Path -> what identifies this socket. */
  async #sockets(folder: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const name of (await readdir(folder)).sort().slice(0, maxPlugins)) {
      const path = join(folder, name)
      // It may have been removed since.
      const stats = await stat(path).catch(() => undefined)
      if (stats?.isSocket() === true) found.set(path, `${stats.dev}:${stats.ino}:${stats.ctimeMs}`)
    }
    return found
  }

  async #publish(signal: AbortSignal): Promise<boolean> {
    const { drivers, publish, clock, log } = this.#options
    try {
      await this.#writes.run(() => publish(drivers.all, clock.monotonic() - this.#began >= graceMs, signal))
      return true
    } catch (err) {
      if (!signal.aborted) log.error('CSI drivers of the node not reported', { err })
      return false
    }
  }

  async #tryRegister(path: string, known: Known, signal: AbortSignal): Promise<void> {
    const { clock, log, warn } = this.#options
    known.isBusy = true
    try {
      known.driver = await this.#register(path, signal)
      known.failures = 0
    } catch (err) {
      if (signal.aborted) return
      const retryAfterMs = Math.min(firstRetryMs * 2 ** known.failures++, maxRetryMs)
      known.retryAt = clock.monotonic() + retryAfterMs
      const problem = safeDetails(messageOf(err), [])
      if (problem !== known.problem) {
        known.problem = problem
        log.error('CSI driver not registered', { socket: path, err, retryAfterMs })
        warn(`the plug-in at "${path}" is not registered: ${problem}`)
      }
    } finally {
      known.isBusy = false
    }
  }

  /** Resolves with the driver's name. */
  async #register(path: string, signal: AbortSignal): Promise<string> {
    const { drivers, log, publish } = this.#options
    const socket = await requireTrustedSocket(path)
    using plugin = new UnaryClient({ table: registrationTable, socket, maxAnswerBytes })
    const call = async (method: string, request: object) => {
      try {
        return await plugin.call(method, request, answerMs, signal)
      } catch (err) {
        if (!(err instanceof GrpcFailure)) throw err
        throw new UserError(`its registration failed in ${method}: ${safeDetails(err.details, [])}`, { cause: err })
      }
    }
    let opened: Awaited<ReturnType<CsiDrivers['open']>> | undefined
    try {
      const { name, endpoint } = readPluginInfo(await call('GetInfo', {}))
      const other = [...this.#known].find(([, { driver }]) => driver === name)
      if (other !== undefined) throw new UserError(`driver "${name}" is registered already, by the socket "${other[0]}"`)
      opened = await drivers.open(name, await requireTrustedSocket(endpoint === '' ? path : endpoint), signal)
      const added = opened
      await this.#writes.run(async () => {
        await publish([...drivers.all.filter(driver => driver.name !== name), added], false, signal)
        drivers.add(added)
      })
      log.info('CSI driver registered', { driver: name, nodeId: opened.nodeId, maxVolumes: opened.maxVolumes })
    } catch (err) {
      opened?.client[Symbol.dispose]()
      // The driver's own log then has the reason; a driver that cannot take it is registered no more for that.
      await call('NotifyRegistrationStatus', { plugin_registered: false, error: safeDetails(messageOf(err), []) }).catch(() => undefined)
      throw err
    }
    // It is in use already: a driver that fails here is not given up.
    await call('NotifyRegistrationStatus', { plugin_registered: true }).catch((err: unknown) => log.info('CSI driver not told', { err }))
    return opened.name
  }
}
