// The resource of one version of a CustomResourceDefinition, as the server serves it.

import { isTrue } from '../custom-resources/conditions.ts'
import { CustomKind, type ScalePaths } from '../custom-resources/custom-kind.ts'
import { findByPath } from '../custom-resources/find-by-path.ts'
import { type JsonPath, parseJsonPath } from '../custom-resources/json-path.ts'
import type { FieldError } from '../field-error.ts'
import { invalidValue } from '../field-error.ts'
import { goFormat, goType } from '../go-text/go-format.ts'
import { groupVersion, type KubeObject } from '../object.ts'
import { isRecord } from '../schema/compile.ts'
import { goNumber } from '../schema/go-json.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
} from '../types/apiextensions-v1.ts'
import { printerColumns } from './printer-columns.ts'
import { defineResource, type ResourceDefinition, type Subresource, type Verb } from './resource.ts'

type CustomObject = KubeObject & Record<string, unknown>

/**
 * The served versions of a definition with accepted names, the stored one first. Keeps only names and paths of `definition`: `schemaOf`
 * returns the schemas on demand, and they changed if `id` did.
 */
export function customResources(
  definition: CustomResourceDefinition,
  id: string,
  schemaOf: (version: string) => JSONSchemaProps | undefined,
): CustomResources {
  const { spec } = definition
  const stored = spec.versions.find(({ storage }) => storage)
  if (stored === undefined) return { resources: [], stored: undefined }
  const make = (version: CustomResourceDefinitionVersion) => {
    const { name } = version
    const kind = new CustomKind({
      apiVersion: groupVersion(spec.group, name),
      kind: spec.names.kind,
      schemaId: `${id}/${name}`,
      schema: schemaSource(schemaOf, name),
      ...(version.subresources?.scale === undefined ? {} : { scalePaths: scalePaths(version.subresources.scale) }),
    })
    return { version, kind }
  }
  const keeper = make(stored)
  const served = spec.versions.filter(version => version.served && version !== stored).map(make)
  // A terminating definition is still served, so that its objects can be deleted.
  const keeps = stored.served || isTrue(definition.status, 'Terminating')
  const resources = [...(keeps ? [keeper] : []), ...served].map(({ version, kind }) => resourceOf(definition, version, kind, keeper))
  return { resources, stored: { kind: keeper.kind, apiVersion: groupVersion(spec.group, stored.name) } }
}

/** Separate, so that the closure holds these two and not the whole large definition. */
function schemaSource(schemaOf: (version: string) => JSONSchemaProps | undefined, name: string): () => JSONSchemaProps | undefined {
  return () => schemaOf(name)
}

export interface CustomResources {
  readonly resources: readonly ResourceDefinition[]
  /** The stored version, which need not be served. */
  readonly stored: { readonly kind: CustomKind; readonly apiVersion: string } | undefined
}

interface Keeper {
  readonly version: CustomResourceDefinitionVersion
  readonly kind: CustomKind
}

const all: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

