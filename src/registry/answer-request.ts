// Answers one request of a registry client: who it is, whether they may, now, and whether there is room; then the registry answers.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { parseRepositoryName, type RepositoryVerb } from '../api/repository-name.ts'
import type { Clock } from '../base/clock.ts'
import { writeJson } from '../base/write-json.ts'
import { readCatalog, upstreamPages } from './catalog.ts'
import { CountedBody } from './counted-body.ts'
import { tokenOf } from './credential.ts'
import { answerThrough } from './pull-through/answer-through.ts'
import type { PullThrough } from './pull-through/pull-through.ts'
import { faultBody, RegistryFault } from './registry-fault.ts'
import type { Access, RepositoryAccess } from './repository-access.ts'
import { isDigest, type RepositoryRequest, readRequest } from './request-path.ts'
import type { RequestRates } from './request-rates.ts'
import { defaultNamespaceBytes, type StoredContent } from './stored-content.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamAccess } from './upstream-token.ts'

export interface FrontParts {
  readonly access: RepositoryAccess
  readonly upstream: Upstream
  readonly stored: StoredContent
  readonly rates: RequestRates
  readonly clock: Clock
  /** Images of other registries. Default: there are none. */
  readonly through?: PullThrough
}

export type Granted = Extract<Access, { authenticated: true }>

/** docker-registry's own limit of a manifest. */
export const maxManifestBytes = 4 << 20
/** A query of the protocol; the state of an upload is the longest. */
const maxQueryBytes = 4096
const passedOn = ['accept', 'content-type', 'content-length', 'content-range', 'range', 'if-none-match'] as const
const passedBack = [
  ...['content-type', 'content-length', 'content-range', 'accept-ranges', 'range', 'location', 'etag', 'link', 'cache-control'],
  ...['docker-content-digest', 'docker-upload-uuid', 'docker-distribution-api-version', 'oci-subject', 'oci-chunk-min-length'],
] as const
/** Parameters that the registry gets; `mount` and `from` only after they were verified. */
const parameters: Readonly<Record<RepositoryRequest['kind'], readonly string[]>> = {
  manifest: [],
  blob: [],
  tags: ['n', 'last'],
  referrers: ['artifactType'],
  'start-upload': [],
  upload: ['digest', '_state'],
}
/** How long a client may use the answer of a login before it logs in again. Rights are verified at each request anyway. */
const loginSeconds = 60

/** Never rejects but with what ended the connection. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: FrontParts,
  signal: AbortSignal,
): Promise<void> {
  const { pathname, search, searchParams } = new URL(plainUrl(request.url ?? ''), 'https://registry')
  const read = search.length > maxQueryBytes ? 'unknown-path' : readRequest(request.method ?? '', pathname)
  if (read === 'unknown-path') throw new RegistryFault('NAME_UNKNOWN', 'The path names no repository: NAMESPACE/NAME')
  if (read === 'unknown-method') throw new RegistryFault('UNSUPPORTED', 'The registry does not support this method here')
  const token = tokenOf(request.headers.authorization)
  const scopes = 'repository' in read ? [`repository:${read.repository}:${read.verb === 'pull' ? 'pull' : 'pull,push'}`] : []
  const challenge = (reason: string) => challengeWith(request, response, scopes, reason)
  if (token === undefined) return challenge('Log in with a token of the cluster as the password')
  parts.rates.requireRoom(request.socket.remoteAddress ?? '', token, parts.clock.now())
  const asked = read.kind === 'catalog' || !('repository' in read) ? [] : [read.repository]
  const from = 'kind' in read && read.kind === 'start-upload' ? mountFrom(searchParams) : undefined
  const verb: RepositoryVerb = 'repository' in read ? read.verb : 'pull'
  const access = await parts.access.review(token, verb, asked, signal)
  if (!access.authenticated) {
    parts.rates.failed(request.socket.remoteAddress ?? '', token, parts.clock.now())
    return challenge(`The token is not accepted: ${access.reason}`)
  }
  using _running = parts.rates.begin(token, access.username, parts.clock.now())
  switch (read.kind) {
    case 'base':
      return json(response, 200, {})
    case 'token':
      return json(response, 200, {
        token,
        access_token: token,
        expires_in: loginSeconds,
        issued_at: new Date(parts.clock.now()).toISOString(),
      })
    case 'catalog':
      return await answerCatalog(response, token, searchParams, parts, signal)
    default: {
      if (!access.allowed.has(read.repository)) throw denied(read, access)
      const other = parts.through?.repositoryOf(read.repository)
      if (parts.through !== undefined && other !== undefined)
        return await answerThrough(request, response, { read, other, through: parts.through }, signal)
      const mounts = from !== undefined && (await mayMount(from.repository, token, parts, signal)) ? from : undefined
      return await passOn(request, response, { read, access, query: searchParams, mounts }, parts, signal)
    }
  }
}

/** Nothing but a path: no other host, and no dots that a parser of URLs would resolve. */
function plainUrl(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  if (!path.startsWith('/') || path.startsWith('//') || /[%\\]|\/\.{1,2}(?:\/|$)/.test(path))
    throw new RegistryFault('NAME_UNKNOWN', 'The path is none of the registry: it has no escapes and no dots')
  return url
}

