// autoscaling/v1 HorizontalPodAutoscaler: served in this form and stored as v2; annotations contain what v1 has no field for.
import { copyJson } from '../../../base/data/copy-json.ts'
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../types/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler } from '../../types/autoscaling-v2.ts'
import { defineResource } from '../resource.ts'
import { statusSubresource } from '../status-strategy.ts'
import { autoscalerColumns } from './autoscaler-columns.ts'
import { fromV2, toV2 } from './convert-autoscaler.ts'
import { horizontalPodAutoscaler, validateAutoscaler, validateAutoscalerStatus } from './horizontal-pod-autoscaler.ts'

const inV2 = (object: AutoscalerV1): HorizontalPodAutoscaler => toV2(copyJson(object))

/** Applies `change` to the object's v2 form: spec and status are partly in the annotations, so no field can be kept alone. */
function changeInV2(object: AutoscalerV1, change: (object: HorizontalPodAutoscaler) => void): void {
  const form = inV2(object)
  change(form)
  const { metadata, spec, status } = fromV2(form)
  object.spec = spec
  if (status !== undefined) object.status = status
  // The metadata object itself stays, since the server keeps using it.
  if (metadata.annotations === undefined) delete object.metadata.annotations
  else object.metadata.annotations = metadata.annotations
}

export const horizontalPodAutoscalerV1 = defineResource<AutoscalerV1>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [
    {
      ...statusSubresource<AutoscalerV1>({ validate: object => validateAutoscalerStatus(inV2(object)) }),
      prepare(object, old) {
        const { spec } = inV2(old)
        changeInV2(object, form => {
          form.spec = spec
        })
      },
    },
  ],
  columns: autoscalerColumns.map(column => ({ ...column, cell: (object: AutoscalerV1, now: number) => column.cell(inV2(object), now) })),
  storedAs: {
    version: 'v2',
    toStored: toV2,
    // The store contains this kind only as v2.
    fromStored: object => fromV2(object as HorizontalPodAutoscaler),
  },
  setDefaults(object) {
    object.spec.minReplicas ??= 1
    changeInV2(object, () => undefined)
  },
  prepareForCreate(object, context) {
    changeInV2(object, form => horizontalPodAutoscaler.prepareForCreate?.(form, context))
  },
  prepare(object, old, context) {
    const before = inV2(old)
    changeInV2(object, form => horizontalPodAutoscaler.prepare?.(form, before, context))
  },
  validate: object => validateAutoscaler(inV2(object)),
})
