// The spec that Exception and ClusterException share: findings that are accepted although a policy does not, until a date.

import { type FieldError, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { ExceptionSpec } from '../../types/supply-v1.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { boundedList, requiredText } from './bounded-fields.ts'
import { maxPatterns, patternWarnings, validateImagePattern } from './image-pattern.ts'

export const maxExceptedAdvisories = 500
const digestForm = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

export const exceptionColumns: readonly Column<KubeObject & { spec: ExceptionSpec }>[] = [
  nameColumn,
  { name: 'Advisories', type: 'string', cell: ({ spec }) => spec.advisories.join(',') },
  { name: 'Images', type: 'string', cell: ({ spec }) => spec.images.join(',') },
  { name: 'Owner', type: 'string', cell: ({ spec }) => spec.owner },
  { name: 'Expires', type: 'string', cell: ({ spec }) => spec.expires ?? '' },
  ageColumn,
]

export function validateExceptionSpec(spec: ExceptionSpec | undefined): FieldError[] {
  const { advisories = [], images = [], owner, reason, expires } = spec ?? {}
  return [
    ...(advisories.length === 0 ? [required('spec.advisories', 'must name the advisories or CVEs that are accepted')] : []),
    ...boundedList('spec.advisories', advisories, maxExceptedAdvisories, (text, at) => requiredText(at, text, 100)),
    ...(images.length === 0 ? [required('spec.images', 'must name the images, by globs or digests; "**" is all')] : []),
    ...boundedList('spec.images', images, maxPatterns, (text, at) => (digestForm.test(text) ? [] : validateImagePattern(text, at))),
    ...requiredText('spec.owner', owner),
    ...requiredText('spec.reason', reason),
    ...(expires === null || expires === undefined ? [required('spec.expires', 'an exception must end')] : []),
  ]
}

export const exceptionWarnings = (spec: ExceptionSpec): string[] =>
  patternWarnings(
    'spec.images',
    spec.images.filter(text => !digestForm.test(text)),
  )
