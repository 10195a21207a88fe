// The condition Available of an APIService. Pure; reasons and messages are upstream's.
import type { APIServiceCondition } from '../../../api/types/apiregistration-v1.ts'
import { formatTime } from '../../../base/clock.ts'

export interface Availability {
  readonly available: boolean
  readonly reason: string
  readonly message: string
}

export const local: Availability = { available: true, reason: 'Local', message: 'Local APIServices are always available' }
export const passed: Availability = { available: true, reason: 'Passed', message: 'all checks passed' }

/** The conditions with this one replaced; the same list if nothing changes. Its transition time changes only with its status. */
export function withAvailability(
  conditions: readonly APIServiceCondition[],
  { available, reason, message }: Availability,
  now: number,
): readonly APIServiceCondition[] {
  const status = available ? 'True' : 'False'
  const at = conditions.findIndex(({ type }) => type === 'Available')
  const before = conditions[at]
  if (before?.status === status && before.reason === reason && before.message === message) return conditions
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? null) : formatTime(now)
  const condition: APIServiceCondition = { type: 'Available', status, lastTransitionTime, reason, message }
  return before === undefined ? [...conditions, condition] : conditions.with(at, condition)
}
