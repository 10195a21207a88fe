// What a kubelet may write to the status of a pod.

import { isDualStack, parseIp, validateIp } from '../../addresses/ip-address.ts'
import { ipWarnings } from '../../addresses/ip-format.ts'
import { duplicate, type FieldError, forbiddenField, internalFieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../types/core-v1.ts'
import { duplicateShown, goList, goString, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { nameIsDnsSubdomain, qualifiedName, unixId } from '../../validation/names.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { validatePodAnnotationsUpdate } from '../../validation/pod/pod-annotations.ts'
import { repetition } from '../../validation/repetition.ts'

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized'])
const healths = ['Healthy', 'Unhealthy', 'Unknown']

/** Restores the spec, and everything else that a status write cannot change, from the old pod. */
export function preparePodStatus(pod: Pod, old: Pod): void {
  pod.spec = old.spec
  delete pod.metadata.deletionTimestamp
  if (old.metadata.deletionTimestamp !== undefined) pod.metadata.deletionTimestamp = old.metadata.deletionTimestamp
  if (old.metadata.ownerReferences === undefined) delete pod.metadata.ownerReferences
  else pod.metadata.ownerReferences = old.metadata.ownerReferences
  pod.status ??= {}
  if (!pod.status.qosClass && old.status?.qosClass) pod.status.qosClass = old.status.qosClass
  dropFieldsOfDisabledFeatures(pod.status, old)
}

/** As in the spec: new fields of features that are off by default in v1.33 are dropped. */
function dropFieldsOfDisabledFeatures(status: PodStatus, old: Pod): void {
  if ((old.spec.resourceClaims?.length ?? 0) === 0) delete status.resourceClaimStatuses
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    for (const container of status[list] ?? []) delete container.allocatedResourcesStatus
  }
  if (tracksGeneration(old.status)) return
  delete status.observedGeneration
  for (const condition of status.conditions ?? []) delete condition.observedGeneration
}

function tracksGeneration(status: PodStatus | undefined): boolean {
  return [status?.observedGeneration, ...(status?.conditions ?? []).map(each => each.observedGeneration)].some(each => (each ?? 0) !== 0)
}

export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = []
  const status = pod.status ?? {}
  const before = old.status ?? {}
  validatePodAnnotationsUpdate(pod.metadata, old.metadata, pod.spec, 'metadata.annotations', errors)
  validateConditions(status.conditions, errors)
  const nominated = status.nominatedNodeName
  if (nominated && nominated !== before.nominatedNodeName) {
    pushMessages(errors, 'status.nominatedNodeName', nominated, nameIsDnsSubdomain(nominated, false))
  }
  immutable(errors, 'status.qosClass', status.qosClass ?? '', before.qosClass ?? '')
  const { restartPolicy } = old.spec
  const sidecars = new Set((old.spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always').map(each => each.name))
  validateTransitions(status.containerStatuses, before.containerStatuses, restartPolicy, new Set(), 'status.containerStatuses', errors)
  validateTransitions(
    status.initContainerStatuses,
    before.initContainerStatuses,
    restartPolicy,
    sidecars,
    'status.initContainerStatuses',
    errors,
  )
  validateTransitions(
    status.ephemeralContainerStatuses,
    before.ephemeralContainerStatuses,
    'Never',
    new Set(),
    'status.ephemeralContainerStatuses',
    errors,
  )
  validateAddresses(status.podIPs ?? [], 'core.PodIP', 'status.podIPs', 'families-first', errors)
  const hostIps = status.hostIPs ?? []
  if (hostIps.length > 0 && hostIps[0]?.ip !== status.hostIP) {
    errors.push(invalidValue('status.hostIPs[0].ip', hostIps[0]?.ip ?? '', 'must be equal to `hostIP`'))
  }
  validateAddresses(hostIps, 'core.HostIP', 'status.hostIPs', 'repeats-first', errors)
  for (const field of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    validateContainerStatuses(status[field], pod, `status.${field}`, errors)
  }
  return errors
}

/** Addresses that are not in the canonical form, which all clients parse alike. */
export function podStatusWarnings({ status }: Pod): string[] {
  const warnings: string[] = []
  for (const list of ['podIPs', 'hostIPs'] as const) {
    status?.[list]?.forEach(({ ip }, index) => {
      warnings.push(...ipWarnings(ip, `status.${list}[${index}].ip`))
    })
  }
  return warnings
}

function validateConditions(conditions: readonly PodCondition[] | undefined, errors: FieldError[]): void {
  conditions?.forEach(({ type }, index) => {
    if (systemConditions.has(type)) return
    // Upstream's name of this path.
    pushMessages(errors, `metadata.conditions[${index}].Type`, type ?? '', qualifiedName(type ?? ''))
  })
}

/** A container that has ended for good does not run again; a status that says so is stale or wrong. */
function validateTransitions(
  statuses: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  restartPolicy: string | undefined,
  restartable: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  if (restartPolicy === 'Always') return
  old?.forEach((before, index) => {
    const ended = before.state?.terminated
    if (ended === undefined || (ended.exitCode !== 0 && restartPolicy === 'OnFailure') || restartable.has(before.name)) return
    for (const now of statuses ?? []) {
      if (now.name === before.name && now.state?.terminated === undefined) {
        errors.push(forbiddenField(`${path}[${index}].state`, 'may not be transitioned to non-terminated state'))
      }
    }
  })
}

/** Upstream checks the families of a pod's addresses first, and those of its node's last. */
type AddressOrder = 'families-first' | 'repeats-first'

function validateAddresses(
  addresses: readonly { readonly ip?: string }[],
  type: string,
  path: string,
  order: AddressOrder,
  errors: FieldError[],
): void {
  const show = ({ ip }: { readonly ip?: string } = {}): string => goStruct(type, { IP: goString(ip) })
  const texts = addresses.map(address => address.ip ?? '')
  texts.forEach((text, index) => {
    validateIp(text, `${path}[${index}]`, errors)
  })
  if (texts.length < 2) return
  const families = familyErrors(texts, path, goList(type, addresses, show))
  const isRepeated = repetition<string>()
  const repeats = texts.flatMap((text, index) => (isRepeated(text) ? [duplicateShown(`${path}[${index}]`, show(addresses[index]))] : []))
  errors.push(...(order === 'families-first' ? [...families, ...repeats] : [...repeats, ...families]))
}

function familyErrors(texts: readonly string[], path: string, shown: string): FieldError[] {
  const parsed = texts.map(parseIp)
  const unread = parsed.indexOf(undefined)
  const unknown =
    unread < 0 ? [] : [internalFieldError(path, `failed to check for dual stack with error:invalid IP[${unread}]: ${texts[unread]}`)]
  if (unread < 0 && isDualStack(parsed) && texts.length === 2) return []
  return [...unknown, invalidShown(path, shown, 'may specify no more than one IP for each IP family')]
}

function validateContainerStatuses(statuses: readonly ContainerStatus[] | undefined, pod: Pod, path: string, errors: FieldError[]): void {
  statuses?.forEach((status, index) => {
    const at = `${path}[${index}]`
    const user = status.user?.linux
    if (user !== undefined) {
      if (pod.spec.os?.name === 'windows') errors.push(forbiddenField(`${at}.linux`, 'cannot be set for a windows pod'))
      else {
        pushMessages(errors, `${at}.linux.uid`, user.uid ?? 0, unixId(user.uid ?? 0))
        pushMessages(errors, `${at}.linux.gid`, user.gid ?? 0, unixId(user.gid ?? 0))
        user.supplementalGroups?.forEach((group, groupIndex) => {
          pushMessages(errors, `${at}.linux.supplementalGroups[${groupIndex}]`, group, unixId(group))
        })
      }
    }
    status.allocatedResourcesStatus?.forEach((resource, resourceIndex) => {
      const seen = new Set<string>()
      resource.resources?.forEach((device, deviceIndex) => {
        const where = `${at}.allocatedResourcesStatus[${resourceIndex}].resources[${deviceIndex}]`
        const health = device.health ?? ''
        if (!healths.includes(health)) errors.push(notSupported(`${where}.health`, health, healths))
        if (seen.has(device.resourceID)) errors.push(duplicate(`${where}.resourceID`, device.resourceID))
        seen.add(device.resourceID)
      })
    })
  })
}
