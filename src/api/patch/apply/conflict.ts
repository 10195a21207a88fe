// The error of an apply that would take fields from other managers, in upstream's words.
import { writeJson } from '../../../base/write-json.ts'
import { type ApiError, apiError } from '../../status.ts'
import { type FieldSet, pathTexts } from './field-set.ts'
import type { Manager } from './managers.ts'

export interface Conflict {
  readonly key: string
  readonly manager: Manager
  readonly set: FieldSet
}

export function applyConflict(conflicts: readonly Conflict[]): ApiError {
  const found = [...conflicts]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ manager, set }) => ({ who: managerText(manager), paths: pathTexts(set) }))
  const causes = found.flatMap(({ who, paths }) =>
    paths.map(field => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  )
  const [only] = causes
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
      : `Apply failed with ${causes.length} conflicts: ${found
          .map(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map(path => `- ${path}`)].join('\n'))
          .join('\n')}`
  return apiError(409, 'Conflict', message, { causes })
}

function managerText({ name, subresource, operation, apiVersion }: Manager): string {
  const who = writeJson(name) + (subresource === '' ? '' : ` with subresource ${writeJson(subresource)}`)
  return operation === 'Update' ? `${who} using ${apiVersion}` : who
}
