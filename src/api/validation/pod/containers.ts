// Validation of a pod's containers: common rules, and those of init and ephemeral ones.
import { duplicate, type FieldError, forbiddenField, invalidValue, notFoundField, notSupported, required } from '../../field-error.ts'
import type { Container, ContainerPort, ContainerResizePolicy, EphemeralContainer, PodSpec, Volume } from '../../types/core-v1.ts'
import { duplicateShown, notSupportedShown } from '../go-syntax.ts'
import { dns1123Label, portName, portNumber } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { validateVolumeDevices, validateVolumeMounts } from './container-volumes.ts'
import { validateEnvironment, validateEnvironmentFrom } from './environment.ts'
import { validateLifecycle, validateProbe } from './probes.ts'
import { validateResourceRequirements } from './resource-requirements.ts'
import { validateSecurityContext } from './security-context.ts'

export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP']
const pullPolicies = ['Always', 'IfNotPresent', 'Never']
const messagePolicies = ['File', 'FallbackToLogsOnError']
const resizePolicies = ['NotRequired', 'RestartContainer']
const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** A regular container's fields that an ephemeral one may not have: it is for inspection, not for serving. */
const notForEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', ...probes, 'lifecycle'] as const

/** What the rules for one container need from its pod. */
export interface ContainerPlace {
  readonly spec: PodSpec
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claimNames: ReadonlySet<string>
}

export function validateContainers(place: ContainerPlace, path: string, errors: FieldError[]): void {
  const containers = place.spec.containers ?? []
  if (containers.length === 0) {
    errors.push(required(path))
    return
  }
  const names = new Set<string>()
  for (let index = 0; index < containers.length; index++) {
    const container = containers[index]
    if (container === undefined) continue
    const at = `${path}[${index}]`
    validateContainer(container, place, at, errors)
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    else names.add(container.name)
    validateHooksAndProbes(container, place.spec, at, errors)
    if (container.restartPolicy !== undefined) {
      errors.push(forbiddenField(`${at}.restartPolicy`, 'may not be set for non-init containers'))
    }
  }
  validateHostPorts(containers, path, errors)
}

export function validateInitContainers(place: ContainerPlace, path: string, errors: FieldError[]): void {
  const names = new Set((place.spec.containers ?? []).map(container => container.name))
  place.spec.initContainers?.forEach((container, index) => {
    const at = `${path}[${index}]`
    validateContainer(container, place, at, errors)
    const restarts = container.restartPolicy
    if (restarts !== undefined && restarts !== 'Always') errors.push(notSupported(`${at}.restartPolicy`, restarts, ['Always']))
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    else if (container.name) names.add(container.name)
    // Init containers run one after the other: only the ports of the same one can collide.
    validateHostPorts([container], path, errors)
    if (restarts === 'Always') {
      validateHooksAndProbes(container, place.spec, at, errors)
      return
    }
    const text = 'may not be set for init containers without restartPolicy=Always'
    for (const field of ['lifecycle', ...probes] as const)
      if (container[field] !== undefined) errors.push(forbiddenField(`${at}.${field}`, text))
  })
}

/** Fields of those that are forbidden even if empty. */
const seenEmpty: ReadonlySet<string> = new Set(['lifecycle', 'ports', 'resizePolicy'])

export function validateEphemeralContainers(place: ContainerPlace, path: string, errors: FieldError[]): void {
  const { spec } = place
  if ((spec.ephemeralContainers?.length ?? 0) === 0) return
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(container => container.name))
  const names = new Set(others)
  spec.ephemeralContainers?.forEach((container, index) => {
    const at = `${path}[${index}]`
    validateContainer(container, place, at, errors)
    validateImageOfPod(container, at, errors)
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name))
    else names.add(container.name)
    const target = container.targetContainerName
    if (target && !others.has(target)) errors.push(notFoundField(`${at}.targetContainerName`, target))
    const text = 'cannot be set for an Ephemeral Container'
    for (const field of notForEphemeral) {
      if (seenEmpty.has(field) ? container[field] !== undefined : isSet(container[field]))
        errors.push(forbiddenField(`${at}.${field}`, text))
    }
    container.volumeMounts?.forEach((mount, mountIndex) => {
      if (mount.subPath) errors.push(forbiddenField(`${at}.volumeMounts[${mountIndex}].subPath`, text))
      if (mount.subPathExpr) errors.push(forbiddenField(`${at}.volumeMounts[${mountIndex}].subPathExpr`, text))
    })
  })
}

