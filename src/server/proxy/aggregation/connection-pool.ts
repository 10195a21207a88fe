// A pool of connections to aggregated servers, because a TLS handshake costs more than most requests.
import type { AgentOptions, Agent as HttpAgent } from 'node:http'
import type { Duplex } from 'node:stream'
import { Agent } from '../../../base/net/node-http.ts'
import { hostText } from '../dial-address.ts'
import type { BackendEndpoint } from './backend-state.ts'
import { type ConnectApiParts, connectApi } from './connect-api.ts'
import { type RegisteredApi, sameBackend } from './registered-api.ts'

/** An idle connection is kept for this long. */
const idleMs = 30_000
/** Idle connections per endpoint. */
const maxIdle = 16
/** Endpoints with connections per APIService; beyond it the endpoint that was added first is dropped. */
const maxEndpoints = 32
/** Time limit of a new connection with its handshake. */
const connectMs = 20_000

interface PooledConnection {
  readonly api: RegisteredApi
  readonly agents: Map<string, HttpAgent>
}

export class ConnectionPool {
  readonly #parts: ConnectApiParts
  readonly #byName = new Map<string, PooledConnection>()

  constructor(parts: ConnectApiParts) {
    this.#parts = parts
  }

  agent(api: RegisteredApi, endpoint: BackendEndpoint): HttpAgent {
    let kept = this.#byName.get(api.name)
    if (kept !== undefined && !sameBackend(kept.api, api)) {
      this.drop(api.name)
      kept = undefined
    }
    if (kept === undefined) {
      kept = { api, agents: new Map() }
      this.#byName.set(api.name, kept)
    }
    const key = hostText(endpoint.address, endpoint.port)
    const known = kept.agents.get(key)
    if (known !== undefined) return known
    const [first] = kept.agents.size < maxEndpoints ? [] : kept.agents.keys()
    if (first !== undefined) {
      kept.agents.get(first)?.destroy()
      kept.agents.delete(first)
    }
    const made = new ApiAgent(signal => connectApi(this.#parts, api, endpoint, signal))
    kept.agents.set(key, made)
    return made
  }

  /** Closes the connections of an APIService that was removed or changed its backend. */
  drop(name: string): void {
    for (const agent of this.#byName.get(name)?.agents.values() ?? []) agent.destroy()
    this.#byName.delete(name)
  }

  close(): void {
    for (const name of [...this.#byName.keys()]) this.drop(name)
  }
}

class ApiAgent extends Agent {
  readonly #connect: (signal: AbortSignal) => Promise<Duplex>

  constructor(connect: (signal: AbortSignal) => Promise<Duplex>) {
    super({ keepAlive: true, maxFreeSockets: maxIdle, timeout: idleMs } satisfies AgentOptions)
    this.#connect = connect
  }

  override createConnection(_options: object, callback?: (err: Error | null, stream: Duplex) => void): undefined {
    this.#connect(AbortSignal.timeout(connectMs)).then(
      stream => callback?.(null, stream),
      // With an error, the callback gets no stream.
      (err: Error) => callback?.(err, undefined as unknown as Duplex),
    )
  }
}
