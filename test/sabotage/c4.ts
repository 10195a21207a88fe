// Sabotage of what a container's declaration becomes on a node.
import type { Sabotage } from './sabotage.ts'

const security = 'src/node/container/security-context.ts'

const sabotage = (name: string, from: string, to: string, file = security): Sabotage => ({ name, file, from, to, proof: 'C4' })

export const c4: readonly Sabotage[] = [
  sabotage('containers may gain privileges', 'noNewPrivs: own.allowPrivilegeEscalation === false,', 'noNewPrivs: false,'),
  sabotage('no capability is dropped', 'dropCapabilities: own.capabilities?.drop ?? []', 'dropCapabilities: []'),
  sabotage('no capability is added', 'addCapabilities: own.capabilities?.add ?? []', 'addCapabilities: []'),
  sabotage('the root of containers is writable', 'readonlyRootfs: own.readOnlyRootFilesystem ?? false,', 'readonlyRootfs: false,'),
  sabotage(
    'the user of the container is ignored',
    'const runAsUser = own.runAsUser ?? ofPod.runAsUser\n  const runAsGroup',
    'const runAsUser = ofPod.runAsUser\n  const runAsGroup',
  ),
  sabotage('the group of the container is ignored', 'own.runAsGroup ?? ofPod.runAsGroup', 'ofPod.runAsGroup'),
  sabotage('supplemental groups are ignored', '[...(ofPod.supplementalGroups ?? []), ...', '[...'),
  sabotage('the group of volumes is ignored', '...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])', '...[]'),
  sabotage(
    'saying nothing of seccomp means none',
    "if (!profile) return { profileType: privileged ? 'Unconfined' : 'RuntimeDefault' }",
    "if (!profile) return { profileType: 'Unconfined' }",
  ),
  sabotage(
    'the seccomp profile RuntimeDefault means none',
    "profileType: profile.type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault' }\n  const name",
    "profileType: 'Unconfined' }\n  const name",
  ),
  sabotage('kernel settings are writable', 'readonlyPaths: unmasked ? [] : readonlyPaths,', 'readonlyPaths: [],'),
  sabotage('the timers of the host are visible', "  '/proc/timer_list',\n", ''),
  sabotage(
    'the processes of the host are visible',
    "pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',",
    "pid: 'NODE',",
  ),
  sabotage(
    'sysctls are ignored',
    'sysctls: Object.fromEntries((security.sysctls ?? [])',
    'sysctls: Object.fromEntries(([] as { name: string; value: string }[])',
    'src/node/container/container-config.ts',
  ),
]
