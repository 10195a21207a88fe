// Discovery and OpenAPI documents of aggregated servers. Fetched when an APIService changes or becomes available, and every minute. A server that does not
// respond is published as stale with its last documents, and does not delay others.
import { createHash } from 'node:crypto'
import { type DiscoveredResource, fromAggregated, fromResourceList } from '../../../api/openapi/discovered-resources.ts'
import type { ForeignVersion } from '../../../api/openapi/discovery.ts'
import { type OpenApiText, parseBoundedJson } from '../../../api/openapi/openapi-text.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { type NextTime, RepeatedWork } from '../../../base/repeated-work.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { ApiServiceChange, ApiServiceIndex } from './api-service-index.ts'
import type { Backends } from './backends.ts'
import type { ConnectApiParts } from './connect-api.ts'
import { OpenApiReader } from './openapi-reader.ts'
import { type RegisteredApi, sameBackend } from './registered-api.ts'
import { type BackendAnswer, type BackendRequest, requestBackend } from './request-backend.ts'

export interface RemoteVersion extends ForeignVersion {
  /** Changes with the OpenAPI v3 document; undefined if the server has none. */
  readonly openApiV3Hash: string | undefined
  /** Its part of OpenAPI v2, with a v3 document made of it if the server has none; undefined if the server has neither. */
  readonly openApiV2: OpenApiText | undefined
}

export interface BackendDocumentsParts extends ConnectApiParts {
  readonly index: ApiServiceIndex
  readonly backends: Backends
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
}

const refreshMs = 60_000
const firstRetryMs = 1000
const answerMs = 5000
const openApiMs = 15_000
const maxDiscoveryBytes = 4 * 1024 * 1024
const maxOpenApiBytes = 5 * 1024 * 1024

