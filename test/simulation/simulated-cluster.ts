// A cluster in this process, of the product's own server, controllers, scheduler and node agents, over a network that can fail. Only the
// containers, the disk and the wire are simulated.
import type { UserInfo } from '../../src/api/user.ts'
import type { Clock } from '../../src/base/clock.ts'
import { createLogger, type Logger, silentLogger } from '../../src/base/log.ts'
import { createRegistry } from '../../src/base/metrics/metrics.ts'
import { Client } from '../../src/client/client.ts'
import type { Transport } from '../../src/client/transport/transport.ts'
import { bootstrap } from '../../src/cluster/bootstrap/bootstrap.ts'
import { accountName, accountOrganizations } from '../../src/cluster/client-identity.ts'
import { runControlLoops } from '../../src/cluster/control-loops.ts'
import { openControlPlane } from '../../src/cluster/control-plane.ts'
import { FakeRuntime } from '../../src/node/fake/fake-runtime.ts'
import { runSimulatedNode } from '../../src/node/simulated-node.ts'
import type { ApiServer } from '../../src/server/api-server.ts'
import { createMemorySigner } from '../../src/signer/memory-signer.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import type { Random } from '../consistency/random.ts'
import { Wire } from './network.ts'
import { PartClock } from './part-clock.ts'

const cpus = 4
/** Nothing reads it. Keys come from no seed, and the bytes of their certificates, which differ in number, would count in quotas. */
const rootCa = 'the certificate of the cluster'

/** A part with a network and a clock of its own, which may run or not. */
interface Part {
  readonly name: string
  readonly wire: Wire
  readonly clock: PartClock
  running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
}

export interface SimulatedMachine extends Part {
  /** Outlives the agent, not the machine. */
  runtime: FakeRuntime | undefined
  readonly range: PromiseWithResolvers<string>
}

export class SimulatedCluster implements AsyncDisposable {
  readonly store: Store
  readonly nodes: readonly SimulatedMachine[]
  /** Two candidates, of which one leads. */
  readonly controllers: readonly Part[]
  readonly user: Client
  /** Sent since the caller last set it. */
  requests = 0
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #log: Logger
  readonly #random: Random
  readonly #transports = new Map<string, Transport>()
  #server: { readonly api: ApiServer; readonly stop: AbortController } | undefined

  constructor(clock: Clock, random: Random, nodeCount: number) {
    this.#clock = clock
    this.#random = random
    this.#log = process.env['LOG'] === undefined ? silentLogger : createLogger({ level: process.env['LOG'] === 'debug' ? 'debug' : 'info' })
    this.store = createMemoryStore({ clock, log: this.#log })
    this.#signer = createMemorySigner({ clock })
    const part = (name: string): Part => ({ name, clock: new PartClock(clock), running: undefined, wire: this.#wire({ name, groups: [] }) })
    this.nodes = Array.from({ length: nodeCount }, (_, index) => {
      const name = `n${index + 1}`
      const wire = this.#wire({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] })
      return { name, wire, clock: new PartClock(clock), running: undefined, runtime: undefined, range: Promise.withResolvers<string>() }
    })
    this.controllers = [part('c1'), part('c2')]
    this.user = new Client(this.#wire({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }))
  }

  get api(): ApiServer | undefined {
    return this.#server?.api
  }

  async start(): Promise<void> {
    await this.startServer()
    for (const controllers of this.controllers) this.startControllers(controllers)
    for (const node of this.nodes) this.startNode(node)
  }

  async startServer(): Promise<void> {
    const stop = new AbortController()
    const { store } = this
    const common = { store, signer: this.#signer, signal: stop.signal }
    const audit = { record: () => undefined }
    const metrics = createRegistry()
    const wired = { ...common, audit, profile: 'secure' as const, serviceCidr: '10.96.0.0/16', clock: this.#clock, log: this.#log, metrics }
    const api = await openControlPlane({ ...wired, offline: true })
    await bootstrap({ ...common, server: api, namespaceDefaults: true })
    this.#server = { api, stop }
  }

  async stopServer(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    this.#transports.clear()
    server?.stop.abort()
    await server?.api[Symbol.asyncDispose]()
  }

  startControllers(part: Part): void {
    const { name, wire, clock } = part
    const client = (user: UserInfo) => new Client(this.#as(user, wire))
    this.#run(part, signal =>
      runControlLoops(
        {
          clientFor: account => client({ name: accountName(account), groups: [...accountOrganizations, 'system:authenticated'] }),
          informerClient: client({ name: 'system:kube-controller-manager', groups: ['system:authenticated'] }),
          schedulerClient: client({ name: 'system:kube-scheduler', groups: ['system:authenticated'] }),
          ...{ signer: this.#signer, rootCa, clock, log: this.#log.with({ machine: name }), metrics: createRegistry() },
          random: this.#random.next,
          choice: { allocateNodeCidrs: true, bootstrapTokens: false, denyDeletedNodes: false },
          leader: name,
        },
        signal,
      ),
    )
  }

  startNode(node: SimulatedMachine): void {
    const { name, wire: transport, clock } = node
    const log = this.#log.with({ node: name })
    const delays = { sandbox: 130, pull: 800, start: 70 }
    // An agent that is killed early has not learned the range: the next one tells it.
    const runtimeFor = (podRange: Promise<string>) => {
      void podRange.then(node.range.resolve)
      node.runtime ??= new FakeRuntime({ clock, delays, podRange: node.range.promise })
      return node.runtime
    }
    this.#run(node, signal => runSimulatedNode({ transport, name, cpus, clock, log, random: this.#random.next, runtimeFor }, signal))
  }

  /** As kill -9: nothing that it still wants to say arrives. */
  async kill(part: Part): Promise<void> {
    const { running, wire, clock } = part
    if (running === undefined) return
    part.running = undefined
    wire.cut()
    running.stop.abort(new Error('killed'))
    clock.resume()
    await running.done
    wire.heal()
  }

  /** The machine loses its power, and with it its containers. */
  async powerOff(node: SimulatedMachine): Promise<void> {
    await this.kill(node)
    await node.runtime?.[Symbol.asyncDispose]()
    node.runtime = undefined
  }

  #run(part: Part, run: (signal: AbortSignal) => Promise<void>): void {
    const stop = new AbortController()
    const done = run(stop.signal).catch((err: unknown) => {
      if (!stop.signal.aborted) throw err
    })
    part.running = { stop, done }
  }

  #wire(user: UserInfo): Wire {
    return new Wire({ server: () => this.#transportOf(user), clock: this.#clock, random: this.#random })
  }

  /** Another account on the same wire. */
  #as(user: UserInfo, wire: Wire): Transport {
    return wire.as(() => this.#transportOf(user))
  }

  #transportOf(user: UserInfo): Transport | undefined {
    this.requests++
    if (this.#server === undefined) return undefined
    let transport = this.#transports.get(user.name)
    if (transport === undefined) {
      transport = this.#server.api.transportFor(user)
      this.#transports.set(user.name, transport)
    }
    return transport
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [...this.nodes, ...this.controllers]) await this.kill(part)
    await this.stopServer()
    await this.store[Symbol.asyncDispose]()
    await this.#signer[Symbol.asyncDispose]()
  }
}
