// OpenAPI documents as pure functions of the served resources: v3 one a group version behind an index, v2 in one piece.
import { createHash } from 'node:crypto'
import { writeJson } from '../../base/write-json.ts'
import { type DiscoverableResource, servedGroups } from './discovery.ts'
import { documentOperation, issuerPaths, produced } from './openapi-documents.ts'
import { commonParameters, customTypeKey, type Operation, pathsOf, type QueryParameter, type ResourcePath } from './openapi-operations.ts'
import { type CustomType, type Descriptions, type JsonSchema, openApiPath, parametersKey, SchemaCollection } from './openapi-types.ts'
import { publishedListSchema, publishedSchema } from './published-schema.ts'

export interface OpenApiInput {
  readonly resources: readonly DiscoverableResource[]
  /** The server's version, `v1.33.3`. */
  readonly version: string
  /** Texts for `kubectl explain`; undefined if the build created none. */
  readonly descriptions?: Descriptions
  /** Changes with the texts: part of the hashes of the documents. */
  readonly descriptionsId?: string
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** Strategic merge needs a built-in type. */
const patchTypesOf = ({ custom }: Operation): readonly string[] =>
  custom ? patchTypes.filter(type => !type.includes('strategic')) : patchTypes

function consumed(operation: Operation): readonly string[] {
  if (operation.action === 'patch') return patchTypesOf(operation)
  return operation.custom ? produced : ['*/*']
}

/**
 * `/openapi/v3`. The hash in each address changes whenever the document may have changed, so that clients can cache documents. `foreign`:
 * the addresses of documents of other servers, by path.
 */
export function openApiV3Index(input: OpenApiInput, foreign: Readonly<Record<string, string>> = {}): object {
  const own = documentPaths(input).map(path => [path, `/openapi/v3/${path}?hash=${documentHash(input, path)}`] as const)
  const all = [...own.filter(([path]) => !Object.hasOwn(foreign, path)), ...Object.entries(foreign)].sort(([a], [b]) => (a < b ? -1 : 1))
  return { paths: Object.fromEntries(all.map(([path, serverRelativeURL]) => [path, { serverRelativeURL }])) }
}

function documentPaths({ resources }: OpenApiInput): string[] {
  const groups = servedGroups(resources).flatMap(({ group, versions }) => [
    ...(group === '' ? [] : [`apis/${group}`]),
    ...versions.map(version => openApiPath(group, version)),
  ])
  return ['api', 'apis', 'version', ...issuerPaths, ...groups].sort()
}

/** A hash of everything that the document derives from, in upper case as upstream. */
export function documentHash({ resources, version, descriptionsId }: Omit<OpenApiInput, 'descriptions'>, path: string): string {
  const own = resources
    .filter(resource => openApiPath(resource.group, resource.version) === path)
    .map(({ kind, plural, namespaced, verbs, subresources, custom }) => [
      kind,
      plural,
      namespaced,
      verbs,
      subresources.map(({ name, verbs: own }) => [name, own]),
      ...(custom === undefined ? [] : [custom.schemaId]),
    ])
  const text = writeJson([path, version, descriptionsId, own])
  return createHash('sha512').update(text).digest('hex').toUpperCase()
}

/** `/openapi/v3/{path}`; undefined if there is no such document. */
export function openApiV3Document(input: OpenApiInput, path: string): object | undefined {
  if (!documentPaths(input).includes(path)) return undefined
  const schemas = collection('v3', input)
  const texts = parameterTexts(input)
  const paths: Record<string, unknown> = {}
  const served = servedGroups(input.resources).flatMap(({ group, versions }) => versions.map(version => ({ group, version })))
  const own = served.find(({ group, version }) => openApiPath(group, version) === path)
  if (own === undefined) paths[`/${path}/`] = { get: documentOperationV3(path, schemas) }
  else {
    paths[`/${path}/`] = { get: documentOperationV3(path, schemas) }
    // The events of a watch are part of every group version.
    schemas.reference('meta/v1.WatchEvent')
    for (const resource of resourcesOf(input, own.group, own.version))
      for (const entry of pathsOf(resource)) paths[entry.path] = pathV3(entry, schemas, texts)
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: input.version },
    paths: sorted(paths),
    components: { schemas: schemas.result() },
  }
}

