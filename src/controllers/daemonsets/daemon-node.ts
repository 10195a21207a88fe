// Whether a DaemonSet covers a node, and the pod that it creates for it. Pure.

import { isTolerated } from '../../api/pods/tolerations.ts'
import type { DaemonSet } from '../../api/types/apps-v1.ts'
import type { Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../../api/types/core-v1.ts'
import { selectable, selectsNode } from '../../client/cache/node-selection.ts'
import { daemonSets } from '../../client/resources.ts'
import { revisionLabel } from '../controller-revision.ts'
import { podFromTemplate } from '../pod-control.ts'

const nameField = 'metadata.name'
const generationAnnotation = 'deprecated.daemonset.template.generation'

export interface NodeFit {
  /** Whether a pod is to be created. */
  readonly shouldRun: boolean
  /** Whether a running pod may stay: taints that only forbid new pods do not end it. */
  readonly shouldStay: boolean
}

export function fitNode({ spec }: DaemonSet, node: Node): NodeFit {
  const pod = spec.template.spec
  const no = { shouldRun: false, shouldStay: false }
  if (pod.nodeName !== undefined && pod.nodeName !== '' && pod.nodeName !== node.metadata.name) return no
  if (!selectsNode(pod, selectable(node))) return no
  const tolerations = daemonTolerations(pod)
  const strange = (node.spec?.taints ?? []).filter(taint => !isTolerated(taint, tolerations))
  if (strange.some(({ effect }) => effect === 'NoExecute')) return no
  return { shouldRun: !strange.some(({ effect }) => effect === 'NoSchedule'), shouldStay: true }
}

/** Daemons also run on nodes that have problems or are closed to other pods. */
function daemonTolerations(pod: PodSpec): Toleration[] {
  const exists = (key: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect })
  const added = [
    exists('not-ready', 'NoExecute'),
    exists('unreachable', 'NoExecute'),
    exists('disk-pressure', 'NoSchedule'),
    exists('memory-pressure', 'NoSchedule'),
    exists('pid-pressure', 'NoSchedule'),
    exists('unschedulable', 'NoSchedule'),
    ...(pod.hostNetwork === true ? [exists('network-unavailable', 'NoSchedule')] : []),
  ]
  const given = pod.tolerations ?? []
  const isSame = (a: Toleration, b: Toleration) => a.key === b.key && a.operator === b.operator && a.effect === b.effect
  return [...given.filter(toleration => !added.some(each => isSame(each, toleration))), ...added]
}

/** Bound to the node by its affinity: the scheduler places it. */
export function daemonPod(set: DaemonSet, nodeName: string, hash: string): Pod {
  const { metadata, ...pod } = podFromTemplate(set.spec.template, set, daemonSets)
  const generation = set.metadata.annotations?.[generationAnnotation]
  const { spec } = pod
  const term: NodeSelectorTerm = { matchFields: [{ key: nameField, operator: 'In', values: [nodeName] }] }
  const nodeAffinity = { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } }
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [revisionLabel]: hash, ...(generation === undefined ? {} : { 'pod-template-generation': generation }) },
    },
    spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: daemonTolerations(spec) },
  }
}

/** The node on which a pod runs or for which it was created; undefined if there is none. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  for (const { matchFields = [] } of terms) {
    const field = matchFields.find(({ key, operator }) => key === nameField && operator === 'In')
    if (field?.values?.length === 1) return field.values[0]
  }
  return undefined
}
