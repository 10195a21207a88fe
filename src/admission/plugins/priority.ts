// Sets a pod's priority from its PriorityClass; the number itself cannot be chosen.

import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { PriorityClass } from '../../api/types/scheduling-v1.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const classes = 'priorityclasses.scheduling.k8s.io'

export const priority: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'Priority',
  does: 'Sets the priority of a pod from its PriorityClass',
  on: 'always',
  guard: 'pods choose their own priority and preempt others',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['pods', 'priorityclasses.scheduling.k8s.io'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  /** The default class with the lowest value, if there are several. */
  const defaultClass = () =>
    (reader.list(classes) as readonly PriorityClass[])
      .filter(({ globalDefault }) => globalDefault === true)
      .sort((a, b) => a.value - b.value)[0]

  function resolvePod(request: AdmissionRequest, pod: Pod): void {
    const wanted = pod.spec.priorityClassName
    const found = wanted ? (reader.get(classes, '', wanted) as PriorityClass | undefined) : defaultClass()
    if (wanted && found === undefined) throw forbidden(request.resource, request.name, `no PriorityClass with name ${wanted} was found`)
    const value = found?.value ?? 0
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
    if (pod.spec.priority !== undefined && pod.spec.priority !== value)
      throw forbidden(
        request.resource,
        request.name,
        `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      )
    if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy)
      throw forbidden(
        request.resource,
        request.name,
        `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      )
    if (found?.metadata.name !== undefined) pod.spec.priorityClassName = found.metadata.name
    pod.spec.priority = value
    pod.spec.preemptionPolicy = policy
  }

  /** A client that replaces a pod by its manifest omits what this plug-in computed. Validation refuses another value. */
  function keep({ spec }: Pod, { spec: old }: Pod): void {
    if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority
    if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined) spec.preemptionPolicy = old.preemptionPolicy
  }

  function validateClass(request: AdmissionRequest, candidate: PriorityClass): Verdict {
    if (candidate.globalDefault !== true) return admitted
    const current = defaultClass()
    if (current === undefined) return admitted
    if (request.operation === 'UPDATE' && current.metadata.name === candidate.metadata.name) return admitted
    const why = `PriorityClass ${current.metadata.name} is already marked as default. Only one default can exist`
    return { allowed: false, error: forbidden(request.resource, request.name, why) }
  }

  return {
    async mutate(request) {
      const { resource, operation, object, oldObject } = request
      if (resource.plural !== 'pods' || object === undefined) return
      if (operation === 'CREATE') resolvePod(request, object as Pod)
      else if (oldObject !== undefined) keep(object as Pod, oldObject as Pod)
    },
    validate: async request =>
      request.resource.plural === 'priorityclasses' && request.object ? validateClass(request, request.object as PriorityClass) : admitted,
  }
}
