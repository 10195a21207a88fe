// The digest of a pod template by which an exception names one workload: of what runs, and of everything that a check looks at.
import { createHash } from 'node:crypto'
import type { AppArmorProfile, Container, PodSpec } from '../../api/types/core-v1.ts'
import type { CheckedPod } from './check.ts'

/**
 * The same for a template and for the pods that controllers make of it: what admission and controllers add (accounts, tokens, claims, placement,
 * requests) does not count, nor do ephemeral containers, which no exception covers. Another image, command or setting of security gives another digest.
 */
export function templateDigest({ metadata, spec }: CheckedPod): string {
  const annotations = metadata.annotations ?? {}
  const { appArmorProfile, ...podContext } = spec.securityContext ?? {}
  const digested = (container: Container) => {
    const { name, image, command = [], args = [], securityContext = {}, ports = [] } = container
    const { appArmorProfile: own, ...context } = securityContext
    const armor = own ?? appArmorProfile
    const profile = armor === undefined ? (annotations[`${appArmorPrefix}${name}`] ?? '') : annotationOf(armor)
    return [name, image, command, args, context, profile, ports.flatMap(({ hostPort }) => hostPort || [])]
  }
  const containers = [(spec.initContainers ?? []).map(digested), spec.containers.map(digested)]
  // Of volumes only those that a level forbids: controllers add others.
  const volumes = (spec.volumes ?? []).filter(volume => !added.some(source => source in volume))
  const seccomp = Object.entries(annotations).filter(([key]) => key.includes('seccomp'))
  const judged = [seccomp, containers, volumes, hostNamespaces(spec), podContext, spec.os ?? {}]
  return `sha256:${createHash('sha256').update(canonical(judged)).digest('hex')}`
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const added = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'] as const

const hostNamespaces = ({ hostNetwork = false, hostPID = false, hostIPC = false }: PodSpec) => [hostNetwork, hostPID, hostIPC]

/** The server writes profiles of fields as annotations too, and the other way round, for pods and not for templates: both count as one. */
function annotationOf({ type, localhostProfile = '' }: AppArmorProfile): string {
  if (type === 'Localhost') return `localhost/${localhostProfile}`
  return type === 'RuntimeDefault' ? 'runtime/default' : type.toLowerCase()
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
