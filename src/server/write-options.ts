// The options of a write in its query, judged together and before its body is looked at.
import { type FieldError, forbiddenField, notSupported, required } from '../api/field-error.ts'
import { invalid } from '../api/status.ts'
import { validateFieldManager } from '../api/validation/object-meta.ts'
import { validateDryRun } from './dry-run.ts'
import { isApply } from './field-management.ts'
import type { ResourceContext } from './request-context.ts'

const kinds: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }
const fieldValidations = ['', 'Ignore', 'Strict', 'Warn']
/** What only connects has options of its own. */
const connections = new Set(['attach', 'exec', 'portforward', 'proxy'])

/** Throws one 422 for everything that is wrong with them. */
export function judgeWriteOptions(context: ResourceContext): void {
  const { info, query } = context
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
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}
