// Upstream's warnings about pods and templates: fields without effect, and values that are probably mistakes.

import { writeJson } from '../../../base/write-json.ts'
import { ipWarnings } from '../../addresses/ip-format.ts'
import type { ObjectMeta } from '../../object.ts'
import { containersOf, type VisitedContainer } from '../../pods/containers-of.ts'
import type { Container, ContainerPort, EphemeralContainer, NodeSelectorTerm, PodAffinity, PodSpec } from '../../types/core-v1.ts'
import { appArmorPrefix } from '../../validation/pod/pod-annotations.ts'
import { warnOfClaimSpec, warnOfFraction } from './claim-warnings.ts'
import { warnOfOverlappingPaths } from './volume-path-warnings.ts'

const deprecatedAnnotations: readonly { readonly key: string; readonly message: string }[] = [
  { key: 'scheduler.alpha.kubernetes.io/critical-pod', message: 'non-functional in v1.16+; use the "priorityClassName" field instead' },
  { key: 'security.alpha.kubernetes.io/sysctls', message: 'non-functional in v1.11+; use the "sysctls" field instead' },
  { key: 'security.alpha.kubernetes.io/unsafe-sysctls', message: 'non-functional in v1.11+; use the "sysctls" field instead' },
]

type DeprecatedVolume =
  | 'photonPersistentDisk'
  | 'gitRepo'
  | 'scaleIO'
  | 'flocker'
  | 'storageos'
  | 'quobyte'
  | 'glusterfs'
  | 'cephfs'
  | 'rbd'

/** Removed and deprecated volume plug-ins, also in persistent volumes. */
export const deprecatedVolumes: readonly { readonly field: DeprecatedVolume; readonly shown: string; readonly message: string }[] = [
  { field: 'photonPersistentDisk', shown: 'photonPersistentDisk', message: 'deprecated in v1.11, non-functional in v1.16+' },
  { field: 'gitRepo', shown: 'gitRepo', message: 'deprecated in v1.11, and disabled by default in v1.33+' },
  { field: 'scaleIO', shown: 'scaleIO', message: 'deprecated in v1.16, non-functional in v1.22+' },
  { field: 'flocker', shown: 'flocker', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { field: 'storageos', shown: 'storageOS', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { field: 'quobyte', shown: 'quobyte', message: 'deprecated in v1.22, non-functional in v1.25+' },
  { field: 'glusterfs', shown: 'glusterfs', message: 'deprecated in v1.25, non-functional in v1.26+' },
  { field: 'cephfs', shown: 'cephfs', message: 'deprecated in v1.28, non-functional in v1.31+' },
  { field: 'rbd', shown: 'rbd', message: 'deprecated in v1.28, non-functional in v1.31+' },
]

export const deprecatedNodeLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}

const byteAmounts = ['memory', 'ephemeral-storage']

/** `path` is that of the template (`spec.template`), and '' for a pod itself. */
export function podWarnings(spec: PodSpec, meta: ObjectMeta | undefined, path = ''): string[] {
  const at = path === '' ? '' : `${path}.`
  const warnings: string[] = []
  warnOfNodeLabels(spec, `${at}spec`, warnings)
  const annotations = meta?.annotations ?? {}
  for (const { key, message } of deprecatedAnnotations) {
    if (annotations[key] !== undefined) warnings.push(`${at}metadata.annotations[${key}]: ${message}`)
  }
  spec.volumes?.forEach((volume, index) => {
    for (const { field, shown, message } of deprecatedVolumes) {
      if (volume[field] !== undefined) warnings.push(`${at}spec.volumes[${index}].${shown}: ${message}`)
    }
    const template = volume.ephemeral?.volumeClaimTemplate
    if (template !== undefined) warnOfClaimSpec(template.spec, `${at}spec.volumes[${index}].ephemeral.volumeClaimTemplate.spec`, warnings)
  })
  warnOfOverlappingPaths(spec.volumes, warnings)
  warnOfRepeats(spec.hostAliases, 'hostAliases', 'ip', `${at}spec`, warnings)
  warnOfRepeats(spec.imagePullSecrets, 'imagePullSecrets', 'name', `${at}spec`, warnings)
  spec.imagePullSecrets?.forEach((secret, index) => {
    if (!secret.name) warnings.push(`${at}spec.imagePullSecrets[${index}].name: invalid empty name ""`)
  })
  for (const name of byteAmounts) warnOfFraction(spec.overhead, name, `${at}spec.overhead`, warnings)
  const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
  if (annotations[seccompPod] !== undefined && spec.securityContext?.seccompProfile === undefined) {
    warnings.push(`${at}metadata.annotations[${seccompPod}]: non-functional in v1.27+; use the "seccompProfile" field instead`)
  }
  const containers = containersOf(spec, `${at}spec`)
  for (const { container, path: containerPath } of containers) {
    warnOfSeccomp(container, annotations, `${at}metadata.annotations`, warnings)
    // A pod's own annotation has already become the field.
    const profile = spec.securityContext?.appArmorProfile ?? container.securityContext?.appArmorProfile
    const key = `${appArmorPrefix}${container.name}`
    if (path !== '' && profile === undefined && annotations[key] !== undefined) {
      warnings.push(appArmorAnnotationWarning(`${at}metadata.annotations`, key))
    }
    for (const name of byteAmounts) {
      warnOfFraction(container.resources?.limits, name, `${containerPath}.resources.limits`, warnings)
      warnOfFraction(container.resources?.requests, name, `${containerPath}.resources.requests`, warnings)
    }
    warnOfRepeatedVariables(container, containerPath, warnings)
  }
  warnOfPorts(containers, warnings)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(`${at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`)
  }
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  warnOfAffinity(podAffinity, `${at}spec.affinity.podAffinity`, warnings)
  warnOfAffinity(podAntiAffinity, `${at}spec.affinity.podAntiAffinity`, warnings)
  spec.dnsConfig?.nameservers?.forEach((nameserver, index) => {
    warnings.push(...ipWarnings(nameserver, `${at}spec.dnsConfig.nameservers[${index}]`))
  })
  spec.hostAliases?.forEach(({ ip }, index) => {
    warnings.push(...ipWarnings(ip, `${at}spec.hostAliases[${index}].ip`))
  })
  return warnings
}

