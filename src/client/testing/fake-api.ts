// An API server in memory without admission, access control or schema, for tests of clients and controllers.
import type { KubeObject } from '../../api/object.ts'
import { ApiError, alreadyExists, badRequest, conflict, expired, notFound, staleConflict, unknownPath } from '../../api/status.ts'
import { formatTime } from '../../base/clock.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { keyOf, makeKey } from '../cache/object-key.ts'
import { type ResourceRef, refName } from '../resource-ref.ts'
import type { ApiRequest, ApiResponse, Transport } from '../transport/transport.ts'

type Body = KubeObject & Record<string, unknown>

interface Address {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  readonly query: URLSearchParams
}

interface Change {
  readonly revision: number
  readonly resource: string
  readonly namespace: string
  readonly type: string
  readonly object: Body
}

/** Stores objects of any resource. `requests` records all requests for tests. */
export class FakeApi implements Transport {
  readonly requests: { readonly method: string; readonly path: string; readonly body: unknown }[] = []
  readonly #objects = new Map<string, Map<string, Body>>()
  readonly #paths = new Map<string, unknown>()
  readonly #watchers = new Set<() => void>()
  readonly #log: Change[] = []
  readonly #now: () => number
  #revision = 100
  #oldest = 0
  /** Called before each write; may throw an ApiError to refuse it. */
  refuse: (request: { readonly method: string; readonly path: string; readonly body: unknown }) => void = () => undefined

  constructor(now: () => number = () => Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  /** Stores an object as it is, with what the server sets. */
  seed<T extends KubeObject>(resource: ResourceRef<T>, object: T): T {
    return this.#create(refName(resource), structuredClone(object) as unknown as Body) as unknown as T
  }

  read<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string): T | undefined {
    return this.#of(refName(resource)).get(makeKey(namespace, name)) as unknown as T | undefined
  }

  all<T extends KubeObject>(resource: ResourceRef<T>): T[] {
    return [...this.#of(refName(resource)).values()] as unknown as T[]
  }

  /** Changes an object as its owner would. */
  change<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string, edit: (object: T) => void): void {
    const object = structuredClone(this.read(resource, namespace, name))
    if (object === undefined) throw notFound(resource, name)
    edit(object)
    this.#put(refName(resource), 'MODIFIED', object as unknown as Body)
  }

  remove(resource: ResourceRef, namespace: string, name: string): void {
    this.#delete(refName(resource), resource, namespace, name, {}, true)
  }

  /** The answer for a path that is not a resource (discovery), or the ApiError that refuses it. */
  serve(path: string, answer: unknown): void {
    this.#paths.set(path, answer)
  }

  /** Drops the history: earlier watches get 410. */
  compact(): void {
    this.#oldest = this.#revision
    this.#log.length = 0
  }

