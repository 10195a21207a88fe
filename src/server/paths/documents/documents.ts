// Discovery and OpenAPI documents. They change only with the served resources, so they are made once and served with an ETag. A change of the resources
// invalidates those of its group versions, and the lists of all groups.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from '../../../api/openapi/discovery.ts'
import { documentHash, type OpenApiInput, openApiV2Document, openApiV3Document, openApiV3Index } from '../../../api/openapi/openapi.ts'
import { openApiPath } from '../../../api/openapi/openapi-types.ts'
import type { ResourceDefinition } from '../../../api/resources/resource.ts'
import { yamlText } from '../../../api/schema/yaml-text.ts'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { valueField } from '../../answers/protobuf-form.ts'
import { valueReply } from '../../answers/respond.ts'
import { joined } from '../../http/body-parts.ts'
import { header, type Reply } from '../../http/exchange.ts'
import { envelope, protobufType } from '../../protobuf/envelope.ts'
import { acceptsOpenApiProtobuf, openApiV2Protobuf, openApiV2ProtobufType } from '../../protobuf/openapi-v2.ts'
import type { RemoteVersion } from '../../proxy/aggregation/backend-documents.ts'
import { aggregatedVersion, readableAccept } from '../../request/negotiate.ts'
import type { PathHandler, RequestContext } from '../../request/request-context.ts'
import type { ResourceChange, ServedResources } from '../../resource/served-resource.ts'
import { foreignPaths, foreignV3 } from './foreign-documents.ts'
import { OpenApiV2Text } from './openapi-v2-text.ts'

const yearMs = 365 * 24 * 3600 * 1000

interface Document {
  readonly bytes: Buffer
  readonly etag: string
}

/** Written by the build beside the bundle. When the source runs directly it is missing, and the documents have no descriptions. */
const descriptionsFile = new URL('./descriptions.json', import.meta.url)

export interface DocumentsInput extends Omit<OpenApiInput, 'resources'> {
  readonly resources: Pick<ServedResources, 'all' | 'onChange'>
  /** Documents of other servers. */
  readonly foreign?: ForeignVersions
}

export interface ForeignVersions {
  readonly all: readonly RemoteVersion[]
  onChange(listener: (version: RemoteVersion) => void): void
}

