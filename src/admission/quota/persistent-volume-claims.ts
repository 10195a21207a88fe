// The quota usage of a PersistentVolumeClaim: itself and its storage, in total and by storage class.
import { compareQuantities, integerValue, parseQuantity, type Quantity } from '../../api/quantity/quantity.ts'
import type { ResourceAmounts } from '../../api/quantity/resource-amounts.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { countName, type Evaluator } from './evaluator.ts'

const one = parseQuantity('1')
const byClass = '.storageclass.storage.k8s.io/'
const bounded = ['persistentvolumeclaims', 'requests.storage']
const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

export const persistentVolumeClaims: Evaluator = {
  groupResource: 'persistentvolumeclaims',
  measures: 'objects',
  handles({ subresource, operation, object, oldObject }) {
    if (subresource === '') return operation === 'CREATE' || operation === 'UPDATE'
    // A driver may report here that it allocated more than requested.
    return subresource === 'status' && operation === 'UPDATE' && allocated(object) !== allocated(oldObject)
  },
  covers: name =>
    name === countName('persistentvolumeclaims') || bounded.some(resource => name === resource || name.endsWith(`${byClass}${resource}`)),
  usage(object) {
    const claim = object as PersistentVolumeClaim
    const usage: ResourceAmounts = new Map([
      [countName('persistentvolumeclaims'), one],
      ['persistentvolumeclaims', one],
    ])
    const storageClass = claim.metadata.annotations?.[betaClassAnnotation] ?? claim.spec?.storageClassName ?? ''
    if (storageClass !== '') usage.set(`${storageClass}${byClass}persistentvolumeclaims`, one)
    const storage = storageOf(claim)
    if (storage === undefined) return usage
    usage.set('requests.storage', storage)
    if (storageClass !== '') usage.set(`${storageClass}${byClass}requests.storage`, storage)
    return usage
  },
  inScope: () => false,
}

function allocated(object: unknown): string | undefined {
  return (object as PersistentVolumeClaim | undefined)?.status?.allocatedResources?.['storage']
}

/** Whole bytes: the larger of the requested and the allocated amount. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.['storage']
  if (asked === undefined) return undefined
  const wanted = parseQuantity(asked)
  const given = status?.allocatedResources?.['storage']
  const larger = given !== undefined && compareQuantities(parseQuantity(given), wanted) > 0 ? parseQuantity(given) : wanted
  return larger.scale >= 0 ? larger : { value: integerValue(larger), scale: 0, format: larger.format }
}
