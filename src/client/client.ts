// The typed client: verbs on resources over any transport. Every refusal of the server is an ApiError.
import { quotesHeader } from '../api/data-classes/quotes-header.ts'
import type { KubeObject } from '../api/object.ts'
import { ApiError, apiError, type Reason, type Status } from '../api/status.ts'
import { parseExactJson } from '../base/exact-json.ts'
import { writeJson } from '../base/write-json.ts'
import { listPages } from './list-pages.ts'
import { type ResourceRef, resourcePath } from './resource-ref.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport/transport.ts'
import { readWatch, type WatchEvent } from './transport/watch-stream.ts'

export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  /** Requests only metadata: PartialObjectMetadata. */
  readonly metadataOnly?: boolean
}

export interface WatchOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  readonly metadataOnly?: boolean
}

export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly continue: string
}

export interface DeleteOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
  readonly dryRun?: boolean
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchOptions {
  readonly type: PatchType
  readonly subresource?: string
  readonly fieldManager?: string
  readonly force?: boolean
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const partial = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`

/** Has no state except its transport, so it can be shared. It does not change objects that it is given. */
export class Client {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** `namespace` is '' for cluster-scoped resources. Rejects with ApiError NotFound if the object does not exist. */
  get<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string, signal: AbortSignal): Promise<T> {
    return this.#call<T>({ method: 'GET', path: resourcePath(resource, namespace, required(name)) }, signal)
  }

  /** One page; `continue` is '' on the last one. */
  async list<T extends KubeObject>(resource: ResourceRef<T>, options: ListOptions, signal: AbortSignal): Promise<ObjectList<T>> {
    const { namespace, metadataOnly, ...query } = options
    const answer = await this.#call<ListAnswer<T>>(
      {
        method: 'GET',
        path: resourcePath(resource, namespace) + queryText(query),
        ...(metadataOnly === true ? { headers: { accept: partial('PartialObjectMetadataList') } } : {}),
      },
      signal,
    )
    return {
      items: answer.items ?? [],
      resourceVersion: answer.metadata?.resourceVersion ?? '',
      continue: answer.metadata?.continue ?? '',
    }
  }

  /** All pages, 500 objects each, or fewer if objects are large. */
  async listAll<T extends KubeObject>(resource: ResourceRef<T>, options: Omit<ListOptions, 'continue'>, signal: AbortSignal): Promise<T[]> {
    const items: T[] = []
    const listPage = (limit: number, token: string) =>
      this.list(
        resource,
        { ...options, limit: Math.min(limit, options.limit ?? limit), ...(token === '' ? {} : { continue: token }) },
        signal,
      )
    for await (const page of listPages(listPage)) items.push(...page.items)
    return items
  }

  create<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, object: T, signal: AbortSignal): Promise<T> {
    return this.#send<T>('POST', resourcePath(resource, namespace), withKind(resource, object), signal)
  }

  /** With `metadata.resourceVersion` it succeeds only on that version, else it rejects with ApiError Conflict. */
  update<T extends KubeObject>(resource: ResourceRef<T>, object: T, signal: AbortSignal): Promise<T> {
    return this.#put(resource, object, '', signal)
  }

  updateStatus<T extends KubeObject>(resource: ResourceRef<T>, object: T, signal: AbortSignal): Promise<T> {
    return this.#put(resource, object, 'status', signal)
  }

  patch<T extends KubeObject>(
    resource: ResourceRef<T>,
    namespace: string,
    name: string,
    body: unknown,
    options: PatchOptions,
    signal: AbortSignal,
  ): Promise<T> {
    const { type, subresource, ...query } = options
    const path = resourcePath(resource, namespace, required(name), subresource) + queryText(query)
    return this.#call<T>({ method: 'PATCH', path, headers: { 'content-type': patchContentTypes[type] }, body: encode(body) }, signal)
  }

  /** Resolves with the object if its deletion has only begun, else with a Status. */
  delete(resource: ResourceRef, namespace: string, name: string, options: DeleteOptions, signal: AbortSignal): Promise<KubeObject> {
    return this.#send('DELETE', resourcePath(resource, namespace, required(name)), deleteOptions(options), signal)
  }

  async deleteCollection(
    resource: ResourceRef,
    selection: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, ...query } = selection
    await this.#send('DELETE', resourcePath(resource, namespace) + queryText(query), deleteOptions(options), signal)
  }

  /**
   * Events in order, grouped as they arrived, objects without managed fields. Ends when the server ends the watch; an ERROR event throws
   * its ApiError.
   */
  async *watch<T extends KubeObject>(
    resource: ResourceRef<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent<T>[]> {
    const { namespace, metadataOnly, sendInitialEvents, ...query } = options
    const initial = sendInitialEvents === true ? { sendInitialEvents, resourceVersionMatch: 'NotOlderThan' } : {}
    const response = await this.#transport.request(
      {
        method: 'GET',
        path: resourcePath(resource, namespace) + queryText({ watch: true, ...query, ...initial }),
        stream: true,
        ...(metadataOnly === true ? { headers: { accept: partial('PartialObjectMetadata') } } : {}),
      },
      signal,
    )
    if (response.status !== 200) throw await failureOf(response)
    yield* readWatch<T>(response.body)
  }

  /** POST, PUT or GET of a subresource with its own kind (scale, binding, eviction, token, approval). */
  subresource<A>(
    method: 'GET' | 'POST' | 'PUT',
    resource: ResourceRef,
    namespace: string,
    name: string,
    subresource: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<A> {
    const path = resourcePath(resource, namespace, required(name), subresource)
    return method === 'GET' ? this.#call<A>({ method, path }, signal) : this.#send<A>(method, path, body, signal)
  }

  /** Any path whose answer is JSON: discovery, version. */
  getPath<A>(path: string, signal: AbortSignal, accept = 'application/json'): Promise<A> {
    return this.#call<A>({ method: 'GET', path, headers: { accept } }, signal)
  }

  /** Any path that takes JSON and answers with JSON. */
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#send('POST', path, body, signal)
  }

  #put<T extends KubeObject>(resource: ResourceRef<T>, object: T, subresource: string, signal: AbortSignal): Promise<T> {
    const { namespace, name } = object.metadata
    return this.#send<T>('PUT', resourcePath(resource, namespace, required(name), subresource), withKind(resource, object), signal)
  }

  #send<A>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<A> {
    return this.#call<A>({ method, path, headers: { 'content-type': 'application/json' }, body: encode(body) }, signal)
  }

  async #call<A>(request: ApiRequest, signal: AbortSignal): Promise<A> {
    const response = await this.#transport.request(request, signal)
    if (response.status < 200 || response.status > 299) throw await failureOf(response)
    // The server is authenticated and answers with the requested kind: bytes become objects here.
    return parseExactJson(await readText(response)) as A
  }
}

interface ListAnswer<T> {
  readonly items?: T[] | null
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
}

export async function readText(response: ApiResponse): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return (chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)).toString('utf8')
}

/** The messages of client-go for answers without a Status: unknown paths, and unavailable aggregated servers. */
const plainAnswers: Readonly<Record<number, string>> = {
  404: 'the server could not find the requested resource',
  503: 'the server is currently unable to handle the request',
}

/** The error of an unsuccessful response. Reads its body. */
export async function failureOf(response: ApiResponse): Promise<ApiError> {
  const text = await readText(response)
  const status = parseStatus(text)
  if (status !== undefined) return new ApiError(status, { quotesClassified: response.headers[quotesHeader] !== undefined })
  const said = plainAnswers[response.status] ?? `the server answered ${response.status}: ${text.slice(0, 300)}`
  return apiError(response.status, reasonOf(response.status), said)
}

function parseStatus(text: string): Status | undefined {
  try {
    const value: unknown = parseExactJson(text)
    const isStatus = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'code' in value
    return isStatus ? (value as Status) : undefined
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}

function reasonOf(code: number): Reason {
  const reasons: Readonly<Record<number, Reason>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    405: 'MethodNotAllowed',
    409: 'Conflict',
    410: 'Gone',
    413: 'RequestEntityTooLarge',
    415: 'UnsupportedMediaType',
    422: 'Invalid',
    429: 'TooManyRequests',
    500: 'InternalError',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  }
  return reasons[code] ?? 'Unknown'
}

function deleteOptions({ uid, resourceVersion, propagationPolicy, gracePeriodSeconds, dryRun }: DeleteOptions): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
    propagationPolicy,
    gracePeriodSeconds,
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
  }
}

/** Objects in lists have no kind of their own. */
function withKind<T extends KubeObject>(resource: ResourceRef<T>, object: T): T {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  return { apiVersion, kind: resource.kind, ...object }
}

function required(name: string | undefined): string {
  // With an empty name, an operation on one object would become one on the whole collection.
  if (name === undefined || name === '') throw new TypeError('Cannot address an object: its name is empty')
  return name
}

const encode = (body: unknown): Buffer => Buffer.from(writeJson(body))

function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parts: string[] = []
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parts.push(`${key}=${encodeURIComponent(value)}`)
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