const denied = ({ repository, verb }: RepositoryRequest, { username, reason }: Granted): RegistryFault => {
  const { namespace = '', name = '' } = parseRepositoryName(repository) ?? {}
  const why = reason === '' ? '' : `: ${reason}`
  return new RegistryFault(
    'DENIED',
    `User "${username}" cannot ${verb} resource "repositories" in API group "supply.bulkhead.dev" in the namespace "${namespace}", name "${name}"${why}`,
  )
}

function challengeWith(
  { headers: { host = '' } }: IncomingMessage,
  response: ServerResponse,
  scopes: readonly string[],
  reason: string,
): void {
  const safeHost = /^[A-Za-z0-9.:[\]-]{1,255}$/.test(host) ? host : 'localhost'
  const scope = scopes.length === 0 ? '' : `,scope="${scopes.join(' ')}"`
  response.setHeader('www-authenticate', `Bearer realm="https://${safeHost}/token",service="${safeHost}"${scope}`)
  json(response, 401, undefined, faultBody({ code: 'UNAUTHORIZED', message: reason }))
}

function json(response: ServerResponse, status: number, body: object | undefined, text = writeJson(body)): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'docker-distribution-api-version': 'registry/2.0',
  })
  response.end(text)
}

interface Mount {
  readonly repository: string
  readonly digest: string
}

/** A blob of another repository that this upload would share. */
function mountFrom(query: URLSearchParams): Mount | undefined {
  const [digest = '', repository = ''] = [query.get('mount') ?? '', query.get('from') ?? '']
  return isDigest(digest) && parseRepositoryName(repository) !== undefined ? { repository, digest } : undefined
}

async function mayMount(repository: string, token: string, { access }: FrontParts, signal: AbortSignal): Promise<boolean> {
  const review = await access.review(token, 'pull', [repository], signal)
  return review.authenticated && review.allowed.has(repository)
}

interface Passed {
  readonly read: RepositoryRequest
  readonly access: Granted
  readonly query: URLSearchParams
  readonly mounts: Mount | undefined
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  { read, access, query, mounts }: Passed,
  parts: FrontParts,
  signal: AbortSignal,
): Promise<void> {
  const { upstream, stored, clock } = parts
  const { namespace = '' } = parseRepositoryName(read.repository) ?? {}
  const limit = access.storage ?? defaultNamespaceBytes
  const declared = Number(request.headers['content-length'] ?? 0)
  const writes = (read.kind === 'manifest' || read.kind === 'upload') && (request.method === 'PUT' || request.method === 'PATCH')
  if (read.kind === 'manifest' && writes && declared > maxManifestBytes)
    throw new RegistryFault('SIZE_INVALID', `A manifest may have at most ${maxManifestBytes} bytes`)
  if (writes || read.kind === 'start-upload') stored.requireRoom(namespace, declared, limit, clock.now())
  if (read.kind === 'start-upload') stored.requireUpload(namespace, clock.now())
  const uploadId = read.kind === 'upload' ? uploadOf(read.repository, read.path.slice(read.path.lastIndexOf('/') + 1)) : undefined
  if (writes && uploadId !== undefined) stored.received(uploadId, 0, clock.now())
  const body = writes ? new CountedBody(bytes => count(bytes)) : undefined
  const count = (bytes: number) => {
    if (read.kind === 'manifest' && (body?.bytes ?? 0) > maxManifestBytes)
      throw new RegistryFault('SIZE_INVALID', `A manifest may have at most ${maxManifestBytes} bytes`)
    if (read.kind === 'manifest') return
    stored.requireRoom(namespace, bytes, limit, clock.now())
    if (uploadId !== undefined) stored.received(uploadId, bytes, clock.now())
  }
  if (body !== undefined && request.headers.expect !== undefined) response.writeContinue()
  const answer = await upstream.send(
    {
      method: request.method ?? '',
      path: `${read.path}${queryOf(read, query, mounts)}`,
      access: accessOf(request.method ?? '', read, mounts),
      headers: picked(request, passedOn),
      ...(body === undefined ? {} : { body: request.pipe(body) }),
    },
    signal,
  )
  if (read.kind === 'start-upload' && answer.statusCode === 202)
    stored.beginUpload(uploadOf(read.repository, String(answer.headers['docker-upload-uuid'] ?? '')), namespace, clock.now())
  await record(request, answer, { read, query, mounts, uploadId, bytes: body?.bytes ?? 0 }, parts, signal)
  response.writeHead(answer.statusCode ?? 502, picked(answer, passedBack))
  await pipeline(answer, response)
}

