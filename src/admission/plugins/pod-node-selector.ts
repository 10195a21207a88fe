// Restricts the pods of a namespace to nodes with certain labels.

import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Namespace, Pod } from '../../api/types/core-v1.ts'
import { qualifiedName } from '../../api/validation/names.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const annotation = 'scheduler.alpha.kubernetes.io/node-selector'

type Labels = Readonly<Record<string, string>>

export interface NodeSelectors {
  /** For namespaces without the annotation. */
  readonly default: Labels
  /** By namespace: the labels that its pods may select; a missing namespace may select any. */
  readonly allowed: Readonly<Record<string, Labels>>
}

const noNodeSelectors: NodeSelectors = { default: {}, allowed: {} }

export interface PodNodeSelectorOptions {
  readonly reader: StoreReader
  readonly configuration?: { readonly nodeSelectors?: NodeSelectors } | undefined
}

export const podNodeSelector: PluginDefinition<PodNodeSelectorOptions> = {
  name: 'PodNodeSelector',
  does: "Restricts a namespace's pods to its nodes",
  on: 'requested',
  handles: [{ operations: ['CREATE'], resources: ['pods'] }],
  create,
}

function create({ reader, configuration }: PodNodeSelectorOptions): PluginSteps {
  const selectors = configuration?.nodeSelectors ?? noNodeSelectors
  function selectorOf({ resource, namespace, name }: AdmissionRequest): Labels {
    const text = (reader.get('namespaces', '', namespace) as Namespace | undefined)?.metadata.annotations?.[annotation]
    if (text === undefined) return selectors.default
    const parsed = parseNodeSelector(text)
    if (parsed === undefined) throw forbidden(resource, name, `namespace annotation ${annotation} is not a list of labels: ${text}`)
    return parsed
  }
  const refuse = ({ resource, name }: AdmissionRequest, why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })
  const validate = (request: AdmissionRequest): Verdict => {
    const own = (request.object as Pod).spec.nodeSelector ?? {}
    if (Object.entries(selectorOf(request)).some(([key, value]) => own[key] !== undefined && own[key] !== value))
      return refuse(request, 'pod node label selector conflicts with its namespace node label selector')
    const allowed = selectors.allowed[request.namespace]
    if (allowed === undefined || Object.entries(own).every(([key, value]) => allowed[key] === value)) return admitted
    return refuse(request, 'pod node label selector labels conflict with its namespace whitelist')
  }
  return {
    async mutate(request) {
      const verdict = validate(request)
      if (!verdict.allowed) throw verdict.error
      const { spec } = request.object as Pod
      const merged = { ...selectorOf(request), ...spec.nodeSelector }
      if (Object.keys(merged).length > 0) spec.nodeSelector = merged
    },
    validate: async request => validate(request),
  }
}

/** Format `key=value,key=value`; undefined for anything else. */
export function parseNodeSelector(text: string): Labels | undefined {
  const labels: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part.trim() === '' && text.trim() === '') return {}
    const [key = '', value, ...more] = part.split('=').map(side => side.trim())
    if (value === undefined || more.length > 0 || qualifiedName(key).length > 0) return undefined
    labels[key] = value
  }
  return labels
}
