// Which taints the pods of a namespace tolerate: some by default, others only if the namespace may.

import { recordedQualityOfService } from '../../api/resources/core/pod-quality-of-service.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Namespace, Pod, Toleration } from '../../api/types/core-v1.ts'
import { parseJson } from '../../base/json.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { includes, mergeTolerations } from '../tolerations.ts'

const defaultsAnnotation = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const allowedAnnotation = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'

/** For namespaces without annotations; without a list of allowed ones, all are allowed. */
export interface ClusterTolerations {
  readonly default: readonly Toleration[]
  readonly allowed: readonly Toleration[]
}

const noClusterTolerations: ClusterTolerations = { default: [], allowed: [] }

export interface PodTolerationRestrictionOptions {
  readonly reader: StoreReader
  readonly configuration?: { readonly tolerations?: ClusterTolerations } | undefined
}

export const podTolerationRestriction: PluginDefinition<PodTolerationRestrictionOptions> = {
  name: 'PodTolerationRestriction',
  does: "Adds the namespace's default tolerations and refuses those that it does not allow",
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['pods'] }],
  create,
}

function create({ reader, configuration }: PodTolerationRestrictionOptions): PluginSteps {
  const cluster = configuration?.tolerations ?? noClusterTolerations
  const annotated = (request: AdmissionRequest, key: string): readonly Toleration[] | undefined => {
    const text = (reader.get('namespaces', '', request.namespace) as Namespace | undefined)?.metadata.annotations?.[key]
    if (text === undefined) return undefined
    const parsed = text === '' ? [] : parseTolerations(text)
    if (parsed === undefined) throw forbidden(request.resource, request.name, `namespace annotation ${key} is not a list of tolerations`)
    return parsed
  }
  return {
    async mutate(request) {
      if (request.operation !== 'CREATE') return
      const { spec } = request.object as Pod
      const defaults = annotated(request, defaultsAnnotation) ?? cluster.default
      const wanted = [...defaults, ...(spec.tolerations ?? [])]
      // Upstream adds a toleration for memory pressure to pods that request memory.
      if (recordedQualityOfService(request.object as Pod) !== 'BestEffort')
        wanted.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' })
      if (wanted.length > 0) spec.tolerations = mergeTolerations(wanted)
    },
    async validate(request) {
      const { spec } = request.object as Pod
      const allowed = annotated(request, allowedAnnotation) ?? cluster.allowed
      if (allowed.length === 0 || (spec.tolerations ?? []).every(own => allowed.some(wide => includes(wide, own)))) return admitted
      const why = 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist'
      return { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
  }
}

/** Undefined if invalid. */
function parseTolerations(text: string): Toleration[] | undefined {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
  return isTolerations(value) ? value : undefined
}

const texts = ['key', 'operator', 'value', 'effect']

export function isTolerations(value: unknown): value is Toleration[] {
  return (
    Array.isArray(value) &&
    value.every(
      item =>
        typeof item === 'object' &&
        item !== null &&
        Object.entries(item).every(([name, field]) =>
          name === 'tolerationSeconds' ? Number.isInteger(field) : texts.includes(name) && typeof field === 'string',
        ),
    )
  )
}
