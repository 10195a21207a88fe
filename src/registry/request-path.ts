// What a request of the OCI distribution protocol is about. Everything that is not exactly one of its forms is refused, so that this part
// and the registry behind it never understand a path differently.
import { parseRepositoryName, type RepositoryVerb } from '../api/repository-name.ts'

/** One request, as its path and method say it. */
export type RegistryRequest =
  /** `GET /v2/`: whether the credential is accepted. */
  { readonly kind: 'base' } | { readonly kind: 'token' } | { readonly kind: 'catalog' } | RepositoryRequest

export interface RepositoryRequest {
  readonly kind: 'manifest' | 'blob' | 'tags' | 'referrers' | 'start-upload' | 'upload'
  /** `shop/web`. */
  readonly repository: string
  /** The right that it needs. */
  readonly verb: RepositoryVerb
  /** Path for the registry; the same bytes as the client's. */
  readonly path: string
}

export type ReadRequest = RegistryRequest | 'unknown-path' | 'unknown-method'

/** Longer than any name, digest and path of the protocol together. */
export const maxPathBytes = 600
/** No escapes: nothing in the protocol needs one in a path. */
const plainPath = /^\/[A-Za-z0-9._:/+=@-]*$/
const tag = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const digest = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
const uploadId = /^[A-Za-z0-9_=-]{1,128}$/

export const isDigest = (text: string): boolean => digest.test(text)

type Methods = Readonly<Record<string, RepositoryVerb>>
const reading: Methods = { GET: 'pull', HEAD: 'pull' }
const methodsOf: Readonly<Record<RepositoryRequest['kind'], Methods>> = {
  manifest: { ...reading, PUT: 'push', DELETE: 'delete' },
  blob: { ...reading, DELETE: 'delete' },
  tags: { GET: 'pull' },
  referrers: { GET: 'pull' },
  'start-upload': { POST: 'push' },
  upload: { GET: 'push', HEAD: 'push', PATCH: 'push', PUT: 'push', DELETE: 'push' },
}

/** `path` is without its query. */
export function readRequest(method: string, path: string): ReadRequest {
  if (path.length > maxPathBytes || !plainPath.test(path)) return 'unknown-path'
  if (path === '/token') return method === 'GET' ? { kind: 'token' } : 'unknown-method'
  if (path === '/v2/' || path === '/v2') return method === 'GET' || method === 'HEAD' ? { kind: 'base' } : 'unknown-method'
  if (path === '/v2/_catalog') return method === 'GET' ? { kind: 'catalog' } : 'unknown-method'
  if (!path.startsWith('/v2/')) return 'unknown-path'
  const found = readRepositoryPath(path.slice('/v2/'.length).split('/'))
  if (found === undefined || parseRepositoryName(found.repository) === undefined) return 'unknown-path'
  const methods = methodsOf[found.kind]
  const verb = Object.hasOwn(methods, method) ? methods[method] : undefined
  return verb === undefined ? 'unknown-method' : { ...found, verb, path }
}

function readRepositoryPath(segments: readonly string[]): Pick<RepositoryRequest, 'kind' | 'repository'> | undefined {
  const before = (count: number) => segments.slice(0, -count).join('/')
  const [third = '', second = '', last = ''] = segments.slice(-3)
  if (third === 'blobs' && second === 'uploads') {
    if (last === '') return { kind: 'start-upload', repository: before(3) }
    return uploadId.test(last) ? { kind: 'upload', repository: before(3) } : undefined
  }
  // Some clients begin uploads without the slash.
  if (second === 'blobs' && last === 'uploads') return { kind: 'start-upload', repository: before(2) }
  if (second === 'tags' && last === 'list') return { kind: 'tags', repository: before(2) }
  if (second === 'manifests' && (tag.test(last) || digest.test(last))) return { kind: 'manifest', repository: before(2) }
  if (second === 'blobs' && digest.test(last)) return { kind: 'blob', repository: before(2) }
  if (second === 'referrers' && digest.test(last)) return { kind: 'referrers', repository: before(2) }
  return undefined
}
