// Names of compute resources: which are allowed where, which are integers, which may be overcommitted.
import { type FieldError, notSupported } from '../field-error.ts'
import { milliValue, parseQuantity } from '../quantity/quantity.ts'
import { goQuantity, invalidShown } from './go-syntax.ts'
import { qualifiedName } from './names.ts'
import { pushMessages } from './object-meta.ts'
import { validateNonnegativeQuantity } from './quantities.ts'

const hugePages = 'hugepages-'
const standardContainerResources = new Set(['cpu', 'memory', 'ephemeral-storage'])

const computeQuota = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'requests.storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]
const counted = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const quotaResources = new Set([...computeQuota, ...counted])
const standardResources = new Set([...computeQuota, ...counted, 'storage'])
const integerResources = new Set(counted)

export const isHugePages = (name: string): boolean => name.startsWith(hugePages)
const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith(`requests.${hugePages}`)

/** In the kubernetes.io domain, to which names without a domain belong. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

/** An extended resource: of another domain, and still a valid name with quota's prefix `requests.`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false
  return qualifiedName(`requests.${name}`).length === 0
}

/** Requests may be lower than limits. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name)

export const isQuotaResource = (name: string): boolean => quotaResources.has(name) || isQuotaHugePages(name)

/** A resource for any use: qualified, or known to Kubernetes. Returns whether the name is valid. */
export function validateResourceName(name: string, path: string, errors: FieldError[]): boolean {
  const messages = qualifiedName(name)
  for (const message of messages) errors.push(invalidShown(path, name, message))
  if (messages.length > 0) return false
  if (!name.includes('/') && !standardResources.has(name) && !isQuotaHugePages(name)) {
    errors.push(invalidShown(path, name, 'must be a standard resource type or fully qualified'))
  }
  return true
}

/** A resource that a container may request. */
export function validateContainerResourceName(name: string, path: string, errors: FieldError[]): void {
  if (standardContainerResources.has(name)) return
  validateResourceName(name, path, errors)
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalidShown(path, name, 'must be a standard resource for containers'))
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidShown(path, name, "doesn't follow extended resource name standard"))
  }
}

/** A resource that a quota may limit. */
export function validateQuotaResourceName(name: string, path: string, errors: FieldError[]): void {
  validateResourceName(name, path, errors)
  if (!name.includes('/') && !isQuotaResource(name)) errors.push(invalidShown(path, name, 'must be a standard resource for quota'))
}

/** Not negative, and an integer if the resource requires it. */
export function validateResourceQuantity(name: string, quantity: string, path: string, errors: FieldError[]): void {
  validateNonnegativeQuantity(quantity, path, errors)
  if (standardContainerResources.has(name)) return
  if ((integerResources.has(name) || isExtendedResource(name)) && milliValue(parseQuantity(quantity)) % 1000n !== 0n) {
    errors.push(invalidShown(path, goQuantity(quantity), 'must be an integer'))
  }
}

/** The only native resource of a claim's allocation is storage. */
export function validateClaimResourceKey(name: string, path: string, errors: FieldError[]): boolean {
  const messages = qualifiedName(name)
  pushMessages(errors, path, name, messages)
  if (messages.length > 0) return false
  if (!isNativeResource(name) || name === 'storage') return true
  errors.push(notSupported(path, name, ['storage']))
  return false
}
