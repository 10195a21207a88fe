// Upstream's warnings about a claim, and about byte amounts anywhere: a fraction of a byte is probably a mistyped M.
import { writeJson } from '../../../base/write-json.ts'
import { milliValue, parseQuantity } from '../../quantity/quantity.ts'
import type { PersistentVolumeClaimSpec, ResourceList } from '../../types/core-v1.ts'

export function warnOfClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string, warnings: string[]): void {
  warnOfFraction(spec?.resources?.requests, 'storage', `${path}.resources.requests`, warnings)
  warnOfFraction(spec?.resources?.limits, 'storage', `${path}.resources.limits`, warnings)
}

/** Nearly all amounts: none of these has a fraction. */
const wholeAmount = /^\d+(?:[KMGTPE]i|[kMGTPE])?$/

export function warnOfFraction(list: ResourceList | undefined, name: string, path: string, warnings: string[]): void {
  const amount = list?.[name]
  if (amount === undefined || wholeAmount.test(amount) || milliValue(parseQuantity(amount)) % 1000n === 0n) return
  warnings.push(`${path}[${name}]: fractional byte value ${writeJson(amount)} is invalid, must be an integer`)
}
