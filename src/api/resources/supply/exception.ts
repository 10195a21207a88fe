// supply.bulkhead.dev/v1 Exception: findings of images in its namespace are accepted, until it expires.
import { type FieldError, required } from '../../field-error.ts'
import type { Exception } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { boundedList, requiredText } from './bounded-fields.ts'
import { maxPatterns, validateImagePattern } from './image-pattern.ts'

export const maxExceptedIds = 500
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

export const exception = defineResource<Exception>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'Exception',
  plural: 'exceptions',
  shortNames: ['supexc'],
  namespaced: true,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Images', type: 'string', cell: ({ spec }) => (spec.images ?? ['**']).join(',') },
    { name: 'Advisories', type: 'string', cell: ({ spec }) => (spec.advisories ?? ['all']).join(',') },
    { name: 'Owner', type: 'string', cell: ({ spec }) => spec.owner },
    { name: 'Expires', type: 'string', cell: ({ spec }) => spec.expires ?? '' },
    ageColumn,
  ],
  validate,
})

function validate({ spec }: Exception): FieldError[] {
  const { owner, reason, expires, images, advisories, packages } = spec ?? {}
  const selectors = [images, advisories, packages].filter(list => list !== undefined && list.length > 0)
  return [
    ...requiredText('spec.owner', owner),
    ...requiredText('spec.reason', reason),
    ...(expires === null || expires === undefined ? [required('spec.expires', 'an exception must end')] : []),
    ...(selectors.length === 0 ? [required('spec', 'must have images, advisories or packages: an exception for everything is none')] : []),
    ...boundedList('spec.images', images, maxPatterns, (text, at) => (digestPattern.test(text) ? [] : validateImagePattern(text, at))),
    ...boundedList('spec.advisories', advisories, maxExceptedIds, (text, at) => requiredText(at, text, 100)),
    ...boundedList('spec.packages', packages, maxExceptedIds, (text, at) => requiredText(at, text, 255)),
  ]
}