const aggregatedTypes = ['v2', 'v2beta1'].map(version => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
const accept = [...aggregatedTypes, 'application/json'].join(',')

interface Known {
  version: RemoteVersion
  /** ETags of known documents, by path. */
  readonly etags: Map<string, string>
  /** Hashes of documents and their results by path, for servers without ETags, so that large documents are parsed only when they change. */
  readonly digests: Map<string, { readonly digest: string; readonly wanted: string }>
  retryMs: number
}

export class BackendDocuments {
  readonly #parts: BackendDocumentsParts
  readonly #signal: AbortSignal
  readonly #known = new Map<string, Known>()
  readonly #listeners: ((version: RemoteVersion) => void)[] = []
  readonly #work: RepeatedWork
  readonly #openApi = new OpenApiReader()

  constructor(parts: BackendDocumentsParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    const { clock, log } = parts
    this.#work = new RepeatedWork({ name: 'documents of API services', clock, log, work: name => this.#refresh(name) }, signal)
  }

  get all(): readonly RemoteVersion[] {
    return [...this.#known.values()].map(({ version }) => version)
  }

  named(apiService: string): RemoteVersion | undefined {
    return this.#known.get(apiService)?.version
  }

  /** Called for new, changed and removed documents. */
  onChange(listener: (version: RemoteVersion) => void): void {
    this.#listeners.push(listener)
  }

  /** Runs until the signal. */
  run(): Promise<void> {
    return this.#work.run()
  }

  follow({ name, before, after }: ApiServiceChange): void {
    const known = this.#known.get(name)
    if (after === undefined) {
      if (known === undefined) return
      this.#known.delete(name)
      this.#notify(known.version)
      this.#work.due(name)
      return
    }
    const { group, version, groupPriority, versionPriority } = after
    const ranks = { group, version, groupPriority, versionPriority }
    if (known === undefined || before === undefined || !sameBackend(before, after)) {
      const nothing: RemoteVersion = { ...ranks, resources: [], fresh: false, openApiV3Hash: undefined, openApiV2: undefined }
      this.#known.set(name, { version: nothing, etags: new Map(), digests: new Map(), retryMs: firstRetryMs })
      if (known !== undefined && (known.version.group !== group || known.version.version !== version)) this.#notify(known.version)
      this.#notify(nothing)
      this.#work.due(name)
      return
    }
    if (before.available !== after.available) {
      if (!after.available) this.#set(known, { fresh: false })
      this.#work.due(name)
    }
    if (before.groupPriority !== groupPriority || before.versionPriority !== versionPriority) this.#set(known, ranks)
  }

  async #refresh(name: string): Promise<NextTime> {
    const api = this.#parts.index.named(name)
    const known = this.#known.get(name)
    if (api === undefined || known === undefined) return 'never'
    if (!api.available) return 'when due'
    try {
      const resources = await this.#discover(api, known.etags)
      this.#set(known, resources === undefined ? { fresh: true } : { resources, fresh: true })
      known.retryMs = firstRetryMs
    } catch (err) {
      if (this.#signal.aborted) return 'never'
      this.#parts.log.info('discovery of API service failed', { apiService: name, err })
      this.#set(known, { fresh: false })
      const wait = known.retryMs
      known.retryMs = Math.min(wait * 2, refreshMs)
      return wait
    }
    await this.#describe(api, known)
    return refreshMs
  }

  /** Undefined if nothing changed. */
  async #discover(api: RegisteredApi, etags: Map<string, string>): Promise<DiscoveredResource[] | undefined> {
    const answer = await this.#ask(api, { path: '/apis', accept, etag: etags.get('/apis'), maxBytes: maxDiscoveryBytes }, answerMs)
    if (answer.status === 304) return undefined
    const { group, version } = api
    if (answer.status === 200 && /;\s*as=APIGroupDiscoveryList/.test(answer.contentType)) {
      const found = fromAggregated(parseBoundedJson(answer.body), group, version) ?? []
      remember(etags, '/apis', answer.etag)
      return found
    }
    const path = `/apis/${group}/${version}`
    const list = await this.#ask(api, { path, maxBytes: maxDiscoveryBytes }, answerMs)
    if (list.status !== 200) throw new Error(`${path} was answered with status ${list.status}`)
    return fromResourceList(parseBoundedJson(list.body), group, version)
  }

  /** A server without OpenAPI is served too. */
  async #describe(api: RegisteredApi, known: Known): Promise<void> {
    const { group, version } = api
    try {
      await this.#read(api, known, '/openapi/v3', '', async body => ({
        openApiV3Hash: body && hashOf(parseBoundedJson(body), group, version),
      }))
      const withV3 = known.version.openApiV3Hash === undefined
      await this.#read(api, known, '/openapi/v2', withV3 ? 'with v3' : '', async body => ({
        openApiV2: body && (await this.#openApi.read(body, { group, version, withV3 }, this.#limit(openApiMs))),
      }))
    } catch (err) {
      if (!this.#signal.aborted) this.#parts.log.info('OpenAPI of API service not read', { apiService: api.name, err })
    }
  }

  /** Calls `change` with the document if it changed, or with undefined if there is none. `wanted` is derived from it. */
  async #read(
    api: RegisteredApi,
    known: Known,
    path: string,
    wanted: string,
    change: (body: Buffer | undefined) => Promise<Partial<RemoteVersion>>,
  ): Promise<void> {
    const before = known.digests.get(path)
    const etag = before?.wanted === wanted ? known.etags.get(path) : undefined
    const answer = await this.#ask(api, { path, etag, maxBytes: maxOpenApiBytes }, openApiMs)
    if (answer.status === 304) return
    const digest = `${answer.status} ${createHash('sha256').update(answer.body).digest('base64')}`
    if (before?.digest !== digest || before.wanted !== wanted)
      this.#set(known, await change(answer.status === 200 ? answer.body : undefined))
    known.digests.set(path, { digest, wanted })
    remember(known.etags, path, answer.etag)
  }

  #ask(api: RegisteredApi, question: BackendRequest, ms: number): Promise<BackendAnswer> {
    const { backends, random } = this.#parts
    const state = backends.state(api.service)
    if (!state.found) throw new Error(state.message)
    const endpoint = state.endpoints[Math.floor(random() * state.endpoints.length)]
    if (endpoint === undefined) throw new Error('the service has no endpoint')
    return requestBackend(this.#parts, api, endpoint, question, this.#limit(ms))
  }

  #limit(ms: number): AbortSignal {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(ms)])
  }

  #set(known: Known, change: Partial<RemoteVersion>): void {
    const next = { ...known.version, ...change }
    const keys = Object.keys(change) as (keyof RemoteVersion)[]
    if (keys.every(key => contentsOf(next, key) === contentsOf(known.version, key))) return
    known.version = next
    // The APIService changed while its documents were fetched.
    if ([...this.#known.values()].includes(known)) this.#notify(next)
  }

  #notify(version: RemoteVersion): void {
    for (const listener of this.#listeners) listener(version)
  }
}

function remember(etags: Map<string, string>, path: string, etag: string | undefined): void {
  if (etag === undefined) etags.delete(path)
  else etags.set(path, etag)
}

/** Equal for equal documents. */
function contentsOf(version: RemoteVersion, key: keyof RemoteVersion): string | undefined {
  const { openApiV2 } = version
  return key === 'openApiV2' ? openApiV2 && `${openApiV2.digest} ${openApiV2.v3 !== undefined}` : writeJson(version[key])
}

/** A hash of the server's own document URL, for a URL that clients cache. */
function hashOf(index: unknown, group: string, version: string): string | undefined {
  if (typeof index !== 'object' || index === null || !('paths' in index)) return undefined
  const { paths } = index
  const key = `apis/${group}/${version}`
  if (typeof paths !== 'object' || paths === null || !Object.hasOwn(paths, key)) return undefined
  const entry = (paths as Readonly<Record<string, unknown>>)[key]
  return createHash('sha512').update(writeJson(entry)).digest('hex').toUpperCase()
}
