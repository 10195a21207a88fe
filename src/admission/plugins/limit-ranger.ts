// Sets a namespace's default requests and limits of containers, and enforces its limits on objects.

import { aggregated } from '../../api/go-text/aggregate-message.ts'
import { podLimits, podRequests } from '../../api/pods/pod-resources.ts'
import { noAmounts, parseAmounts } from '../../api/quantity/resource-amounts.ts'
import { forbidden } from '../../api/status.ts'
import { followObjects, type StoreView } from '../../api/store-view.ts'
import type { Container, LimitRange, PersistentVolumeClaim, Pod, ResourceList } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import { type CompiledLimits, type Constraint, compileLimits } from '../compiled-limits.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { releaseFields } from '../release-fields.ts'

type LimitRangeView = Pick<StoreView, 'list' | 'follow'>

const annotation = 'kubernetes.io/limit-ranger'

export const limitRanger: PluginDefinition<{ readonly view: LimitRangeView }> = {
  name: 'LimitRanger',
  does: "Sets the namespace's default requests and limits, and refuses others outside its LimitRanges",
  on: 'always',
  guard: 'containers run without limits, and LimitRanges have no effect',
  handles: [
    { operations: ['CREATE'], resources: ['pods'] },
    { operations: ['UPDATE'], resources: ['pods/resize'] },
    { operations: ['CREATE', 'UPDATE'], resources: ['persistentvolumeclaims'] },
  ],
  create,
}

function create({ view }: { readonly view: LimitRangeView }): PluginSteps {
  /** By namespace and name. */
  const ranges = new Map<string, Map<string, CompiledLimits>>()
  followObjects<LimitRange>(view, 'limitranges', (namespace, name, object) => {
    const own = new Map(ranges.get(namespace))
    if (object === undefined) own.delete(name)
    else own.set(name, compileLimits(object))
    if (own.size === 0) ranges.delete(namespace)
    else ranges.set(namespace, new Map([...own].sort(([a], [b]) => (a < b ? -1 : 1))))
  })
  const rangesFor = ({ namespace }: AdmissionRequest) => ranges.get(namespace)?.values() ?? []

  return {
    handles: request => ranges.has(request.namespace) && concerns(request),
    async mutate(request) {
      if (request.operation !== 'CREATE' || request.resource.plural !== 'pods') return
      for (const limits of rangesFor(request)) setDefaults(request.object as Pod, limits)
    },
    async validate(request) {
      for (const limits of rangesFor(request)) {
        const errors: string[] = []
        if (request.resource.plural === 'pods') validatePod(request.object as Pod, limits, errors)
        else validateClaim(request.object as PersistentVolumeClaim, limits, errors)
        if (errors.length === 0) continue
        return { allowed: false, error: forbidden(request.resource, request.name, aggregated(errors)) }
      }
      return admitted
    },
  }
}

/** A pod's containers change only by `resize`; a claim that is being deleted is ignored. */
function concerns({ resource, operation, object, oldObject }: AdmissionRequest): boolean {
  if (object === undefined) return false
  return resource.plural === 'pods' || operation === 'CREATE' || oldObject?.metadata.deletionTimestamp === undefined
}

function setDefaults({ metadata, spec }: Pod, limits: CompiledLimits): void {
  const texts: string[] = []
  const filled: string[][] = []
  const setIn = (list: 'containers' | 'initContainers', word: string): void => {
    for (const container of spec[list] ?? []) {
      const wasEmpty = Object.keys(container.resources ?? {}).length === 0
      const before = texts.length
      setContainerDefaults(container, limits, word, texts)
      if (wasEmpty && texts.length > before) filled.push(['f:spec', `f:${list}`, `k:${writeJson({ name: container.name })}`, 'f:resources'])
    }
  }
  setIn('containers', 'container')
  setIn('initContainers', 'init container')
  releaseFields(metadata, filled)
  if (texts.length > 0) metadata.annotations = { ...metadata.annotations, [annotation]: `LimitRanger plugin set: ${texts.join('; ')}` }
}

function setContainerDefaults(container: Container, limits: CompiledLimits, word: string, texts: string[]): void {
  const add = (list: 'requests' | 'limits', defaults: ResourceList, what: string): void => {
    let set: string[] | undefined
    for (const name in defaults) {
      if (container.resources?.[list]?.[name] !== undefined) continue
      container.resources ??= {}
      container.resources[list] ??= {}
      container.resources[list][name] = defaults[name] ?? '0'
      set ??= []
      set.push(name)
    }
    if (set !== undefined) texts.push(`${set.sort().join(', ')} ${what} for ${word} ${container.name}`)
  }
  add('requests', limits.defaultRequests, 'request')
  add('limits', limits.defaultLimits, 'limit')
}

function validatePod(pod: Pod, { container: constraints, pod: whole }: CompiledLimits, errors: string[]): void {
  if (constraints.length > 0) {
    for (const container of pod.spec.containers) validateContainer(container, constraints, errors)
    for (const container of pod.spec.initContainers ?? []) validateContainer(container, constraints, errors)
  }
  if (whole.length === 0) return
  // The author of the pod cannot change what its RuntimeClass adds.
  const requests = podRequests(pod, { excludeOverhead: true })
  const limits = podLimits(pod, { excludeOverhead: true })
  for (const validate of whole) validate(requests, limits, errors)
}

function validateContainer({ resources }: Container, constraints: readonly Constraint[], errors: string[]): void {
  const requests = parseAmounts(resources?.requests)
  const limits = parseAmounts(resources?.limits)
  for (const validate of constraints) validate(requests, limits, errors)
}

function validateClaim({ spec }: PersistentVolumeClaim, { claim }: CompiledLimits, errors: string[]): void {
  const requests = parseAmounts(spec?.resources?.requests)
  for (const validate of claim) validate(requests, noAmounts, errors)
}