function isSet(value: object | string | undefined): boolean {
  return value !== undefined && value !== '' && (typeof value === 'string' || Object.keys(value).length > 0)
}

/** For a pod itself, not for a template: existing templates with padded images stay valid. */
export function validateImageOfPod(container: Container | EphemeralContainer, path: string, errors: FieldError[]): void {
  const image = container.image ?? ''
  if (image.trim() !== image) errors.push(invalidValue(`${path}.image`, image, 'must not have leading or trailing whitespace'))
}

function validateContainer(container: Container | EphemeralContainer, place: ContainerPlace, path: string, errors: FieldError[]): void {
  if (!container.name) errors.push(required(`${path}.name`))
  else pushMessages(errors, `${path}.name`, container.name, dns1123Label(container.name))
  if (!container.image) errors.push(required(`${path}.image`))
  const { terminationMessagePolicy = '', imagePullPolicy = '' } = container
  validateRequiredChoice(terminationMessagePolicy, messagePolicies, `${path}.terminationMessagePolicy`, errors)
  if (container.ports !== undefined) validatePorts(container.ports, `${path}.ports`, errors)
  validateEnvironment(container.env, `${path}.env`, errors)
  validateEnvironmentFrom(container.envFrom, `${path}.envFrom`, errors)
  validateVolumeMounts(container, place.volumes, `${path}.volumeMounts`, errors)
  validateVolumeDevices(container, place.volumes, `${path}.volumeDevices`, errors)
  validateRequiredChoice(imagePullPolicy, pullPolicies, `${path}.imagePullPolicy`, errors)
  validateResourceRequirements(container.resources, place.claimNames, `${path}.resources`, errors)
  if (container.resizePolicy !== undefined) validateResizePolicy(container.resizePolicy, place.spec, `${path}.resizePolicy`, errors)
  validateSecurityContext(container.securityContext, place.spec.hostUsers !== false, `${path}.securityContext`, errors)
}

/** One of a closed list, which defaulting fills in if it is missing. */
export function validateRequiredChoice(value: string | undefined, supported: readonly string[], path: string, errors: FieldError[]): void {
  if (!value) errors.push(required(path))
  else if (!supported.includes(value)) errors.push(notSupported(path, value, supported))
}

function validateHooksAndProbes(container: Container, spec: PodSpec, path: string, errors: FieldError[]): void {
  const grace = spec.terminationGracePeriodSeconds
  if (container.lifecycle !== undefined) validateLifecycle(container.lifecycle, grace, `${path}.lifecycle`, errors)
  for (const field of probes) {
    const probe = container[field]
    if (probe !== undefined) validateProbe(probe, field, grace, `${path}.${field}`, errors)
  }
}

function validatePorts(ports: readonly ContainerPort[], path: string, errors: FieldError[]): void {
  const names = new Set<string>()
  ports.forEach((port, index) => {
    const at = `${path}[${index}]`
    if (port.name) {
      const messages = portName(port.name)
      if (messages.length > 0) pushMessages(errors, `${at}.name`, port.name, messages)
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      else names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else pushMessages(errors, `${at}.containerPort`, port.containerPort, portNumber(port.containerPort))
    if (port.hostPort) pushMessages(errors, `${at}.hostPort`, port.hostPort, portNumber(port.hostPort))
    validateRequiredChoice(port.protocol, protocols, `${at}.protocol`, errors)
  })
}

/** Two containers cannot have the same host port. */
function validateHostPorts(containers: readonly Container[], path: string, errors: FieldError[]): void {
  let taken: Set<string> | undefined
  for (let index = 0; index < containers.length; index++) {
    const ports = containers[index]?.ports ?? []
    for (let portIndex = 0; portIndex < ports.length; portIndex++) {
      const port = ports[portIndex]
      if (!port?.hostPort) continue
      taken ??= new Set()
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(key)) errors.push(duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, key))
      taken.add(key)
    }
  }
}

function validateResizePolicy(policies: readonly ContainerResizePolicy[], spec: PodSpec, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  policies.forEach(({ resourceName = '', restartPolicy = '' }, index) => {
    if (seen.has(resourceName)) errors.push(duplicateShown(`${path}[${index}]`, resourceName))
    seen.add(resourceName)
    if (resourceName === '') errors.push(required(path))
    else if (resourceName !== 'cpu' && resourceName !== 'memory') errors.push(notSupportedShown(path, resourceName, ['cpu', 'memory']))
    validateRequiredChoice(restartPolicy, resizePolicies, path, errors)
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.push(invalidValue(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    }
  })
}
