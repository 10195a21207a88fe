// Validation of the security contexts of pods and containers.

import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required, tooLong } from '../../field-error.ts'
import { sysctlName } from '../../pods/safe-sysctls.ts'
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from '../../types/core-v1.ts'
import { exceedsBytes } from '../byte-length.ts'
import { unixId } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { isPrivilegedAllowed } from './cluster-policy.ts'
import { validateDescendingPath } from './paths-in-volumes.ts'
import { validateWindowsOptions } from './windows-options.ts'

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']
const procMounts = ['Default', 'Unmasked']
const maxAppArmorProfile = 4095
const sysctlFormat = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'

const netSysctls = ['net.']
const ipcSysctls = ['kernel.shm', 'kernel.msg', 'fs.mqueue.']

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (context === undefined) return
  if (context.privileged === true && !isPrivilegedAllowed()) {
    errors.push(forbiddenField(`${path}.privileged`, 'disallowed by cluster policy'))
  }
  validateId(context.runAsUser, `${path}.runAsUser`, errors)
  validateId(context.runAsGroup, `${path}.runAsGroup`, errors)
  if (context.procMount !== undefined) {
    if (!procMounts.includes(context.procMount)) errors.push(notSupported(`${path}.procMount`, context.procMount, procMounts))
    if (hostUsers && context.procMount === 'Unmasked') {
      errors.push(invalidValue(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'))
    }
  }
  validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`, errors)
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) {
      errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    }
    for (const capability of context.capabilities?.add ?? []) {
      if (capability === 'CAP_SYS_ADMIN') {
        errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'))
      }
    }
  }
  validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors)
  validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`, errors)
}

export function validatePodSecurityContext(spec: PodSpec, path: string, errors: FieldError[]): void {
  const context = spec.securityContext
  if (context === undefined) return
  validateId(context.fsGroup, `${path}.fsGroup`, errors)
  validateId(context.runAsUser, `${path}.runAsUser`, errors)
  validateId(context.runAsGroup, `${path}.runAsGroup`, errors)
  context.supplementalGroups?.forEach((group, index) => {
    validateId(group, `${path}.supplementalGroups[${index}]`, errors)
  })
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(invalidValue(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'))
  }
  validateSysctls(spec, `${path}.sysctls`, errors)
  validateChoice(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${path}.fsGroupChangePolicy`, errors)
  validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`, errors)
  validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors)
  validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`, errors)
  validateChoice(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${path}.supplementalGroupsPolicy`, errors)
  validateChoice(context.seLinuxChangePolicy, ['Recursive'], `${path}.seLinuxChangePolicy`, errors)
}

function validateId(id: number | undefined, path: string, errors: FieldError[]): void {
  if (id !== undefined) pushMessages(errors, path, id, unixId(id))
}

/** One of a closed list, or unset. */
export function validateChoice(value: string | undefined, supported: readonly string[], path: string, errors: FieldError[]): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(path, value, supported))
}

function validateSeccompProfile(profile: SeccompProfile | undefined, path: string, errors: FieldError[]): void {
  if (profile === undefined) return
  if (!profile.type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'))
  else validateChoice(profile.type, profileTypes, `${path}.type`, errors)
  if (profile.type === 'Localhost') {
    // An empty name once ran without any profile (CVE-2023-2431).
    if (!profile.localhostProfile) {
      errors.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'))
    } else validateDescendingPath(profile.localhostProfile, `${path}.localhostProfile`, errors)
  } else if (profile.localhostProfile !== undefined) {
    errors.push(invalidValue(`${path}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost'))
  }
}

export function validateAppArmorProfile(profile: AppArmorProfile | undefined, path: string, errors: FieldError[]): void {
  if (profile === undefined) return
  const at = `${path}.localhostProfile`
  const name = profile.localhostProfile
  if (!profile.type) errors.push(required(`${path}.type`, 'type is required when appArmorProfile is set'))
  else if (profile.type === 'Localhost') {
    if (name === undefined) errors.push(required(at, 'must be set when AppArmor type is Localhost'))
    else {
      if (name.trim() !== name) errors.push(invalidValue(at, name, 'must not be padded with whitespace'))
      else if (name === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'))
      if (exceedsBytes(name, maxAppArmorProfile)) errors.push(tooLong(at, maxAppArmorProfile))
    }
  } else if (profile.type === 'RuntimeDefault' || profile.type === 'Unconfined') {
    if (name !== undefined) errors.push(invalidValue(at, name, 'can only be set when AppArmor type is Localhost'))
  } else errors.push(notSupported(`${path}.type`, profile.type, profileTypes))
}

function isSysctlName(name: string): boolean {
  return name.length <= 253 && name.split(/[./]/).every(segment => /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(segment))
}

/** Sysctls of a namespace that the pod shares with the host would change the host. */
function validateSysctls(spec: PodSpec, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  spec.securityContext?.sysctls?.forEach((sysctl, index) => {
    const at = `${path}[${index}].name`
    const name = sysctl.name ?? ''
    if (name === '') errors.push(required(at))
    else if (!isSysctlName(name)) errors.push(invalidValue(at, name, `must have at most 253 characters and match regex ${sysctlFormat}`))
    else if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
    const dotted = sysctlName(name)
    if (spec.hostNetwork === true && netSysctls.some(prefix => dotted.startsWith(prefix))) {
      errors.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"))
    } else if (spec.hostIPC === true && (dotted === 'kernel.sem' || ipcSysctls.some(prefix => dotted.startsWith(prefix)))) {
      errors.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"))
    }
  })
}

/** A pod cannot have its own user namespace together with the host's other namespaces. */
export function validateHostUsers(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.hostUsers !== false) return
  const text = 'when `pod.Spec.HostUsers` is false'
  if (spec.hostNetwork === true) errors.push(forbiddenField(`${path}.hostNetwork`, text))
  if (spec.hostPID === true) errors.push(forbiddenField(`${path}.HostPID`, text))
  if (spec.hostIPC === true) errors.push(forbiddenField(`${path}.HostIPC`, text))
}
