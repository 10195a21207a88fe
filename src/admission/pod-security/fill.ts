// Sets fields that the level `restricted` requires and a pod leaves unset, so that manifests without them are admitted. Existing values
// never change: the checks evaluate them afterwards. Pure.
import { isDeepStrictEqual } from 'node:util'
import type { Container, EphemeralContainer, PodSpec, SecurityContext } from '../../api/types/core-v1.ts'
import type { CheckedPod, PodSecurityCheck } from './check.ts'
import { allowPrivilegeEscalation } from './checks/allow-privilege-escalation.ts'
import { capabilitiesRestricted } from './checks/capabilities-restricted.ts'
import { seccompProfileRestricted } from './checks/seccomp-profile-restricted.ts'
import { isWindows } from './containers.ts'
import type { LevelVersion } from './policy.ts'

export interface Filled {
  /** A copy; the same object if nothing was set. */
  readonly spec: PodSpec
  /** What was set, each once: `capabilities.drop=["ALL"]`. */
  readonly set: readonly string[]
}

/** A new pod, or the template of one. */
export function fillPod({ metadata, spec }: CheckedPod, levelVersion: LevelVersion): Filled {
  const rules = rulesOf(spec, levelVersion)
  const set = new Set<string>()
  const filled: PodSpec = { ...spec }
  // Validation runs later and refuses a pod without containers.
  if (spec.containers !== undefined) filled.containers = fillContainers(spec.containers, rules, set)
  if (spec.initContainers !== undefined) filled.initContainers = fillContainers(spec.initContainers, rules, set)
  if (rules.seccomp && lacksSeccomp(spec) && !Object.keys(metadata.annotations ?? {}).some(key => key.includes('seccomp'))) {
    filled.securityContext = { ...spec.securityContext, seccompProfile: { type: 'RuntimeDefault' } }
    set.add('seccompProfile.type=RuntimeDefault')
  }
  return resultOf(spec, filled, set)
}

/** For a pod that gets ephemeral containers; existing ones may not change, and are filled in only if they were before. */
export function fillEphemeralContainers(spec: PodSpec, before: PodSpec, levelVersion: LevelVersion): Filled {
  const rules = rulesOf(spec, levelVersion)
  const set = new Set<string>()
  const old = new Map((before.ephemeralContainers ?? []).map(container => [container.name, container]))
  const ephemeralContainers = (spec.ephemeralContainers ?? []).map(container => {
    const own = new Set<string>()
    const filled = fillEphemeral(container, spec, rules, own)
    const known = old.get(container.name)
    if (known !== undefined && !isDeepStrictEqual(known.securityContext, filled.securityContext)) return container
    for (const name of own) set.add(name)
    return filled
  })
  return resultOf(spec, { ...spec, ephemeralContainers }, set)
}

function fillEphemeral(container: EphemeralContainer, { securityContext }: PodSpec, rules: Rules, set: Set<string>): EphemeralContainer {
  const [filled = container] = fillContainers([container], rules, set)
  const own = filled.securityContext
  if (!rules.seccomp || securityContext?.seccompProfile !== undefined || own?.seccompProfile !== undefined) return filled
  set.add('seccompProfile.type=RuntimeDefault')
  return { ...filled, securityContext: { ...own, seccompProfile: { type: 'RuntimeDefault' } } }
}

const resultOf = (spec: PodSpec, filled: PodSpec, set: ReadonlySet<string>): Filled =>
  set.size === 0 ? { spec, set: [] } : { spec: filled, set: [...set].sort() }

interface Rules {
  readonly seccomp: boolean
  readonly escalation: boolean
  readonly capabilities: boolean
}

/** Which checks the level has in this version. They do not apply to Windows. */
function rulesOf(spec: PodSpec, { level, minor }: LevelVersion): Rules {
  const has = ({ versions: [first] }: PodSecurityCheck) =>
    level === 'restricted' && !isWindows(spec) && (minor === 'latest' || minor >= (first?.since ?? 0))
  return { seccomp: has(seccompProfileRestricted), escalation: has(allowPrivilegeEscalation), capabilities: has(capabilitiesRestricted) }
}

const fillContainers = <T extends Container | EphemeralContainer>(list: readonly T[], rules: Rules, set: Set<string>): T[] =>
  list.map(container => {
    const own = container.securityContext ?? {}
    const added = unsetOf(own, rules)
    for (const name of Object.keys(added)) set.add(name === 'capabilities' ? 'capabilities.drop=["ALL"]' : `${name}=false`)
    return Object.keys(added).length === 0 ? container : { ...container, securityContext: { ...own, ...added } }
  })

function unsetOf(own: SecurityContext, { escalation, capabilities }: Rules): SecurityContext {
  // It is refused anyway, and the API does not allow a privileged container that must not escalate.
  if (own.privileged === true) return {}
  const added: SecurityContext = {}
  // Nor one with this capability.
  const administers = own.capabilities?.add?.some(name => name === 'CAP_SYS_ADMIN' || name === 'SYS_ADMIN') === true
  if (escalation && own.allowPrivilegeEscalation === undefined && !administers) added.allowPrivilegeEscalation = false
  if (capabilities && own.capabilities?.drop === undefined) added.capabilities = { ...own.capabilities, drop: ['ALL'] }
  return added
}

/** Whether neither the container nor the pod has a profile. */
const lacksSeccomp = ({ securityContext, containers = [], initContainers = [] }: PodSpec): boolean =>
  securityContext?.seccompProfile === undefined &&
  [...containers, ...initContainers].some(container => container.securityContext?.seccompProfile === undefined)
