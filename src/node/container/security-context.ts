// The security of a container, from pod and container securityContext: its user and its permissions. Pure.

import { isAbsolute, join, normalize } from 'node:path'
import type { Container, EphemeralContainer, Pod, PodSecurityContext, SeccompProfile } from '../../api/types/core-v1.ts'
import { appArmorPrefix } from '../../api/validation/pod/pod-annotations.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ContainerConfig, Image, NamespaceOptions, SecurityProfile, SupplementalGroupsPolicy } from '../cri/messages.ts'
import { podText } from '../pod/pod-containers.ts'
import { ContainerConfigError } from './environment.ts'

type AnyContainer = Container | EphemeralContainer

/** Paths of /proc and /sys that reveal or control the host. procMount Unmasked, which needs a user namespace, removes them. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

const maxId = 2_147_483_647

export function namespaceOptions({ spec }: Pod): NamespaceOptions {
  return {
    network: spec.hostNetwork ? 'NODE' : 'POD',
    pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
    ipc: spec.hostIPC ? 'NODE' : 'POD',
  }
}

export const groupsPolicy = ({ supplementalGroupsPolicy }: PodSecurityContext): SupplementalGroupsPolicy =>
  supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge'

/**
 * Upstream's order: the container's field, the older annotation, the pod's field. Undefined leaves it to the runtime: its default profile
 * if the host has AppArmor, none for a privileged container. The runtime refuses an unknown profile.
 */
export function appArmorProfile({ metadata, spec }: Pod, container: AnyContainer): SecurityProfile | undefined {
  const field = container.securityContext?.appArmorProfile
  const annotation = field === undefined ? metadata.annotations?.[`${appArmorPrefix}${container.name}`] : undefined
  if (annotation !== undefined && annotation !== '') return profileOf(annotation)
  const profile = field ?? spec.securityContext?.appArmorProfile
  if (profile === undefined) return undefined
  if (profile.type !== 'Localhost') return { profileType: profile.type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault' }
  const { localhostProfile = '' } = profile
  if (localhostProfile.trim() === '') throw new ContainerConfigError('missing localhost apparmor profile name')
  return { profileType: 'Localhost', localhostRef: localhostProfile }
}

/** The value of an annotation. An unknown value must not run as if it were unset. */
function profileOf(annotation: string): SecurityProfile {
  if (annotation === 'unconfined') return { profileType: 'Unconfined' }
  if (annotation === 'runtime/default') return { profileType: 'RuntimeDefault' }
  if (!annotation.startsWith('localhost/')) throw new ContainerConfigError(`invalid AppArmor profile ${writeJson(annotation)}`)
  return { profileType: 'Localhost', localhostRef: annotation.slice('localhost/'.length) }
}

/** The profile of a container; unset means RuntimeDefault. Throws ContainerConfigError for a Localhost name outside the profile folder. */
export function seccompProfile(
  own: SeccompProfile | undefined,
  ofPod: SeccompProfile | undefined,
  privileged: boolean,
  folder: string,
): SecurityProfile {
  const profile = own ?? ofPod
  if (!profile) return { profileType: privileged ? 'Unconfined' : 'RuntimeDefault' }
  if (profile.type !== 'Localhost') return { profileType: profile.type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault' }
  const name = profile.localhostProfile ?? ''
  if (name === '') throw new ContainerConfigError('localhostProfile must be set if seccompProfile type is Localhost.')
  if (isAbsolute(name) || normalize(name).split('/').includes('..')) {
    throw new ContainerConfigError(`localhostProfile ${writeJson(name)} must be a path below the node's seccomp folder`)
  }
  return { profileType: 'Localhost', localhostRef: join(folder, name) }
}

/**
 * The user that the image runs as, parsed as the runtime does: a uid, or a name that only the image's passwd resolves. `00` and `0:0` are
 * root; a number out of range is neither.
 */
function imageUser(image: Image): { readonly uid: number } | { readonly name: string } {
  if (image.uid) return { uid: Number(image.uid.value) }
  const user = image.username.split(':')[0] ?? ''
  if (user === '') return { uid: 0 }
  if (/^[+-]?\d+$/.test(user)) return { uid: Number(user) }
  return { name: user }
}

/** Upstream's check before each create, also at a restart: throws ContainerConfigError if the container would or might run as root. */
export function verifyNonRoot(pod: Pod, container: AnyContainer, image: Image): void {
  const own = container.securityContext
  const required = own?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot ?? false
  const runAsUser = own?.runAsUser ?? pod.spec.securityContext?.runAsUser
  if (runAsUser === undefined) {
    const user = imageUser(image)
    // containerd runs a number out of range as root (CVE-2024-40635), so it is refused whether or not root is allowed.
    if ('uid' in user && (user.uid < 0 || user.uid > maxId)) {
      throw new ContainerConfigError(`image user ${user.uid} is outside of 0 to ${maxId} (container: ${container.name})`)
    }
    if (!required) return
    const place = `(pod: "${podText(pod)}", container: ${container.name})`
    if ('name' in user) {
      throw new ContainerConfigError(
        `container has runAsNonRoot and image has non-numeric user (${user.name}), cannot verify user is non-root ${place}`,
      )
    }
    if (user.uid === 0) throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${place}`)
    return
  }
  if (required && runAsUser === 0) {
    throw new ContainerConfigError(`container's runAsUser breaks non-root policy (pod: "${podText(pod)}", container: ${container.name})`)
  }
}

export function containerSecurity(
  pod: Pod,
  container: AnyContainer,
  image: Image,
  seccompFolder: string,
  targetId?: string,
): ContainerConfig['linux']['securityContext'] {
  verifyNonRoot(pod, container, image)
  const own = container.securityContext ?? {}
  const ofPod = pod.spec.securityContext ?? {}
  const privileged = own.privileged ?? false
  const unmasked = privileged || own.procMount === 'Unmasked'
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup
  const user = imageUser(image)
  const groups = [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])]
  const namespaces = namespaceOptions(pod)
  const appArmor = appArmorProfile(pod, container)
  return {
    capabilities: { addCapabilities: own.capabilities?.add ?? [], dropCapabilities: own.capabilities?.drop ?? [] },
    privileged,
    namespaceOptions: targetId === undefined ? namespaces : { ...namespaces, pid: 'TARGET', targetId },
    ...(runAsUser !== undefined
      ? { runAsUser: { value: runAsUser } }
      : 'name' in user
        ? { runAsUsername: user.name }
        : { runAsUser: { value: user.uid } }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: groups,
    supplementalGroupsPolicy: groupsPolicy(ofPod),
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccompProfile(own.seccompProfile, ofPod.seccompProfile, privileged, seccompFolder),
    ...(appArmor === undefined ? {} : { apparmor: appArmor }),
  }
}
