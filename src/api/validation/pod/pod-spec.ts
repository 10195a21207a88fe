// Validation of a pod's spec, in pods and in the templates of every workload.
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { ObjectMeta } from '../../object.ts'
import type { PodResourceClaim, PodSpec } from '../../types/core-v1.ts'
import { dns1123Label, nameIsDnsSubdomain, rangeMessage } from '../names.ts'
import { pushMessages, validateLabels } from '../object-meta.ts'
import {
  type ContainerPlace,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
  validateRequiredChoice,
} from './containers.ts'
import { validateDnsConfig, validateHostAliases, validateHostNetworkPorts } from './pod-network.ts'
import {
  validateAffinity,
  validateReadinessGates,
  validateSchedulingGates,
  validateTolerations,
  validateTopologySpread,
} from './pod-placement.ts'
import { validateResourceRequirements } from './resource-requirements.ts'
import { validateHostUsers, validatePodSecurityContext } from './security-context.ts'
import { validateVolumes } from './volumes.ts'
import { validateHostProcess, validateLinuxPod, validateWindowsPod } from './windows-options.ts'

const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const preemptionPolicies = ['PreemptLowerPriority', 'Never']
const maxInt32 = 2147483647

export interface PodSpecPlace {
  /** The metadata of the pod itself; undefined in a template. */
  readonly meta?: ObjectMeta
  /** Whether this is a Pod and not a template: rules that templates never had apply too. */
  readonly isPod: boolean
}

/** Validates a spec after defaulting. Errors come in upstream's order. */
export function validatePodSpec(spec: PodSpec, place: PodSpecPlace, path: string, errors: FieldError[]): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(required(`${path}.terminationGracePeriodSeconds`))
  const volumes = validateVolumes(spec.volumes, place.meta, `${path}.volumes`, errors)
  const claimNames = validateResourceClaims(spec.resourceClaims, `${path}.resourceClaims`, errors)
  const containerPlace: ContainerPlace = { spec, volumes, claimNames }
  validateContainers(containerPlace, `${path}.containers`, errors)
  validateInitContainers(containerPlace, `${path}.initContainers`, errors)
  validateEphemeralContainers(containerPlace, `${path}.ephemeralContainers`, errors)
  validateHostNetworkPorts(spec, place.isPod, path, errors)
  validateRequiredChoice(spec.restartPolicy, restartPolicies, `${path}.restartPolicy`, errors)
  validateRequiredChoice(spec.dnsPolicy, dnsPolicies, `${path}.dnsPolicy`, errors)
  validateLabels(spec.nodeSelector, `${path}.nodeSelector`, errors)
  validatePodSecurityContext(spec, `${path}.securityContext`, errors)
  validateAffinity(spec.affinity, `${path}.affinity`, errors)
  validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`, errors)
  validateReadinessGates(spec.readinessGates, `${path}.readinessGates`, errors)
  validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`, errors)
  validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, errors)
  validateHostProcess(spec, path, errors)
  validateHostUsers(spec, path, errors)
  validateNamedThings(spec, path, errors)
  validateOverhead(spec, `${path}.overhead`, errors)
  validateOs(spec, path, errors)
}

function validateNamedThings(spec: PodSpec, path: string, errors: FieldError[]): void {
  validateName(spec.serviceAccountName, `${path}.serviceAccountName`, errors)
  validateName(spec.nodeName, `${path}.nodeName`, errors)
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) {
    errors.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, rangeMessage(1, maxInt32)))
  }
  if (spec.hostname) pushMessages(errors, `${path}.hostname`, spec.hostname, dns1123Label(spec.hostname))
  if (spec.subdomain) pushMessages(errors, `${path}.subdomain`, spec.subdomain, dns1123Label(spec.subdomain))
  validateTolerations(spec.tolerations, `${path}.tolerations`, errors)
  validateHostAliases(spec.hostAliases, `${path}.hostAliases`, errors)
  validateName(spec.priorityClassName, `${path}.priorityClassName`, errors)
  if (spec.runtimeClassName !== undefined) {
    pushMessages(errors, `${path}.runtimeClassName`, spec.runtimeClassName, nameIsDnsSubdomain(spec.runtimeClassName, false))
  }
  if (spec.preemptionPolicy !== undefined) {
    validateRequiredChoice(spec.preemptionPolicy, preemptionPolicies, `${path}.preemptionPolicy`, errors)
  }
}

function validateName(name: string | undefined, path: string, errors: FieldError[]): void {
  if (name) pushMessages(errors, path, name, nameIsDnsSubdomain(name, false))
}

function validateOverhead(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.overhead !== undefined) validateResourceRequirements({ limits: spec.overhead }, new Set(), path, errors)
}

function validateOs(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.os === undefined) return
  if (!spec.os.name) errors.push(required(`${path}.os.name`, 'cannot be empty'))
  else if (spec.os.name === 'linux') validateLinuxPod(spec, path, errors)
  else if (spec.os.name === 'windows') validateWindowsPod(spec, path, errors)
  else errors.push(notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']))
}

/** Returns the names of the claims, for containers to refer to. */
function validateResourceClaims(claims: readonly PodResourceClaim[] | undefined, path: string, errors: FieldError[]): ReadonlySet<string> {
  const names = new Set<string>()
  claims?.forEach((claim, index) => {
    const at = `${path}[${index}]`
    if (!claim.name) errors.push(required(`${at}.name`))
    else if (names.has(claim.name)) errors.push(duplicate(`${at}.name`, claim.name))
    else {
      pushMessages(errors, `${at}.name`, claim.name, dns1123Label(claim.name))
      names.add(claim.name)
    }
    const { resourceClaimName: existing, resourceClaimTemplateName: template } = claim
    if (existing !== undefined && template !== undefined) {
      errors.push(invalidValue(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'))
    }
    if (existing === undefined && template === undefined) {
      errors.push(invalidValue(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    }
    validateName(existing, `${at}.resourceClaimName`, errors)
    validateName(template, `${at}.resourceClaimTemplateName`, errors)
  })
  return names
}
