// A pod with a RuntimeClass gets its overhead and scheduling constraints; a pod cannot set the overhead itself.

import { type ApiError, forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { RuntimeClass } from '../../api/types/node-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { mergeTolerations } from '../tolerations.ts'

export const runtimeClass: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'RuntimeClass',
  does: "Sets overhead and scheduling of the pod's RuntimeClass, and refuses others",
  on: 'always',
  guard: 'a pod declares another overhead than its class and escapes quota',
  handles: [{ operations: ['CREATE'], resources: ['pods'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  /** Undefined if the pod has none. */
  function classOf({ resource, name }: AdmissionRequest, pod: Pod): RuntimeClass | undefined {
    const wanted = pod.spec.runtimeClassName
    if (wanted === undefined) return undefined
    const found = reader.get('runtimeclasses.node.k8s.io', '', wanted) as RuntimeClass | undefined
    if (found === undefined) throw forbidden(resource, name, `pod rejected: RuntimeClass ${writeJson(wanted)} not found`)
    return found
  }

  return {
    async mutate(request) {
      const pod = request.object as Pod | undefined
      const found = pod && classOf(request, pod)
      if (pod === undefined || found === undefined) return
      const fixed = found.overhead?.podFixed
      if (fixed !== undefined) {
        if (pod.spec.overhead !== undefined && !semanticallyEqual(pod.spec.overhead, fixed)) throw otherOverhead(request)
        pod.spec.overhead = { ...fixed }
      }
      for (const [key, value] of Object.entries(found.scheduling?.nodeSelector ?? {})) {
        const own = pod.spec.nodeSelector?.[key]
        if (own !== undefined && own !== value) {
          const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
          throw forbidden(request.resource, request.name, why)
        }
        pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value }
      }
      const tolerations = found.scheduling?.tolerations ?? []
      if (tolerations.length > 0) pod.spec.tolerations = mergeTolerations([...(pod.spec.tolerations ?? []), ...tolerations])
    },
    async validate(request) {
      const pod = request.object as Pod | undefined
      const fixed = pod && classOf(request, pod)?.overhead?.podFixed
      if (pod === undefined || semanticallyEqual(pod.spec.overhead, fixed)) return admitted
      if (fixed !== undefined) return { allowed: false, error: otherOverhead(request) }
      const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
      return { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
  }
}

const otherOverhead = ({ resource, name }: AdmissionRequest): ApiError =>
  forbidden(resource, name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
