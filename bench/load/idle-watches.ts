// Very many watches without events, and then one event each: their cost, and the latency of the last one.
import { Connections, type Credentials } from './connections.ts'
import { namespace } from './objects.ts'

const path = `/api/v1/namespaces/${namespace}/configmaps`
/** Below the server's limit for streams of one connection. */
const watchesPerConnection = 200

export class IdleWatches implements Disposable {
  readonly #connections: Connections
  readonly #count: number
  readonly #failed = Promise.withResolvers<never>()
  #heard: (() => void) | undefined

  private constructor(connections: Connections, count: number) {
    this.#connections = connections
    this.#count = count
    // A waiter for an event sees the error; the watches also end when they are no longer needed.
    this.#failed.promise.catch(() => undefined)
  }

  /** All of them have begun. They select one object that does not exist. */
  static async open(credentials: Credentials, count: number): Promise<IdleWatches> {
    const connections = await Connections.open(credentials, Math.ceil(count / watchesPerConnection))
    const watches = new IdleWatches(connections, count)
    for (let opened = 0; opened < count; opened += watchesPerConnection) {
      await Promise.all(Array.from({ length: Math.min(watchesPerConnection, count - opened) }, () => watches.#open()))
    }
    return watches
  }

  #open(): Promise<void> {
    const query = '?watch=1&fieldSelector=metadata.name%3Didle&timeoutSeconds=3600'
    const onEnd = (err = new Error('a watch ended')) => this.#failed.reject(err)
    return this.#connections.stream(`${path}${query}`, () => this.#heard?.(), onEnd)
  }

  /** Creates the object; the milliseconds until each watch has its event, sorted. */
  async event(): Promise<Float64Array> {
    const latencies = new Float64Array(this.#count)
    const all = Promise.withResolvers<void>()
    let count = 0
    const began = performance.now()
    this.#heard = () => {
      latencies[count++] = performance.now() - began
      if (count === this.#count) all.resolve()
    }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'idle' } }
    const { status, body } = await this.#connections.request('POST', path, JSON.stringify(object))
    if (status !== 201) throw new Error(`creation answered ${status}: ${body}`)
    await Promise.race([all.promise, this.#failed.promise])
    return latencies.sort()
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]()
  }
}