export function documents(input: DocumentsInput): PathHandler {
  let resources: readonly ResourceDefinition[] = input.resources.all.map(({ definition }) => definition)
  // Read again for each document: documents are cached, and the texts alone are not worth their memory.
  const described = (): OpenApiInput => ({ ...input, resources, descriptions: readDescriptions() ?? input.descriptions })
  // Clients cache a document as long as its hash does not change.
  let descriptionsId: string | undefined
  const hashed = (): OpenApiInput => {
    descriptionsId ??= idOf(existsSync(descriptionsFile) ? readFileSync(descriptionsFile) : writeJson(input.descriptions ?? ''))
    return { version: input.version, resources, descriptionsId }
  }
  const made = new Map<string, Document | undefined>()
  /** Documents in YAML and protobuf, by type and key. */
  const converted = new Map<string, Document & { readonly of: string }>()
  const forget = (change: Pick<ResourceChange, 'group' | 'versions'>): void => {
    for (const key of changedDocuments(change)) {
      made.delete(key)
      for (const { type } of otherForms) converted.delete(`${type} ${key}`)
    }
  }
  const v2 = new OpenApiV2Text(
    () => resources,
    described,
    () => foreign,
  )
  input.resources.onChange(change => {
    resources = input.resources.all.map(({ definition }) => definition)
    forget(change)
    v2.forget(change.group)
  })
  let foreign: readonly RemoteVersion[] = input.foreign?.all ?? []
  input.foreign?.onChange(({ group, version }) => {
    foreign = input.foreign?.all ?? []
    forget({ group, versions: [version] })
    v2.forgetForeign()
  })
  const document = (key: string, make: () => object | Buffer | undefined): Document | undefined => {
    if (!made.has(key)) {
      const value = make()
      made.set(key, value === undefined ? undefined : encode(value))
    }
    return made.get(key)
  }
  return async (context, path) => {
    const segments = path.split('/')
    switch (segments[1]) {
      case '':
        return path === '/' ? valueReply(context, { paths: rootPaths([...resources, ...foreign]) }) : undefined
      case 'api':
        return segments.length === 2 ? root(context, 'core') : segments.length === 3 ? list(context, '', segments[2] ?? '') : undefined
      case 'apis':
        if (segments.length === 2) return root(context, 'groups')
        if (segments.length === 3) return plain(context, path, () => apiGroup(resources, segments[2] ?? '', foreign))
        return segments.length === 4 ? list(context, segments[2] ?? '', segments[3] ?? '') : undefined
      case 'openapi':
        return openApi(context, path)
      default:
        return undefined
    }
  }

  function openApi(request: RequestContext, path: string): Reply | undefined {
    // They are for programs, and formatting megabytes would block the loop.
    const context = { ...request, pretty: false }
    if (path === '/openapi/v2' && acceptsOpenApiProtobuf(readableAccept(header(context.request.headers, 'accept') ?? ''))) {
      const found = document(`${path}/protobuf`, () => openApiV2Protobuf(openApiV2Document(described())))
      return found && documentReply(context, found, openApiV2ProtobufType)
    }
    if (path === '/openapi/v2') {
      return context.form.encoding === 'yaml' ? inForm(context, path, v2, inYaml) : documentReply(context, v2, 'application/json')
    }
    if (path === '/openapi/v3') return plain(context, path, () => openApiV3Index(hashed(), foreignPaths(foreign)))
    const part = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : ''
    const reply = part === '' ? undefined : plain(context, path, () => foreignV3(foreign, part) ?? openApiV3Document(described(), part))
    const hash = context.query.get('hash')
    if (reply === undefined || !hash || Object.hasOwn(foreignPaths(foreign), part)) return reply
    const current = documentHash(hashed(), part)
    if (hash !== current) {
      // Old URLs are redirected to the current one, so that no cache stores another document under them.
      return { ...reply, status: 301, body: Buffer.alloc(0), headers: { location: `${path}?hash=${current}` } }
    }
    // The URL contains the hash of the content, so clients may cache it forever.
    return {
      ...reply,
      headers: { ...reply.headers, 'cache-control': 'public, immutable', expires: new Date(context.now + yearMs).toUTCString() },
    }
  }

  /** Cached like the others: serializing OpenAPI for each request would take too long. */
  function inForm(context: RequestContext, key: string, json: Document, { type, encode: encodeAs }: OtherForm): Reply {
    const formKey = `${type} ${key}`
    let kept = converted.get(formKey)
    if (kept?.of !== json.etag) {
      kept = { ...encode(encodeAs(parseJson(json.bytes.toString()))), of: json.etag }
      converted.set(formKey, kept)
    }
    return documentReply(context, kept, type)
  }

  function root(context: RequestContext, part: 'core' | 'groups'): Reply | undefined {
    const version = aggregatedVersion(header(context.request.headers, 'accept'))
    if (version !== undefined) {
      const found = document(`aggregated/${part}/${version}`, () => aggregatedDiscovery(resources, part, version, foreign))
      const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
      return found && documentReply(context, found, contentType)
    }
    if (part === 'groups') return plain(context, '/apis', () => apiGroupList(resources, foreign))
    const host = header(context.request.headers, ':authority') ?? header(context.request.headers, 'host') ?? ''
    return valueReply(context, apiVersions(host))
  }

  function list(context: RequestContext, group: string, version: string): Reply | undefined {
    return plain(context, `${group}/${version}`, () => apiResourceList(resources, group, version))
  }

  /** Keys come from served resources only, so that unknown paths do not fill the memory. */
  function plain(context: RequestContext, key: string, make: () => object | undefined): Reply | undefined {
    const value = made.has(key) ? undefined : make()
    if (!made.has(key) && value === undefined) return undefined
    const found = document(key, () => value)
    if (found === undefined) return undefined
    if (context.form.encoding === 'yaml') return inForm(context, key, found, inYaml)
    // OpenAPI has its own protobuf, under another media type.
    if (context.form.encoding === 'protobuf' && !key.startsWith('/openapi/')) return inForm(context, key, found, inProtobuf)
    if (context.pretty) return valueReply(context, parseJson(found.bytes.toString()))
    return documentReply(context, found, 'application/json')
  }
}

/** Keys of the lists of all groups and of the documents of the changed group. */
function changedDocuments({ group, versions }: Pick<ResourceChange, 'group' | 'versions'>): string[] {
  const ofGroup = openApiPath(group, '').replace(/\/$/, '')
  return [
    ...['/apis', 'aggregated/groups/v2', 'aggregated/groups/v2beta1', '/openapi/v2/protobuf', '/openapi/v3'],
    ...[`/${ofGroup}`, `/openapi/v3/${ofGroup}`],
    ...versions.flatMap(version => [`${group}/${version}`, `/openapi/v3/${openApiPath(group, version)}`]),
  ]
}

interface OtherForm {
  readonly type: string
  encode(value: unknown): Buffer
}

const inYaml: OtherForm = { type: 'application/yaml', encode: value => Buffer.from(yamlText(value)) }
const inProtobuf: OtherForm = { type: protobufType, encode: protobufOf }
const otherForms = [inYaml, inProtobuf]

function protobufOf(value: unknown): Buffer {
  const found = valueField(value)
  if (found === undefined) throw new Error('a document of discovery has no form in protobuf')
  return joined(envelope(found.kind, found.field))
}

function readDescriptions(): OpenApiInput['descriptions'] {
  return existsSync(descriptionsFile) ? (parseJson(readFileSync(descriptionsFile, 'utf8')) as OpenApiInput['descriptions']) : undefined
}

const idOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

function encode(value: object | Buffer): Document {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(writeJson(value))
  return { bytes, etag: `"${idOf(bytes).toUpperCase()}"` }
}

/** 304 if the client already has it. */
function documentReply(context: RequestContext, document: Document, contentType: string): Reply {
  const { etag } = document
  const headers = { etag, vary: 'Accept' }
  const known = header(context.request.headers, 'if-none-match')
  if (known === etag) return { status: 304, contentType, body: Buffer.alloc(0), headers }
  return { status: 200, contentType, body: document.bytes, headers }
}

function rootPaths(served: readonly { readonly group: string; readonly version: string }[]): string[] {
  const paths = new Set(['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'])
  for (const { group, version } of served) {
    if (group === '') paths.add(`/api/${version}`)
    else paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`)
  }
  return [...paths].sort()
}
