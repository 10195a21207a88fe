// Very many watches that see nothing for long, and then one event each: what they cost, and how late the last of them hears.
import { Connections, type Credentials } from './connections.ts'
import { namespace } from './objects.ts'

const path = `/api/v1/namespaces/${namespace}/configmaps`
/** Below the server's limit for streams of one connection. */
const watchesPerConnection = 200

export class IdleWatches implements Disposable {
  readonly #connections: Connections
  readonly #count: number
  #heard: (() => void) | undefined

  private constructor(connections: Connections, count: number) {
    this.#connections = connections
    this.#count = count
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
    const stream = this.#connections.session().request({ ':path': `${path}${query}`, accept: 'application/json' })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    stream.on('response', ({ ':status': status }) => (status === 200 ? resolve() : reject(new Error(`watch answered ${status}`))))
    stream.on('error', reject)
    stream.on('data', () => this.#heard?.())
    return promise
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
    await all.promise
    return latencies.sort()
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]()
  }
}