  /** Ends all watches, as a restart of the server does. */
  dropWatches(): void {
    for (const end of [...this.#watchers]) end()
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    signal.throwIfAborted()
    const body: unknown = request.body === undefined ? undefined : parseJson(request.body.toString('utf8'))
    const isWatch = request.path.includes('watch=true')
    if (!isWatch) this.requests.push({ method: request.method, path: request.path, body })
    try {
      if (request.method !== 'GET') this.refuse({ method: request.method, path: request.path, body })
      const address = parsePath(request.path)
      if (address === undefined || this.#paths.has(request.path)) return answer(200, this.#path(request.path))
      if (isWatch) return { status: 200, headers: {}, body: this.#watch(address, signal) }
      return answer(request.method === 'POST' ? 201 : 200, this.#handle(request, address, body))
    } catch (err) {
      if (err instanceof ApiError) return answer(err.status.code, err.status)
      throw err
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropWatches()
  }

  #path(path: string): unknown {
    const found = this.#paths.get(path)
    if (found === undefined) throw unknownPath()
    if (found instanceof ApiError) throw found
    return found
  }

  #handle({ method, headers }: ApiRequest, address: Address, body: unknown): unknown {
    const { plural, namespace, name, subresource } = address
    const resource = refName(address)
    if (method === 'GET' && name === '') return this.#list(address)
    if (method === 'GET') return this.#get(address)
    if (method === 'DELETE' && name === '') {
      for (const object of this.#select(address)) {
        this.#delete(resource, address, object.metadata.namespace ?? '', object.metadata.name ?? '', {}, false)
      }
      return { kind: 'Status', status: 'Success' }
    }
    if (method === 'DELETE') return this.#delete(resource, address, namespace, name, asBody(body), false)
    if (method === 'POST' && subresource === 'binding') return this.#bind(address, asBody(body))
    if (method === 'POST') {
      const object = asBody(body)
      const withNamespace = namespace === '' ? object : { ...object, metadata: { ...object.metadata, namespace } }
      return this.#create(resource, withNamespace)
    }
    const old = this.#get(address)
    const asked = method === 'PUT' ? asBody(body) : asBody(applyPatch(old, body, String(headers?.['content-type'] ?? '')))
    const version = asked.metadata.resourceVersion
    if (version !== undefined && version !== '' && version !== old.metadata.resourceVersion)
      throw staleConflict({ group: address.group, plural }, name)
    const { uid } = asked.metadata
    if (uid !== undefined && uid !== old.metadata.uid) throw conflict({ group: address.group, plural }, name, 'the UID differs')
    return this.#update(resource, old, asked, subresource)
  }

  #get({ group, plural, namespace, name }: Address): Body {
    const found = this.#of(refName({ group, plural })).get(makeKey(namespace, name))
    if (found === undefined) throw notFound({ group, plural }, name)
    return found
  }

  #select(address: Address): Body[] {
    const labels = address.query.get('labelSelector')
    const wanted = labels === null ? [] : labels.split(',').map(part => part.split('='))
    return [...this.#of(refName(address)).values()].filter(
      ({ metadata }) =>
        (address.namespace === '' || metadata.namespace === address.namespace) &&
        wanted.every(([key, value]) => metadata.labels?.[key ?? ''] === value),
    )
  }

  #list(address: Address): unknown {
    const limit = Number(address.query.get('limit') ?? 0)
    const from = Number(address.query.get('continue') ?? 0)
    const all = this.#select(address).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const items = limit > 0 ? all.slice(from, from + limit) : all
    const more = limit > 0 && from + limit < all.length
    return {
      kind: 'List',
      metadata: { resourceVersion: String(this.#revision), ...(more ? { continue: String(from + limit) } : {}) },
      items,
    }
  }

  #create(resource: string, object: Body): Body {
    const { metadata } = object
    const name = metadata.name ?? `${metadata.generateName}${(this.#revision + 1).toString(36).padStart(5, 'x')}`
    const key = makeKey(metadata.namespace ?? '', name)
    if (this.#of(resource).has(key))
      throw alreadyExists({ group: resource.split('.').slice(1).join('.'), plural: resource.split('.')[0] ?? '' }, name)
    const uid = metadata.uid ?? `uid-${this.#revision + 1}`
    const creationTimestamp = metadata.creationTimestamp ?? formatTime(this.#now())
    return this.#put(resource, 'ADDED', { ...object, metadata: { generation: 1, ...metadata, name, uid, creationTimestamp } })
  }

  #update(resource: string, old: Body, asked: Body, subresource: string): Body {
    const keepStatus = subresource === '' && 'status' in old
    const specChanged = writeJson(old['spec']) !== writeJson(asked['spec'])
    const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = old.metadata
    const fixed = { uid, creationTimestamp, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) }
    const next: Body =
      subresource === 'status'
        ? { ...old, metadata: { ...old.metadata, annotations: asked.metadata.annotations ?? {} }, status: asked['status'] }
        : { ...asked, metadata: { ...asked.metadata, ...fixed, generation: specChanged ? generation + 1 : generation } }
    if (subresource === 'finalize') next['status'] = old['status']
    if (keepStatus) next['status'] = old['status']
    const finalizers = [...(next.metadata.finalizers ?? []), ...finalizersOfSpec(next)]
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#drop(resource, next)
    if (writeJson({ ...next, metadata: { ...next.metadata, resourceVersion: old.metadata.resourceVersion } }) === writeJson(old)) return old
    return this.#put(resource, 'MODIFIED', next)
  }

  #delete(
    resource: string,
    named: { group: string; plural: string },
    namespace: string,
    name: string,
    options: Record<string, unknown>,
    now: boolean,
  ): Body {
    const old = this.#of(resource).get(makeKey(namespace, name))
    if (old === undefined) throw notFound(named, name)
    const preconditions = Object.entries(options['preconditions'] ?? {})
    for (const [field, wanted] of preconditions) {
      const found = field === 'uid' ? old.metadata.uid : old.metadata.resourceVersion
      if (wanted !== found)
        throw conflict(named, name, `the ${field} in the precondition (${wanted}) does not match that in record (${found}).`)
    }
    const policy = options['propagationPolicy']
    const added = policy === 'Foreground' ? ['foregroundDeletion'] : policy === 'Orphan' ? ['orphan'] : []
    const finalizers = [...new Set([...(old.metadata.finalizers ?? []), ...added])]
    const graceful = resource === 'pods' && options['gracePeriodSeconds'] !== 0 && specOf(old)['nodeName'] !== undefined
    if (now || (finalizers.length === 0 && finalizersOfSpec(old).length === 0 && !graceful)) return this.#drop(resource, old)
    if (old.metadata.deletionTimestamp !== undefined && finalizers.length === (old.metadata.finalizers ?? []).length) return old
    const deletionTimestamp = old.metadata.deletionTimestamp ?? formatTime(this.#now())
    const metadata = { ...old.metadata, deletionTimestamp, ...(finalizers.length === 0 ? {} : { finalizers }) }
    const phase = resource === 'namespaces' ? { status: { phase: 'Terminating' } } : {}
    return this.#put(resource, 'MODIFIED', { ...old, ...phase, metadata })
  }

  #bind(address: Address, binding: Body): unknown {
    const pod = this.#get({ ...address, plural: 'pods' })
    const target = binding['target']
    if (typeof target !== 'object' || target === null || !('name' in target)) throw badRequest('target.name is required')
    if (specOf(pod)['nodeName'] !== undefined) throw conflict(address, address.name, `pod ${address.name} is already assigned to node`)
    this.#put('pods', 'MODIFIED', { ...pod, spec: { ...specOf(pod), nodeName: target.name } })
    return { kind: 'Status', status: 'Success' }
  }

  #put(resource: string, type: string, object: Body): Body {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } }
    this.#of(resource).set(keyOf(stored), stored)
    this.#publish({ revision: this.#revision, resource, namespace: stored.metadata.namespace ?? '', type, object: stored })
    return stored
  }

