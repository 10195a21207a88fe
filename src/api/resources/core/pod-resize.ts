// What `/resize` may change in a pod: CPU and memory of containers that keep running.
import { type FieldError, forbiddenField, invalidValue, wholeObject } from '../../field-error.ts'
import { mirrorPodAnnotation } from '../../pods/mirror-pod.ts'
import type { Container, Pod, PodSpec, ResourceList } from '../../types/core-v1.ts'
import { compareAmounts } from '../../validation/quantities.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { validatePodBody } from './pod-create.ts'
import { qualityOfService, recordedQualityOfService } from './pod-quality-of-service.ts'
import { keepMetadata, keepStatus } from './status-path.ts'

const lists = ['containers', 'initContainers'] as const
const sidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always'

/** Takes the containers' resources; everything else stays. An object that is no resize is left as sent, for validation to reject. */
export function prepareResize(object: Pod, old: Pod): void {
  const { containers, initContainers = [] } = object.spec
  if (lists.some(list => (object.spec[list]?.length ?? 0) !== (old.spec[list]?.length ?? 0))) return
  keepStatus(object, old)
  keepMetadata(object.metadata, old.metadata)
  object.spec = { ...old.spec, containers: withResourcesOf(containers, old.spec.containers) }
  if (initContainers.length > 0) object.spec.initContainers = withResourcesOf(initContainers, old.spec.initContainers ?? [])
}

function withResourcesOf(now: Container[], old: readonly Container[]): Container[] {
  if (old.some(({ name }, index) => now[index]?.name !== name)) return now
  return old.map((container, index) => {
    const { resources: _resources, resizePolicy: _policy, ...rest } = container
    const { resources, resizePolicy } = now[index] ?? container
    return { ...rest, ...(resources === undefined ? {} : { resources }), ...(resizePolicy === undefined ? {} : { resizePolicy }) }
  })
}

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = []
  validatePodBody(pod, errors)
  if (old.metadata.annotations?.[mirrorPodAnnotation] !== undefined) return [forbiddenField(wholeObject, 'static pods cannot be resized')]
  if (old.spec.os?.name === 'windows') return [forbiddenField(wholeObject, 'windows pods cannot be resized')]
  if (recordedQualityOfService(old) !== qualityOfService(pod.spec)) {
    errors.push(invalidValue('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  }
  const running = old.status?.containerStatuses?.find(status => status.state?.running !== undefined)
  if (running !== undefined && running.resources === undefined) {
    errors.push(forbiddenField('spec', 'Pod running on node without support for resize'))
  }
  // Only containers in unchanged positions can be compared.
  if (!validateOrder(pod.spec, old.spec, errors)) return errors
  old.spec.initContainers?.forEach((container, index) => {
    if (sidecar(container)) validateAmounts(pod.spec.initContainers?.[index], container, `spec.initContainers[${index}].resources`, errors)
  })
  old.spec.containers.forEach((container, index) => {
    validateAmounts(pod.spec.containers[index], container, `spec.containers[${index}].resources`, errors)
  })
  validateRestUnchanged(pod.spec, old.spec, errors)
  return errors
}

function validateOrder(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const count = errors.length
  for (const list of lists) {
    const now = spec[list] ?? []
    const before = old[list] ?? []
    if (now.length !== before.length) {
      errors.push(forbiddenField(`spec.${list}`, `${list} may not be added or removed on resize`))
      continue
    }
    before.forEach(({ name }, index) => {
      if (now[index]?.name === name) return
      errors.push(forbiddenField(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`))
    })
  }
  return errors.length === count
}

function validateAmounts(container: Container | undefined, old: Container, path: string, errors: FieldError[]): void {
  const { requests = {}, limits = {} } = container?.resources ?? {}
  const { requests: oldRequests = {}, limits: oldLimits = {} } = old.resources ?? {}
  const lost = (now: ResourceList, before: ResourceList): boolean => Object.keys(before).some(name => now[name] === undefined)
  if (lost(requests, oldRequests)) errors.push(forbiddenField(`${path}.requests`, 'resource requests cannot be removed'))
  if (lost(limits, oldLimits)) errors.push(forbiddenField(`${path}.limits`, 'resource limits cannot be removed'))
  const policy = container?.resizePolicy?.find(entry => entry.resourceName === 'memory')?.restartPolicy
  const limit = limits['memory']
  const before = oldLimits['memory']
  if ((policy && policy !== 'NotRequired') || limit === undefined) return
  const verb = before === undefined ? 'added' : compareAmounts(limit, before) < 0 ? 'decreased' : undefined
  if (verb === undefined) return
  errors.push(forbiddenField(`${path}.limits[memory]`, `memory limits cannot be ${verb} unless resizePolicy is RestartContainer`))
}

function validateRestUnchanged(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const refuse = (text: string): void => void errors.push(forbiddenField('spec', text))
  old.containers.forEach((container, index) => {
    if (!semanticallyEqual(withAmountsOf(spec.containers[index], container), container)) refuse('only cpu and memory resources are mutable')
  })
  old.initContainers?.forEach((container, index) => {
    const now = spec.initContainers?.[index]
    if (!sidecar(container)) {
      if (!semanticallyEqual(now, container)) refuse('resources for non-sidecar init containers are immutable')
    } else if (!semanticallyEqual(withAmountsOf(now, container), container)) {
      refuse('only cpu and memory resources for sidecar containers are mutable')
    }
  })
  const { containers: _now, initContainers: _nowInit, ...rest } = spec
  const { containers: _old, initContainers: _oldInit, ...oldRest } = old
  if (errors.length === 0 && !semanticallyEqual(rest, oldRest)) refuse('only cpu and memory resources are mutable')
}

/** The container with the old amounts of its resizable resources. */
function withAmountsOf(container: Container | undefined, old: Container): Container | undefined {
  if (container === undefined) return undefined
  const swap = (list: ResourceList | undefined, before: ResourceList | undefined): ResourceList | undefined => {
    if (before === undefined) return undefined
    const { cpu: _cpu, memory: _memory, ...rest } = list ?? {}
    const { cpu, memory } = before
    return { ...rest, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) }
  }
  const limits = swap(container.resources?.limits, old.resources?.limits)
  const requests = swap(container.resources?.requests, old.resources?.requests)
  return {
    ...container,
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
  }
}
