// What upstream warns of in a claim for storage, and in amounts of bytes anywhere: a fraction of a byte is an upper-case M gone wrong.
import { milliValue, parseQuantity } from '../../quantity.ts'
import type { PersistentVolumeClaimSpec, ResourceList } from '../../types/core-v1.ts'

export function warnOfClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string, warnings: string[]): void {
  warnOfFractions(spec?.resources?.requests, ['storage'], `${path}.resources.requests`, warnings)
  warnOfFractions(spec?.resources?.limits, ['storage'], `${path}.resources.limits`, warnings)
}

export function warnOfFractions(list: ResourceList | undefined, names: readonly string[], path: string, warnings: string[]): void {
  for (const name of names) {
    const amount = list?.[name]
    if (amount === undefined || milliValue(parseQuantity(amount)) % 1000n === 0n) continue
    warnings.push(`${path}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`)
  }
}