  #drop(resource: string, object: Body): Body {
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } }
    this.#of(resource).delete(keyOf(object))
    this.#publish({ revision: this.#revision, resource, namespace: object.metadata.namespace ?? '', type: 'DELETED', object: last })
    return last
  }

  #publish(change: Change): void {
    this.#log.push(change)
    for (const wake of [...this.#wakers]) wake()
  }
  readonly #wakers = new Set<() => void>()

  async *#watch(address: Address, signal: AbortSignal): AsyncGenerator<Buffer> {
    let after = Number(address.query.get('resourceVersion') ?? 0)
    let ended = false
    let wake: () => void = () => undefined
    const notify = () => wake()
    const end = () => {
      ended = true
      wake()
    }
    this.#watchers.add(end)
    this.#wakers.add(notify)
    signal.addEventListener('abort', end, { once: true })
    try {
      while (!ended) {
        if (after < this.#oldest) {
          yield line('ERROR', expired(`too old resource version: ${after} (${this.#oldest})`).status)
          return
        }
        const fresh = this.#log.filter(({ revision, resource, namespace }) => {
          return revision > after && resource === refName(address) && (address.namespace === '' || namespace === address.namespace)
        })
        after = Math.max(after, this.#revision)
        if (fresh.length > 0) yield Buffer.concat(fresh.map(({ type, object }) => line(type, object)))
        else {
          await new Promise<void>(resolve => {
            wake = resolve
            if (ended || this.#log.some(({ revision }) => revision > after)) resolve()
          })
        }
      }
      signal.throwIfAborted()
    } finally {
      this.#watchers.delete(end)
      this.#wakers.delete(notify)
      signal.removeEventListener('abort', end)
    }
  }

  #of(resource: string): Map<string, Body> {
    const found = this.#objects.get(resource) ?? new Map<string, Body>()
    this.#objects.set(resource, found)
    return found
  }
}