export function appArmorAnnotationWarning(path: string, key: string): string {
  return `${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`
}

function warnOfAffinity(affinity: PodAffinity | undefined, path: string, warnings: string[]): void {
  const warnOfSelector = (selector: object | undefined, at: string): void => {
    if (selector === undefined) warnings.push(`${at}.labelSelector: a null labelSelector results in matching no pod`)
  }
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
    warnOfSelector(term.labelSelector, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`)
  })
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, index) => {
    warnOfSelector(podAffinityTerm?.labelSelector, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`)
  })
}

function warnOfNodeLabels(spec: PodSpec, path: string, warnings: string[]): void {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const message = deprecatedNodeLabels[key]
    if (message !== undefined) warnings.push(`${path}.nodeSelector[${key}]: ${message}`)
  }
  const affinity = spec.affinity?.nodeAffinity
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, index) => {
    warnOfNodeTerm(
      term,
      `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`,
      warnings,
    )
  })
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
    const at = `${path}.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
    warnOfNodeTerm(term.preference ?? {}, `${at}.preference`, warnings)
  })
  spec.topologySpreadConstraints?.forEach((constraint, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`
    const message = deprecatedNodeLabels[constraint.topologyKey]
    if (message !== undefined) warnings.push(`${at}.topologyKey: ${constraint.topologyKey} is ${message}`)
    if (constraint.labelSelector === undefined) warnings.push(`${at}.labelSelector: a null labelSelector results in matching no pod`)
  })
}

/** Labels of nodes that have been renamed. */
export function warnOfNodeTerm(term: NodeSelectorTerm, path: string, warnings: string[]): void {
  term.matchExpressions?.forEach(({ key }, index) => {
    const message = deprecatedNodeLabels[key]
    if (message !== undefined) warnings.push(`${path}.matchExpressions[${index}].key: ${key} is ${message}`)
  })
}

function warnOfRepeats<K extends 'ip' | 'name'>(
  items: readonly { readonly [key in K]?: string }[] | undefined,
  list: string,
  key: K,
  path: string,
  warnings: string[],
): void {
  if (items === undefined || items.length < 2) return
  const seen = new Set<string>()
  items.forEach((item, index) => {
    const value = item[key] ?? ''
    if (seen.has(value)) warnings.push(`${path}.${list}[${index}].${key}: duplicate ${key} ${writeJson(value)}`)
    seen.add(value)
  })
}

function warnOfSeccomp(
  container: Container | EphemeralContainer,
  annotations: Readonly<Record<string, string>>,
  annotationsPath: string,
  warnings: string[],
): void {
  const seccomp = `container.seccomp.security.alpha.kubernetes.io/${container.name}`
  if (annotations[seccomp] !== undefined && container.securityContext?.seccompProfile === undefined) {
    warnings.push(`${annotationsPath}[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`)
  }
}

function warnOfRepeatedVariables(container: Container | EphemeralContainer, path: string, warnings: string[]): void {
  if (container.env === undefined || container.env.length < 2) return
  const seen = new Set<string>()
  container.env.forEach((variable, index) => {
    if (!seen.has(variable.name)) {
      seen.add(variable.name)
      return
    }
    const reference = `$(${variable.name})`
    const value = variable.value ?? ''
    if (variable.valueFrom === undefined && value !== reference && value.includes(reference)) return
    const name = writeJson(variable.name)
    warnings.push(`${path}.env[${index}]: hides previous definition of ${name}, which may be dropped when using apply`)
  })
}

function warnOfPorts(containers: readonly VisitedContainer[], warnings: string[]): void {
  const seen = new Map<string, { readonly hostIp: string; readonly hostPort: number; readonly path: string }[]>()
  for (const { container, path: containerPath } of containers) {
    container.ports?.forEach((port, index) => {
      const at = `${containerPath}.ports[${index}]`
      if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${goPort(port)}`)
      const key = `${port.containerPort}/${port.protocol ?? ''}`
      const own = { hostIp: port.hostIP ?? '', hostPort: port.hostPort ?? 0, path: at }
      const others = seen.get(key) ?? []
      for (const other of others) {
        if (own.hostIp === other.hostIp && own.hostPort === other.hostPort) {
          warnings.push(`${at}: duplicate port definition with ${other.path}`)
        } else if (own.hostPort === 0 || other.hostPort === 0) {
          warnings.push(`${at}: overlapping port definition with ${other.path}`)
        } else if (own.hostPort === other.hostPort && (own.hostIp === '' || other.hostIp === '')) {
          warnings.push(`${at}: dangerously ambiguous port definition with ${other.path}`)
        }
      }
      seen.set(key, [...others, own])
    })
  }
}

/** Go's form of the structure. */
function goPort({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
}
