// apply: a patch with its manager's desired fields of an object, which creates a missing object.
import { customTypedProblems } from '../../api/custom-resources/schema/typed-problems.ts'
import type { KubeObject, ManagedFieldsEntry } from '../../api/object.ts'
import {
  applyConfiguration,
  conversionFailure,
  type ParsedConfiguration,
  parseConfiguration,
  validateConfiguration,
} from '../../api/patch/apply/apply.ts'
import type { FieldWrite } from '../../api/patch/apply/track-update.ts'
import { typedProblems, type ValidatedForm } from '../../api/patch/apply/typed-problems.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { decodeValue } from '../../api/schema/decode.ts'
import { badRequest, conflict, notFound, unknownMethod } from '../../api/status.ts'
import { yieldIfDue } from '../../base/async/turns.ts'
import { writtenReply } from '../answers/respond.ts'
import type { Reply } from '../http/exchange.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { createObject } from '../objects/create-object.ts'
import { fieldWrite } from '../objects/field-management.ts'
import { matchPlace } from '../objects/object-meta.ts'
import { updateObject } from '../objects/update-object.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { fieldValidation, maxValuesOf } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import { readBody } from '../request/read-body.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { readYamlBody } from '../request/yaml-body.ts'

/** An object with the entries to write with it. */
export interface Merged {
  readonly object: KubeObject
  readonly entries: ManagedFieldsEntry[] | undefined
}

export interface Configuration {
  /** Whether the configuration names the version that it is for. Throws the 400 of a body that is none. */
  namesVersion(): boolean
  /** Merges it into an object, which is not changed. Rejects with the 400 of a body that is none and the 409 of fields that others have. */
  merge(live: KubeObject): Promise<Merged>
}

/** Reads the body as its manager's configuration of an object of `kind`. It is validated when it is used: a missing object is reported first. */
export async function readConfiguration(context: ResourceContext, write: FieldWrite, kind: AppliedKind): Promise<Configuration> {
  const { custom } = kind
  const { type } = write
  const validation = fieldValidation(context)
  const sent = await readBody(context)
  const body = await readYamlBody(context, sent, maxValuesOf(context))
  await yieldIfDue(context.pace)
  const problemsOf = (value: Readonly<Record<string, unknown>>, validated: ValidatedForm): string[] => {
    if (custom !== undefined) return customTypedProblems(value, custom.schema(), validated)
    return type === undefined ? [] : typedProblems(value, type, validated)
  }
  let known: ParsedConfiguration | undefined
  const parsed = (): ParsedConfiguration => {
    if (known !== undefined) return known
    const read = parseConfiguration(body)
    validateConfiguration(read.config, write.apiVersion, kind.kind, value => problemsOf(value, 'configuration'))
    known = read
    return read
  }
  const decode = (value: Record<string, unknown>): KubeObject => {
    if (type === undefined) {
      const read = custom?.decodeApplied(value)
      if (read?.ok === false) throw badRequest(read.message)
      return read?.object ?? (isObject(value) ? value : { ...value, metadata: {} })
    }
    const decoded = decodeValue(value, type, 'Ignore')
    if (!decoded.ok) throw conversionFailure(parsed().config, value, type, decoded.message)
    return decoded.object
  }
  const force = context.query.flag('force')
  const mergeOnce = async (live: KubeObject): Promise<Merged> => {
    const { config, duplicate } = parsed()
    await yieldIfDue(context.pace)
    const applied = await applyConfiguration({ live, config, force, write, problemsOf: object => problemsOf(object, 'object') })
    if (duplicate !== undefined && validation === 'Strict') throw badRequest(`error strict decoding YAML: ${duplicate}`)
    await yieldIfDue(context.pace)
    const object = decode(applied.object)
    const problem = kind.serving?.conversionProblem?.(object)
    if (problem !== undefined) throw plainFailure(`failed to convert to unversioned: ${problem}`)
    kind.setDefaults?.(object)
    return { object, entries: applied.entries }
  }
  return {
    namesVersion() {
      const { metadata } = parsed().config
      return isRecord(metadata) && metadata['resourceVersion'] !== undefined
    },
    async merge(live) {
      const merged = await mergeOnce(live)
      await yieldIfDue(context.pace)
      const { duplicate } = parsed()
      if (duplicate !== undefined && validation === 'Warn') context.warn(duplicate)
      return merged
    },
  }
}

type AppliedKind = Pick<ResourceDefinition, 'kind' | 'custom' | 'serving' | 'setDefaults'>

export async function apply(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const { served, info, query } = context
  const { definition } = served
  const dryRun = isDryRun(query.all('dryRun'))
  const write = fieldWrite(context)
  const { namesVersion, merge } = await readConfiguration(context, write, definition)
  let entries: ManagedFieldsEntry[] | undefined
  const written = await updateObject(parts, context, {
    namespace: definition.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun,
    answers: 200,
    track: async () => entries,
    async next(old) {
      const merged = await merge(old)
      entries = merged.entries
      // The version is a precondition only if the configuration has one.
      if (!namesVersion()) delete merged.object.metadata.resourceVersion
      return merged.object
    },
    async createMissing() {
      if (info.subresource !== '') throw notFound(served.named, info.name)
      // A custom resource whose definition is being deleted: a new object would outlive it.
      if (!definition.verbs.includes('create')) throw unknownMethod()
      await parts.requireCreate?.(context)
      const merged = await merge(write.empty)
      const { metadata } = merged.object
      if (metadata.uid) {
        const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`
        throw conflict(served.named, info.name, why)
      }
      matchPlace(metadata, info, definition.namespaced)
      // Only an existing object has a version to compare.
      delete metadata.resourceVersion
      return createObject(parts, context, merged.object, dryRun, async () => merged.entries)
    },
  })
  return writtenReply(context, written)
}

function isObject(value: Record<string, unknown>): value is Record<string, unknown> & KubeObject {
  return isRecord(value['metadata'])
}