function line(type: string, object: unknown): Buffer {
  return Buffer.from(`${writeJson({ type, object })}\n`)
}

function answer(status: number, value: unknown): ApiResponse {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(writeJson(value))
  }
  return { status, headers: { 'content-type': 'application/json' }, body: body() }
}

function asBody(value: unknown): Body {
  if (typeof value !== 'object' || value === null) throw badRequest('the body is not an object')
  return { metadata: {}, ...value }
}

function specOf(object: Body): Record<string, unknown> {
  const spec = object['spec']
  return typeof spec === 'object' && spec !== null ? { ...spec } : {}
}

function finalizersOfSpec(object: Body): unknown[] {
  const finalizers = specOf(object)['finalizers']
  return Array.isArray(finalizers) ? finalizers : []
}

/**
 * Merge patches. Strategic ones merge conditions by type and remove finalizers: enough for bodies with only scalars, maps and whole lists.
 */
function applyPatch(old: unknown, patch: unknown, contentType: string): unknown {
  if (contentType.includes('json-patch')) throw badRequest('the fake does not support JSON patches')
  return merge(old, patch, contentType.includes('strategic'))
}

const deletion = '$deleteFromPrimitiveList/'
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function merge(old: unknown, patch: unknown, strategic: boolean): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof old === 'object' && old !== null && !Array.isArray(old) ? old : {}
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else if (strategic && key.startsWith(deletion)) {
      const name = key.slice(deletion.length)
      result[name] = listOf(result[name]).filter(each => !listOf(value).includes(each))
    } else if (strategic && key === 'conditions') result[key] = mergeConditions(result[key], value)
    else result[key] = merge(result[key], value, strategic)
  }
  return result
}

function mergeConditions(old: unknown, patch: unknown): unknown[] {
  const conditionsOf = (value: unknown): { type?: unknown }[] => (Array.isArray(value) ? value : [])
  const before = conditionsOf(old)
  const after = conditionsOf(patch)
  const kept = before.filter(({ type }) => !after.some(condition => condition.type === type))
  const merged = after
    .filter(condition => !('$patch' in condition))
    .map(condition => merge(before.find(({ type }) => type === condition.type) ?? {}, condition, true))
  return [...kept, ...merged]
}

function parsePath(path: string): Address | undefined {
  const url = new URL(path, 'https://fake.invalid')
  const parts = url.pathname
    .split('/')
    .filter(part => part !== '')
    .map(decodeURIComponent)
  const [root, ...rest] = parts
  const group = root === 'apis' ? (rest.shift() ?? '') : ''
  const version = rest.shift()
  if ((root !== 'api' && root !== 'apis') || version === undefined || rest.length === 0) return undefined
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize'
  const namespace = inNamespace ? (rest[1] ?? '') : ''
  const [plural = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest
  return { group, version, plural, namespace, name, subresource, query: url.searchParams }
}
