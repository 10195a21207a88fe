// Whether a write is only tried.
import { notSupported } from '../api/field-error.ts'
import { invalid } from '../api/status.ts'

/** Throws a 422 in the name of the options' kind for anything but `All`. */
export function isDryRun(values: readonly string[], optionsKind: string): boolean {
  if (values.length === 0 || (values.length === 1 && values[0] === '')) return false
  if (values.some(value => value !== 'All')) {
    throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', [notSupported('dryRun', values, ['All'])])
  }
  return true
}
