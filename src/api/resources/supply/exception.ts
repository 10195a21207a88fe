// supply.bulkhead.dev/v1 Exception: known vulnerabilities of images in its namespace are accepted until a date.
import type { Exception } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { exceptionColumns, exceptionWarnings, validateExceptionSpec } from './exception-spec.ts'

export const exception = defineResource<Exception>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'Exception',
  plural: 'exceptions',
  shortNames: ['supexc'],
  namespaced: true,
  countsGeneration: true,
  columns: exceptionColumns,
  validate: ({ spec }) => validateExceptionSpec(spec),
  warnings: ({ spec }) => exceptionWarnings(spec),
})