function collection(version: 'v2' | 'v3', { resources, descriptions = {} }: OpenApiInput): SchemaCollection {
  const versions = servedGroups(resources).flatMap(({ group, versions: list }) => list.map(item => ({ group, version: item })))
  return new SchemaCollection(
    version,
    descriptions,
    versions.sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.version < b.version ? -1 : 1)),
    customTypes(resources),
  )
}

function customTypes(resources: readonly DiscoverableResource[]): Map<string, CustomType> {
  const types = new Map<string, CustomType>()
  for (const { group, version, kind, listKind, plural, custom, fieldSelectors } of resources) {
    if (custom === undefined) continue
    const key = customTypeKey(group, version, kind)
    const selectable = Object.keys(fieldSelectors?.values?.(custom.empty) ?? {})
    const own = { group, version, kind, selectable }
    const prefix = `${group.split('.').reverse().join('.')}.${version}`
    types.set(key, {
      name: `${prefix}.${kind}`,
      schema: publication => publishedSchema(custom.describedSchema(), own, publication),
    })
    types.set(customTypeKey(group, version, listKind), {
      name: `${prefix}.${listKind}`,
      schema: publication => publishedListSchema({ ...own, listKind, plural }, publication.reference(key), publication),
    })
  }
  return types
}

function resourcesOf({ resources }: OpenApiInput, group: string, version: string): DiscoverableResource[] {
  return resources.filter(resource => resource.group === group && resource.version === version)
}

function sorted(paths: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** For a type key; undefined for none. */
const schemaOf = (key: string | undefined, schemas: SchemaCollection): JsonSchema | undefined =>
  key === undefined ? undefined : schemas.reference(key)

function documentOperationV3(path: string, schemas: SchemaCollection): JsonSchema {
  const { head, produces, answer } = documentOperation(path)
  return { ...head, responses: responsesV3({ 200: schemaOf(answer, schemas) }, produces) }
}

/** An answer without a schema is text. */
function responsesV3(bodies: Record<string, JsonSchema | undefined>, produces: readonly string[]): JsonSchema {
  const contents = Object.entries(bodies).map(([code, schema = { type: 'string' }]) => {
    const content = Object.fromEntries(produces.map(type => [type, { schema }]))
    return [code, { description: descriptionsOfCodes[code] ?? 'OK', content }]
  })
  return { ...Object.fromEntries(contents), 401: { description: 'Unauthorized' } }
}

const descriptionsOfCodes: Record<string, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

/** Status codes of the answer, by action. */
function codesOf({ method, action }: Operation): string[] {
  if (action === 'connect') return ['200']
  if (method === 'post') return ['200', '201', '202']
  if (action === 'delete') return ['200', '202']
  return method === 'put' || method === 'patch' ? ['200', '201'] : ['200']
}

/** Texts of query parameters by name. */
type Texts = Readonly<Record<string, string>>

function parameterTexts({ descriptions }: OpenApiInput): Texts {
  return descriptions?.[parametersKey]?.fields ?? {}
}

/** Every path has it. */
const pretty: QueryParameter = { name: 'pretty', type: 'string' }

function pathV3(entry: ResourcePath, schemas: SchemaCollection, texts: Texts): JsonSchema {
  const tags = [entry.tag]
  const operations = entry.operations.map(operation => [operation.method, { tags, ...operationV3(operation, schemas, texts) }])
  const inPath = entry.pathParameters.map(name => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }))
  const query = [...entry.query, pretty].map(({ name, type }) => queryV3(name, type, texts))
  return { ...Object.fromEntries(operations), parameters: [...inPath, ...query] }
}

function queryV3(name: string, type: string, texts: Texts): JsonSchema {
  return { name, in: 'query', ...describedBy(texts[name]), schema: { type, uniqueItems: true } }
}

function describedBy(text: string | undefined): JsonSchema {
  return text === undefined ? {} : { description: text }
}

function operationV3(operation: Operation, schemas: SchemaCollection, texts: Texts): JsonSchema {
  const answer = schemaOf(operation.answer, schemas)
  const body = schemaOf(operation.body, schemas)
  const content = Object.fromEntries(consumed(operation).map(type => [type, { schema: body }]))
  const required = operation.method === 'delete' ? {} : { required: true }
  return {
    description: operation.description,
    operationId: operation.id,
    ...(operation.query.length === 0 ? {} : { parameters: operation.query.map(({ name, type }) => queryV3(name, type, texts)) }),
    ...(body === undefined ? {} : { requestBody: { content, ...required } }),
    responses: responsesV3(Object.fromEntries(codesOf(operation).map(code => [code, answer])), operation.produces ?? produced),
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': kindExtension(operation),
  }
}

