// References from environment variables and downward API files to fields and resources of the pod.
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../types/core-v1.ts'
import { qualifiedName } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { isZeroAmount } from '../quantities.ts'

export const environmentFieldPaths: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

export const volumeFieldPaths: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** All fields that the downward API can read; each place allows some of them. */
const readablePaths = new Set([...environmentFieldPaths, ...volumeFieldPaths, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'])

const containerResources: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

export function validateFieldRef(reference: ObjectFieldSelector, allowed: readonly string[], path: string, errors: FieldError[]): void {
  if (!reference.apiVersion) {
    errors.push(required(`${path}.apiVersion`))
    return
  }
  if (!reference.fieldPath) {
    errors.push(required(`${path}.fieldPath`))
    return
  }
  const subscripted = splitSubscript(reference.fieldPath)
  const refusal = refuseFieldPath(reference.apiVersion, reference.fieldPath, subscripted)
  if (refusal !== undefined) {
    errors.push(invalidValue(`${path}.fieldPath`, reference.fieldPath, `error converting fieldPath: ${refusal}`))
    return
  }
  if (subscripted !== undefined) {
    const [field, key] = subscripted
    pushMessages(
      errors,
      path,
      field === 'metadata.annotations' ? key.toLowerCase() : key,
      qualifiedName(field === 'metadata.annotations' ? key.toLowerCase() : key),
    )
    return
  }
  const field = reference.fieldPath === 'spec.host' ? 'spec.nodeName' : reference.fieldPath
  if (!allowed.includes(field)) errors.push(notSupported(`${path}.fieldPath`, field, [...allowed].sort()))
}

function refuseFieldPath(apiVersion: string, fieldPath: string, subscripted: readonly [string, string] | undefined): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`
  if (subscripted !== undefined) {
    const [field] = subscripted
    return field === 'metadata.annotations' || field === 'metadata.labels'
      ? undefined
      : `field label does not support subscript: ${fieldPath}`
  }
  return readablePaths.has(fieldPath) || fieldPath === 'spec.host' ? undefined : `field label not supported: ${fieldPath}`
}

/** `metadata.labels['app']` in its two parts. */
function splitSubscript(fieldPath: string): readonly [field: string, key: string] | undefined {
  const open = fieldPath.indexOf("['")
  // The two brackets may not share their quotation mark.
  if (open <= 0 || open + 2 > fieldPath.length - 2 || !fieldPath.endsWith("']")) return undefined
  return [fieldPath.slice(0, open), fieldPath.slice(open + 2, -2)]
}

/** `inVolume`: a file of a volume must name its container. */
export function validateResourceFieldRef(reference: ResourceFieldSelector, inVolume: boolean, path: string, errors: FieldError[]): void {
  const resource = reference.resource ?? ''
  const hugePages = resource.startsWith('requests.hugepages-') || resource.startsWith('limits.hugepages-')
  if (inVolume && !reference.containerName) errors.push(required(`${path}.containerName`))
  else if (resource === '') errors.push(required(`${path}.resource`))
  else if (!containerResources.includes(resource) && !hugePages) {
    errors.push(notSupported(`${path}.resource`, resource, containerResources))
  }
  validateDivisor(resource, reference.divisor, hugePages, path, errors)
}

function validateDivisor(resource: string, divisor: string | undefined, hugePages: boolean, path: string, errors: FieldError[]): void {
  if (divisor === undefined || isZeroAmount(divisor)) return
  const kind = containerResources.includes(resource) ? resource.slice(resource.indexOf('.') + 1) : undefined
  if (kind === 'cpu') {
    if (divisor !== '1' && divisor !== '1m') {
      errors.push(invalidValue(`${path}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"))
    }
    return
  }
  const what = kind === 'memory' ? kind : kind === 'ephemeral-storage' ? 'local ephemeral storage' : hugePages ? 'hugepages' : undefined
  if (what === undefined || byteDivisors.includes(divisor)) return
  errors.push(
    invalidValue(`${path}.divisor`, resource, `only divisor's values ${byteDivisors.join(', ')} are supported with the ${what} resource`),
  )
}