const uploadOf = (repository: string, id: string): string => `${repository}@${id}`

/** What the registry behind requires for the method, in its own words. */
function accessOf(method: string, { repository }: RepositoryRequest, mounts: Mount | undefined): UpstreamAccess[] {
  const actions = method === 'GET' || method === 'HEAD' ? ['pull'] : method === 'DELETE' ? ['delete'] : ['pull', 'push']
  return [
    { type: 'repository', name: repository, actions },
    ...(mounts === undefined ? [] : [{ type: 'repository' as const, name: mounts.repository, actions: ['pull'] }]),
  ]
}

function queryOf({ kind }: RepositoryRequest, query: URLSearchParams, mounts: Mount | undefined): string {
  const kept = new URLSearchParams()
  for (const name of parameters[kind]) {
    const value = query.get(name)
    if (value !== null) kept.set(name, value)
  }
  if (mounts !== undefined) {
    kept.set('mount', mounts.digest)
    kept.set('from', mounts.repository)
  }
  return kept.size === 0 ? '' : `?${kept}`
}

function picked({ headers }: IncomingMessage, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers[name]
    if (typeof value === 'string') found[name] = value
  }
  return found
}

interface Written {
  readonly read: RepositoryRequest
  readonly query: URLSearchParams
  readonly mounts: Mount | undefined
  readonly uploadId: string | undefined
  readonly bytes: number
}

/** Counts what the registry has stored, before the client learns of it. */
async function record(
  request: IncomingMessage,
  answer: IncomingMessage,
  { read, query, mounts, uploadId, bytes }: Written,
  { stored, upstream }: FrontParts,
  signal: AbortSignal,
): Promise<void> {
  const { repository } = read
  if (uploadId !== undefined && request.method === 'DELETE') stored.endUpload(uploadId)
  if (answer.statusCode !== 201) return
  const digest = String(answer.headers['docker-content-digest'] ?? query.get('digest') ?? '')
  if (!isDigest(digest)) return
  if (read.kind === 'upload' && uploadId !== undefined) {
    const size = stored.uploaded(uploadId)
    stored.endUpload(uploadId)
    await stored.store({ repository, digest, bytes: size })
  } else if (mounts !== undefined) {
    const access = accessOf('HEAD', read, undefined)
    const found = await upstream.send({ method: 'HEAD', path: `/v2/${repository}/blobs/${digest}`, access }, signal)
    found.resume()
    await stored.store({ repository, digest, bytes: Number(found.headers['content-length'] ?? 0) })
  } else await stored.store({ repository, digest, bytes })
}

const maxCatalogEntries = 1000

async function answerCatalog(
  response: ServerResponse,
  token: string,
  query: URLSearchParams,
  { access, upstream }: FrontParts,
  signal: AbortSignal,
): Promise<void> {
  const wanted = Number(query.get('n') ?? 100)
  const limit = Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, maxCatalogEntries) : 100
  const last = query.get('last') ?? ''
  const page = await readCatalog(
    upstreamPages(upstream, signal),
    async names => {
      const review = await access.review(token, 'pull', names, signal)
      return review.authenticated ? review.allowed : new Set()
    },
    { last: parseRepositoryName(last) === undefined ? '' : last, limit },
  )
  if (page.last !== undefined)
    response.setHeader('link', `</v2/_catalog?${new URLSearchParams({ last: page.last, n: String(limit) })}>; rel="next"`)
  json(response, 200, { repositories: page.repositories })
}
