// autoscaling/v1 HorizontalPodAutoscaler: served in this form and stored as v2; what v1 has no field for travels in annotations.
import { defineResource } from '../../resource.ts'
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler } from '../../types/autoscaling-v2.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { autoscalerColumns } from './autoscaler-columns.ts'
import { fromV2, toV2 } from './convert-autoscaler.ts'
import { validateAutoscaler, validateAutoscalerStatus } from './horizontal-pod-autoscaler.ts'

export const horizontalPodAutoscalerV1 = defineResource<AutoscalerV1>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [statusSubresource<AutoscalerV1>({ validate: object => validateAutoscalerStatus(toV2(structuredClone(object))) })],
  columns: autoscalerColumns.map(column => ({
    ...column,
    cell: (object: AutoscalerV1, now: number) => column.cell(toV2(structuredClone(object)), now),
  })),
  storedAs: {
    version: 'v2',
    toStored: toV2,
    // The store holds this kind in v2 only.
    fromStored: object => fromV2(object as HorizontalPodAutoscaler),
  },
  setDefaults({ spec }) {
    spec.minReplicas ??= 1
  },
  prepareForCreate(object) {
    object.status = { currentReplicas: 0, desiredReplicas: 0 }
  },
  prepare: keepStatus,
  validate: object => validateAutoscaler(toV2(structuredClone(object))),
})