function resourceOf(
  { spec, status }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  kind: CustomKind,
  keeper: Keeper,
): ResourceDefinition {
  const { group } = spec
  const names = status?.acceptedNames ?? spec.names
  const hasStatus = version.subresources?.status !== undefined
  const scale = version.subresources?.scale
  const fields = (version.selectableFields ?? []).map(({ jsonPath }) => ({ name: jsonPath.slice(1), path: parseJsonPath(jsonPath) ?? [] }))
  const validateScale = scale === undefined ? undefined : scaleValidator(scale)
  return defineResource<CustomObject>({
    group,
    version: version.name,
    kind: spec.names.kind,
    plural: spec.names.plural,
    singular: names.singular || spec.names.kind.toLowerCase(),
    listKind: spec.names.listKind || `${spec.names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    // Nothing can be created under a terminating definition.
    verbs: isTrue(status, 'Terminating') ? all.filter(verb => verb !== 'create') : all,
    columns: printerColumns(version.additionalPrinterColumns),
    subresources: [...(hasStatus ? [statusSubresource(kind, validateScale)] : []), ...(scale === undefined ? [] : [scaleSubresource])],
    custom: kind,
    standardFinalizers: false,
    allowUnconditionalUpdate: false,
    countsGeneration: { parts: object => [countedPart(object, hasStatus)] },
    ...storedAs(version, kind, keeper),
    fieldSelectors: {
      ...(fields.length === 0 ? {} : { values: (object: CustomObject) => selectable(object, fields) }),
      unknown: field => `field label not supported: ${field}`,
    },
    ...deprecation(version, group, spec.names.kind),
    prepareForCreate(object) {
      if (hasStatus) putStatusBack(object, undefined, kind)
    },
    prepare(object, old) {
      if (hasStatus) putStatusBack(object, old['status'], kind)
    },
    warnings: (object, old) => kind.warnings(object, old),
    validate: object => [...kind.validateNew(object), ...(validateScale?.whole(object) ?? [])],
    validateUpdate: (object, old) => [...kind.validateUpdate(object, old), ...(validateScale?.whole(object) ?? [])],
  }) as unknown as ResourceDefinition
}

function storedAs(
  { name }: CustomResourceDefinitionVersion,
  kind: CustomKind,
  keeper: Keeper,
): Pick<ResourceDefinition<CustomObject>, 'storedAs'> {
  const { kind: stored } = keeper
  const version = keeper.version.name
  if (name === version) return {}
  return {
    storedAs: {
      version,
      toStored: object => stored.adopt(object),
      fromStored: object => kind.convert(stored.adopt(object)) as CustomObject,
    },
  }
}

function deprecation({ deprecated, deprecationWarning, name }: CustomResourceDefinitionVersion, group: string, kind: string) {
  return deprecated === true ? { serving: { deprecation: deprecationWarning ?? `${group}/${name} ${kind} is deprecated` } } : {}
}

/** Everything but metadata and, if it has its own path, the status. */
function countedPart({ metadata: _metadata, status, ...rest }: CustomObject, hasStatus: boolean): unknown {
  return hasStatus ? rest : { ...rest, status }
}

/** Without a status, the schema's default applies. */
function putStatusBack(object: CustomObject, status: unknown, kind: CustomKind): void {
  const kept = status ?? kind.newStatus()
  if (kept === undefined) delete object['status']
  else object['status'] = kept
}

function statusSubresource(kind: CustomKind, validateScale: ScaleValidator | undefined): Subresource<CustomObject> {
  return {
    name: 'status',
    verbs: ['get', 'update', 'patch'],
    prepare(object, old) {
      const { managedFields } = object.metadata
      const { status } = object
      for (const name of Object.keys(object)) delete object[name]
      const { managedFields: _entries, ...metadata } = old.metadata
      Object.assign(object, old, { metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } })
      putStatusBack(object, status, kind)
    },
    validate: (object, old) => [...kind.validateStatusUpdate(object, old), ...(validateScale?.status(object) ?? [])],
    // Everything but the status is restored; upstream lists only the spec as reset, so that writers here manage the metadata that they send.
    resetFields: ['spec'],
  }
}

const scaleSubresource: Subresource<CustomObject> = {
  name: 'scale',
  verbs: ['get', 'update', 'patch'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
}

const fieldNames = (path: string): string[] => path.split('.').slice(1)

function scalePaths({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): ScalePaths {
  return {
    specReplicas: fieldNames(specReplicasPath),
    statusReplicas: fieldNames(statusReplicasPath),
    selector: labelSelectorPath ? fieldNames(labelSelectorPath) : undefined,
  }
}

/** The value at a path of field names; undefined if there is none. */
export function fieldAt(object: unknown, path: readonly string[]): unknown {
  let at = object
  for (const name of path) {
    if (!isRecord(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at
}

const maxInt32 = 2 ** 31 - 1

type ValidateObject = (object: CustomObject) => FieldError[]

interface ScaleValidator {
  readonly status: ValidateObject
  /** Includes the spec. */
  readonly whole: ValidateObject
}

/** The scale's fields must be numbers of replicas, and its selector a text. As upstream, fields keep the leading dot of their paths. */
function scaleValidator({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): ScaleValidator {
  const [inSpec, inStatus] = [specReplicasPath, statusReplicasPath].map(replicasValidator)
  const validateSelector = labelSelectorPath ? selectorValidator(labelSelectorPath) : undefined
  const status: ValidateObject = object => [...(inStatus?.(object) ?? []), ...(validateSelector?.(object) ?? [])]
  return { status, whole: object => [...(inSpec?.(object) ?? []), ...status(object)] }
}

function replicasValidator(path: string): ValidateObject {
  const names = fieldNames(path)
  return object => {
    const { problem, value } = valueAt(object, names, 'int64')
    if (problem !== undefined) return [invalidValue(path, 0, problem)]
    if (typeof value !== 'number') return []
    if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')]
    return value > maxInt32 ? [invalidValue(path, value, `should be less than or equal to ${maxInt32}`)] : []
  }
}

function selectorValidator(path: string): ValidateObject {
  const names = fieldNames(path)
  return object => {
    const { problem } = valueAt(object, names, 'string')
    return problem === undefined ? [] : [invalidValue(path, '', problem)]
  }
}

/** A value of a Go type, or upstream's error if another type is on the way to it. */
function valueAt(
  object: unknown,
  names: readonly string[],
  type: 'int64' | 'string',
): { readonly value?: unknown; readonly problem?: string } {
  const misfit = (value: unknown, count: number, wanted: string): string => {
    const shown = value === null ? '<nil>' : goType(value)
    return `.${names.slice(0, count).join('.')} accessor error: ${goFormat(value)} is of the type ${shown}, expected ${wanted}`
  }
  let at = object
  for (const [index, name] of names.entries()) {
    if (at === null) return {}
    if (!isRecord(at)) return { problem: misfit(at, index + 1, 'map[string]interface {}') }
    if (!Object.hasOwn(at, name)) return {}
    at = at[name]
  }
  return at !== null && goType(at) === type ? { value: at } : { problem: misfit(at, names.length, type) }
}

function selectable(object: CustomObject, fields: readonly { readonly name: string; readonly path: JsonPath }[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, path }) => [name, textOf(findByPath(object, path)[0])]))
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return goNumber(value)
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value)
}
