// patch: JSON patch, merge patch and strategic merge patch, run again on the newest object until it meets no other write.

import type { KubeObject } from '../../api/object.ts'
import { applyPatch } from '../../api/patch/patch.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { type GroupVersionKind, schemaFor } from '../../api/schema/model.ts'
import { writtenReply } from '../answers/respond.ts'
import { header, type Reply } from '../http/exchange.ts'
import { trackFields } from '../objects/field-management.ts'
import { updateObject } from '../objects/update-object.ts'
import { requireVersion } from '../objects/update-preconditions.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import { fieldValidation } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import { readBody } from '../request/read-body.ts'
import type { ResourceContext } from '../request/request-context.ts'
import { isApply } from '../request/write-options.ts'
import { apply } from './apply.ts'

export async function patch(parts: WriteParts, context: ResourceContext): Promise<Reply> {
  if (isApply(context)) return apply(parts, context)
  const { served, info } = context
  const dryRun = isDryRun(context.query.all('dryRun'))
  const patched = await patchValue(context, served.definition)
  const written = await updateObject(parts, context, {
    namespace: served.definition.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun,
    answers: 200,
    track: trackFields(context),
    async next(old) {
      const object = await patched(old)
      // A patch without a version has no precondition: the version that it was computed from is none.
      if (object.metadata.resourceVersion === old.metadata.resourceVersion) delete object.metadata.resourceVersion
      else requireVersion(served, info.name, object.metadata)
      served.definition.setDefaults?.(object)
      return object
    },
  })
  return writtenReply(context, written)
}

/** The same fields of a body of another kind, such as a Scale. */
const noKind: Pick<ResourceDefinition, 'custom' | 'serving'> = {}

/** Reads the patch of the request; the returned function applies it to an object of `kind` without modifying that. */
export async function patchValue(context: ResourceContext, kind: GroupVersionKind): Promise<(current: unknown) => Promise<KubeObject>> {
  const validation = fieldValidation(context)
  const contentType = header(context.request.headers, 'content-type') ?? ''
  const { custom, serving } = kind === context.served.definition ? context.served.definition : noKind
  const type = custom === undefined ? schemaFor(kind.group, kind.version, kind.kind) : undefined
  const body = await readBody(context)
  return async current => {
    const { object, warnings } = await applyPatch({
      contentType,
      body,
      budget: context.pace,
      current,
      type,
      ...(custom ? { custom } : {}),
      ...(serving?.conversionProblem ? { conversionProblem: serving.conversionProblem } : {}),
      fieldValidation: validation,
    })
    for (const warning of warnings) context.warn(warning)
    object.metadata ??= {}
    return object
  }
}
