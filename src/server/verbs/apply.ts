// apply: a patch that says what its manager wants an object to be, and creates the object where there is none.
import type { KubeObject, ManagedFieldsEntry } from '../../api/object.ts'
import { applyConfiguration, judgeConfiguration, parseConfiguration, typeFailure } from '../../api/patch/apply/apply.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { decodeValue } from '../../api/schema/decode.ts'
import { schemaFor } from '../../api/schema/model.ts'
import { badRequest, notFound } from '../../api/status.ts'
import { maxBodyBytes } from '../collect-body.ts'
import { createObject } from '../create-object.ts'
import { fieldValidation } from '../decode.ts'
import { isDryRun } from '../dry-run.ts'
import type { Reply } from '../exchange.ts'
import { fieldWrite } from '../field-management.ts'
import { matchName } from '../object-meta.ts'
import type { ResourceContext } from '../request-context.ts'
import { writtenReply } from '../respond.ts'
import { sameValue } from '../same-value.ts'
import { updateObject } from '../update-object.ts'
import type { WriteParts } from '../write-parts.ts'

/** An object with the entries to write with it. */
interface Merged {
  readonly object: KubeObject
  readonly entries: ManagedFieldsEntry[] | undefined
}

export async function apply(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  const { served, info, query } = context
  const { definition } = served
  const dryRun = isDryRun(query.all('dryRun'), 'PatchOptions')
  fieldValidation(context, 'PatchOptions')
  const write = fieldWrite(context, 'PatchOptions')
  const config = parseConfiguration(await context.request.body(maxBodyBytes))
  judgeConfiguration(config, served.apiVersion, definition.kind, write.shape)
  const type = schemaFor(definition.group, definition.version, definition.kind)
  const decode = (value: Record<string, unknown>): KubeObject => {
    if (type === undefined) return isObject(value) ? value : { ...value, metadata: {} }
    const decoded = decodeValue(value, type, 'Strict')
    if (!decoded.ok) throw badRequest(decoded.message)
    const [unknown] = decoded.strictErrors
    if (unknown !== undefined) throw typeFailure(config, undeclared(unknown))
    return decoded.object
  }
  // Judged by itself, so that what is wrong is told also where the live object would hide it.
  decode(config)
  const force = query.flag('force')
  const merge = (live: KubeObject): Merged => {
    const applied = applyConfiguration({ live, config, force, write })
    const object = decode(applied.object)
    definition.setDefaults?.(object)
    const { managedFields: _entries, ...metadata } = live.metadata
    return { object, entries: applied.entries(!sameValue(object, { ...live, metadata })) }
  }
  let entries: ManagedFieldsEntry[] | undefined
  const written = await updateObject(parts, context, {
    namespace: definition.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun,
    answers: 200,
    track: () => entries,
    next(old) {
      const merged = merge(old)
      entries = merged.entries
      const { metadata } = merged.object
      // The version is a precondition only where the configuration names one.
      if (!isRecord(config['metadata']) || config['metadata']['resourceVersion'] === undefined) delete metadata.resourceVersion
      return merged.object
    },
    createMissing() {
      if (info.subresource !== '') throw notFound(served.named, info.name)
      parts.demandCreate?.(context)
      const merged = merge(write.empty)
      matchName(merged.object.metadata, info.name)
      return createObject(parts, context, merged.object, dryRun, () => merged.entries)
    },
  })
  return writtenReply(context, written)
}

/** `unknown field "spec.foo"` as upstream's typed objects say it. */
function undeclared(problem: string): string {
  const path = /^unknown field "(.*)"$/.exec(problem)?.[1]
  return path === undefined ? problem : `.${path}: field not declared in schema`
}

function isObject(value: Record<string, unknown>): value is Record<string, unknown> & KubeObject {
  return isRecord(value['metadata'])
}
