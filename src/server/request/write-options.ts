// The options of a write in its query, validated together and before its body is read.
import { type FieldError, forbiddenField, notSupported, required } from '../../api/field-error.ts'
import { applyMediaType } from '../../api/patch/apply/apply.ts'
import { patchType } from '../../api/patch/patch.ts'
import { invalid } from '../../api/status.ts'
import { validateFieldManager } from '../../api/validation/object-meta.ts'
import { header } from '../http/exchange.ts'
import { connections } from './connections.ts'
import { validateDryRun } from './dry-run.ts'
import { bodyFormat } from './negotiate.ts'
import type { ResourceContext } from './request-context.ts'

const kinds: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }
const fieldValidations = ['', 'Ignore', 'Strict', 'Warn']

/** Throws one 422 for everything that is wrong with them, or the 415 that comes before it. */
export function validateWriteOptions(context: ResourceContext): void {
  const { info, query, request, served } = context
  const kind = kinds[info.verb]
  if (kind === undefined || connections.has(info.subresource)) return
  const applies = isApply(context)
  if (query.raw === '' && !applies) return
  const errors: FieldError[] = []
  const manager = query.get('fieldManager') ?? ''
  if (applies && manager === '') errors.push(required('fieldManager', 'is required for apply patch'))
  if (info.verb === 'patch' && !applies && query.get('force') !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'))
  }
  validateFieldManager(manager, 'fieldManager', errors)
  validateDryRun(query.all('dryRun'), errors)
  const validation = query.get('fieldValidation') ?? ''
  if (!fieldValidations.includes(validation)) errors.push(notSupported('fieldValidation', validation, fieldValidations))
  if (errors.length === 0) return
  // For a creation, the form of the body is checked first, for an update afterwards.
  if (info.verb === 'create') bodyFormat(header(request.headers, 'content-type'), served.definition.custom === undefined)
  throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}

/** Whether the request is a server-side apply. */
export function isApply({ info, request }: ResourceContext): boolean {
  if (info.verb !== 'patch') return false
  return patchType(header(request.headers, 'content-type') ?? '') === applyMediaType
}
