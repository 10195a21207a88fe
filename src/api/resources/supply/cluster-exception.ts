// supply.bulkhead.dev/v1 ClusterException: known vulnerabilities of images in all namespaces are accepted until a date.
import type { ClusterException } from '../../types/supply-v1.ts'
import { defineResource } from '../resource.ts'
import { exceptionColumns, exceptionWarnings, validateExceptionSpec } from './exception-spec.ts'

export const clusterException = defineResource<ClusterException>({
  group: 'supply.bulkhead.dev',
  version: 'v1',
  kind: 'ClusterException',
  plural: 'clusterexceptions',
  shortNames: ['csupexc'],
  namespaced: false,
  countsGeneration: true,
  columns: exceptionColumns,
  validate: ({ spec }) => validateExceptionSpec(spec),
  warnings: ({ spec }) => exceptionWarnings(spec),
})