function kindExtension({ kind: { group, kind, version } }: Operation): JsonSchema {
  return { group, kind, version }
}

/** `/openapi/v2` as JSON. */
export function openApiV2Document(input: OpenApiInput): object {
  const { paths, definitions } = openApiV2Parts(input)
  const texts = parameterTexts(input)
  return {
    ...openApiV2Head(input),
    paths,
    definitions,
    ...(Object.keys(texts).length === 0 ? {} : { parameters: sharedParameters(texts) }),
  }
}

export interface OpenApiV2Parts {
  readonly paths: Record<string, unknown>
  readonly definitions: Record<string, JsonSchema>
}

function openApiV2Head({ version }: OpenApiInput): object {
  return { swagger: '2.0', info: { title: 'Kubernetes', version } }
}

/** The document's part about these resources. */
export function openApiV2Parts(input: OpenApiInput): OpenApiV2Parts {
  const schemas = collection('v2', input)
  const texts = parameterTexts(input)
  const paths: Record<string, unknown> = {}
  for (const path of documentPaths(input)) {
    const { head, consumes, produces, answer } = documentOperation(path)
    const media = { ...(consumes === undefined ? {} : { consumes }), produces }
    paths[`/${path}/`] = {
      get: { ...head, ...media, responses: responsesV2({ 200: schemaOf(answer, schemas) }) },
    }
  }
  schemas.reference('meta/v1.WatchEvent')
  for (const resource of input.resources) for (const entry of pathsOf(resource)) paths[entry.path] = pathV2(entry, schemas, texts)
  return { paths: sorted(paths), definitions: schemas.result() }
}

/** Parameters with a text, defined once for all operations. */
function sharedParameters(texts: Texts): JsonSchema {
  const shared = commonParameters.filter(query => isShared(query, texts))
  return Object.fromEntries(shared.map(query => [query.name, inlineQueryV2(query, texts)]))
}

/** kubectl before 1.27 looks for these at the operations, and resolves no references: without them it sends no dry run. */
const inlineParameters: readonly string[] = ['dryRun', 'fieldValidation']

function isShared(query: QueryParameter, texts: Texts): boolean {
  if (texts[query.name] === undefined || inlineParameters.includes(query.name)) return false
  return commonParameters.some(({ name, type }) => name === query.name && type === query.type)
}

function inlineQueryV2({ name, type }: QueryParameter, texts: Texts): JsonSchema {
  return { name, in: 'query', ...describedBy(texts[name]), type, uniqueItems: true }
}

function queryV2(query: QueryParameter, texts: Texts): JsonSchema {
  return isShared(query, texts) ? { $ref: `#/parameters/${query.name}` } : inlineQueryV2(query, texts)
}

function responsesV2(bodies: Record<string, JsonSchema | undefined>): JsonSchema {
  const answers = Object.entries(bodies).map(([code, schema]) => [
    code,
    { description: descriptionsOfCodes[code] ?? 'OK', schema: schema ?? { type: 'string' } },
  ])
  return { ...Object.fromEntries(answers), 401: { description: 'Unauthorized' } }
}

function pathV2(entry: ResourcePath, schemas: SchemaCollection, texts: Texts): JsonSchema {
  const operations = entry.operations.map(operation => {
    const answer = schemaOf(operation.answer, schemas)
    const body =
      operation.body === undefined ? [] : [{ name: 'body', in: 'body', required: true, schema: schemas.reference(operation.body) }]
    const query = operation.query.map(one => queryV2(one, texts))
    const value = {
      tags: [entry.tag],
      description: operation.description,
      operationId: operation.id,
      consumes: consumed(operation),
      produces: operation.produces ?? produced,
      parameters: [...body, ...query],
      responses: responsesV2(Object.fromEntries(codesOf(operation).map(code => [code, answer]))),
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': kindExtension(operation),
    }
    return [operation.method, value]
  })
  const inPath = entry.pathParameters.map(name => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true }))
  return { ...Object.fromEntries(operations), parameters: [...inPath, ...[...entry.query, pretty].map(query => queryV2(query, texts))] }
}
