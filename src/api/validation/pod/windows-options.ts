// Validation of the Windows part of security contexts.
import { type FieldError, forbiddenField, invalidValue } from '../../field-error.ts'
import { containersOf, someContainer } from '../../pods/containers-of.ts'
import type { Container, EphemeralContainer, PodSpec, WindowsSecurityContextOptions } from '../../types/core-v1.ts'
import { exceedsBytes } from '../byte-length.ts'
import { dns1123Subdomain } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { isPrivilegedAllowed } from './cluster-policy.ts'

const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const dnsName = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/
const forbiddenInUser = /["/\\:;|=,+*?<>@[\]]/

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string, errors: FieldError[]): void {
  if (options === undefined) return
  if (options.gmsaCredentialSpecName !== undefined) {
    pushMessages(errors, `${path}.gmsaCredentialSpecName`, options.gmsaCredentialSpecName, dns1123Subdomain(options.gmsaCredentialSpecName))
  }
  if (options.gmsaCredentialSpec !== undefined) {
    const at = `${path}.gmsaCredentialSpec`
    if (options.gmsaCredentialSpec === '') errors.push(invalidValue(at, '', 'gmsaCredentialSpec cannot be an empty string'))
    else if (exceedsBytes(options.gmsaCredentialSpec, 64 * 1024)) {
      errors.push(invalidValue(at, options.gmsaCredentialSpec, 'gmsaCredentialSpec size must be under 64 KiB'))
    }
  }
  if (options.runAsUserName !== undefined) {
    for (const message of userNameProblems(options.runAsUserName)) {
      errors.push(invalidValue(`${path}.runAsUserName`, options.runAsUserName, message))
    }
  }
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 32 || code === 127) return true
  }
  return false
}

function userNameProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (hasControlCharacter(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined
  const user = parts.at(-1) ?? ''
  const problems: string[] = []
  if (domain !== undefined && exceedsBytes(domain, 255)) problems.push("runAsUserName's Domain length must be under 256 characters")
  if (domain !== undefined && !netBiosName.test(domain) && !dnsName.test(domain)) {
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  else if (exceedsBytes(user, 104)) problems.push("runAsUserName's User length must not be longer than 104 characters")
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces")
  if (forbiddenInUser.test(user)) problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  return problems
}

const saysHostProcess = ({ securityContext }: Container | EphemeralContainer) => securityContext?.windowsOptions?.hostProcess !== undefined

/** HostProcess applies to the whole pod: all containers or none, and only on the host's network. */
export function validateHostProcess(spec: PodSpec, path: string, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  if (ofPod === undefined && !someContainer(spec, saysHostProcess)) return
  let hostProcesses = 0
  let containers = 0
  for (const { container, path: at } of containersOf(spec, path)) {
    containers++
    const own = container.securityContext?.windowsOptions?.hostProcess
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const text = `pod hostProcess value must be identical if both are specified, was ${ofPod}`
      errors.push(invalidValue(`${at}.securityContext.windowsOptions.hostProcess`, own, text))
    }
    if (own ?? ofPod ?? false) hostProcesses++
  }
  if (hostProcesses === 0) return
  if (hostProcesses !== containers) {
    const text = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    errors.push(invalidValue(path, '', text))
  }
  if (spec.hostNetwork !== true) {
    errors.push(invalidValue(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'))
  }
  if (!isPrivilegedAllowed()) errors.push(forbiddenField(path, 'hostProcess containers are disallowed by cluster policy'))
}

/** Fields without meaning on Windows may not be set for a Windows pod. */
export function validateWindowsPod(spec: PodSpec, path: string, errors: FieldError[]): void {
  const refuse = (at: string): void => {
    errors.push(forbiddenField(at, 'cannot be set for a windows pod'))
  }
  const context = spec.securityContext ?? {}
  for (const field of ['appArmorProfile', 'seLinuxOptions'] as const)
    if (context[field] !== undefined) refuse(`${path}.securityContext.${field}`)
  if (spec.hostUsers !== undefined) refuse(`${path}.hostUsers`)
  if (spec.hostPID === true) refuse(`${path}.hostPID`)
  if (spec.hostIPC === true) refuse(`${path}.hostIPC`)
  for (const field of ['seccompProfile', 'fsGroup', 'fsGroupChangePolicy'] as const) {
    if (context[field] !== undefined) refuse(`${path}.securityContext.${field}`)
  }
  if ((context.sysctls?.length ?? 0) > 0) refuse(`${path}.securityContext.sysctls`)
  if (spec.shareProcessNamespace !== undefined) refuse(`${path}.shareProcessNamespace`)
  const rest = ['runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const
  for (const field of rest) if (context[field] !== undefined) refuse(`${path}.securityContext.${field}`)
  const ofContainer = [
    'appArmorProfile',
    'seLinuxOptions',
    'seccompProfile',
    'capabilities',
    'readOnlyRootFilesystem',
    'privileged',
    'allowPrivilegeEscalation',
    'procMount',
    'runAsUser',
    'runAsGroup',
  ] as const
  for (const { container, path: at } of containersOf(spec, path)) {
    for (const field of ofContainer) if (container.securityContext?.[field] !== undefined) refuse(`${at}.securityContext.${field}`)
  }
}

/** The reverse: no Windows options for a Linux pod. */
export function validateLinuxPod(spec: PodSpec, path: string, errors: FieldError[]): void {
  const text = 'windows options cannot be set for a linux pod'
  if (spec.securityContext?.windowsOptions !== undefined) errors.push(forbiddenField(`${path}.securityContext.windowsOptions`, text))
  for (const { container, path: at } of containersOf(spec, path)) {
    if (container.securityContext?.windowsOptions !== undefined) errors.push(forbiddenField(`${at}.securityContext.windowsOptions`, text))
  }
}
