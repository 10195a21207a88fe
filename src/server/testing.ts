// A whole API server in memory for tests: the real pipeline and verbs; every user is authenticated and allowed unless the test says
// otherwise.
import type { AccessVerdict, Attributes } from '../access/access.ts'
import type { AuditEvent } from '../access/audit/audit-event.ts'
import type { KubeObject } from '../api/object.ts'
import { resources as allResources } from '../api/resources/index.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import type { UserInfo } from '../api/user.ts'
import type { Clock } from '../base/clock.ts'
import { parseExactJson } from '../base/exact-json.ts'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { writeJson } from '../base/write-json.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { type ApiServer, createApiServer } from './api-server.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import type { FinalReply, Pipeline, ServerRequest } from './http/exchange.ts'
import type { InProcessResponse, InProcessTransport } from './http/in-process.ts'
import { noAdmission } from './objects/write-parts.ts'
import { openServerView } from './server-view.ts'

export const testUser: UserInfo = { name: 'tester', groups: ['system:masters', 'system:authenticated'] }

export interface TestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly json: any
}

/** The answer before its body is read, as a transport gets it: aborting the request ends its body. The caller calls `done`. */
export async function answerOf(handle: Pipeline, request: Partial<ServerRequest>): Promise<FinalReply> {
  const ended = new AbortController()
  const untilEnded = (caller: AbortSignal | undefined) => AbortSignal.any([ended.signal, ...(caller === undefined ? [] : [caller])])
  const reply = await handle({
    method: 'GET',
    url: '/',
    headers: {},
    credentials: { remoteAddress: '127.0.0.1' },
    body: () => Promise.resolve(Buffer.alloc(0)),
    ...request,
    signal: untilEnded(request.signal),
    end: reason => ended.abort(reason),
  })
  const { body } = reply
  return typeof body === 'function' ? { ...reply, body: (sink, signal) => body(sink, untilEnded(signal)) } : reply
}

/** A clock that advances only when a test says so. */
export class TestClock implements Clock {
  #gone = 0
  now(): number {
    return Date.UTC(2026, 0, 1) + this.#gone
  }
  monotonic(): number {
    return this.#gone
  }
  advance(ms: number): void {
    this.#gone += ms
  }
  /** Waits for the signal alone. */
  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
}

export interface TestServerOptions extends Omit<Partial<ApiServerOptions>, 'view'> {
  readonly store?: Store
  readonly resources?: readonly ResourceDefinition[]
}

export class TestServer implements AsyncDisposable {
  readonly server: ApiServer
  readonly store: Store
  /** The clock of the server if the test gave none. */
  readonly clock: TestClock
  readonly events: AuditEvent[]
  readonly #transport: InProcessTransport

  constructor({ store = createMemoryStore(), resources = allResources, ...options }: TestServerOptions = {}) {
    this.clock = new TestClock()
    this.store = store
    this.events = []
    this.server = createApiServer({
      view: openServerView({ store, builtIn: resources, log: options.log ?? silentLogger }),
      authenticate: async () => ({ outcome: 'no-opinion' }),
      authorize: allowAll,
      audit: {
        record: event => {
          this.events.push(event)
          return undefined
        },
      },
      admission: noAdmission,
      clock: this.clock,
      log: silentLogger,
      metrics: createRegistry(),
      ...options,
    })
    this.#transport = this.server.transportFor(testUser)
  }

  as(user: UserInfo): InProcessTransport {
    return this.server.transportFor(user)
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> {
    const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(writeJson(body))
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const response = await this.#transport.request(
      { method, path, headers: { 'content-type': type, ...headers }, ...(bytes ? { body: bytes } : {}) },
      new AbortController().signal,
    )
    return readAnswer(response)
  }

  get(path: string, headers?: Record<string, string>): Promise<TestAnswer> {
    return this.request('GET', path, undefined, headers)
  }

  /** Creates an object and fails the test if that is refused. */
  async create(path: string, object: KubeObject & Record<string, unknown>): Promise<KubeObject> {
    const { status, json, text } = await this.request('POST', path, object)
    if (status !== 201) throw new Error(`create at ${path} answered ${status}: ${text}`)
    return json
  }

  /** An open watch; `next` waits for an event. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<TestWatch> {
    const stop = new AbortController()
    const response = await this.#transport.request({ method: 'GET', path, headers }, stop.signal)
    return new TestWatch(response, stop)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }
}

export class TestWatch {
  readonly status: number
  readonly #stop: AbortController
  readonly #lines: AsyncGenerator<string>

  constructor(response: InProcessResponse, stop: AbortController) {
    this.status = response.status
    this.#stop = stop
    this.#lines = lines(response.body)
  }

  /** The next event; undefined at the end of the watch. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read events of any shape
  async next(): Promise<{ type: string; object: any } | undefined> {
    const { value, done } = await this.#lines.next()
    return done ? undefined : (parseExactJson(value) as Awaited<ReturnType<TestWatch['next']>>)
  }

  close(): void {
    this.#stop.abort(new Error('the test is done'))
  }
}

async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of body) {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

export async function readAnswer(response: InProcessResponse): Promise<TestAnswer> {
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const isJson = response.headers['content-type']?.includes('json') ?? false
  return { status: response.status, headers: response.headers, text, json: isJson && text !== '' ? parseExactJson(text) : undefined }
}

export async function allowAll(): Promise<AccessVerdict> {
  return { allowed: true, authorizer: 'test', reason: 'everything is allowed in this test' }
}

/** Allows only what the test names. */
export function allowWhere(test: (attributes: Attributes) => boolean): (attributes: Attributes) => Promise<AccessVerdict> {
  return async attributes => (test(attributes) ? allowAll() : { allowed: false, reason: '' })
}
