// The conditions of a CustomResourceDefinition.
import { formatTime } from '../../base/clock.ts'
import type { CustomResourceDefinitionCondition, CustomResourceDefinitionStatus } from '../types/apiextensions-v1.ts'

export interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export function isTrue(status: CustomResourceDefinitionStatus | undefined, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
}

/** The conditions with this one added; its time is kept if its status is unchanged. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[],
  finding: Finding,
  now: number,
): CustomResourceDefinitionCondition[] {
  const at = conditions.findIndex(({ type }) => type === finding.type)
  const old = conditions[at]
  const time = old?.status === finding.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(now)
  const { type, status, reason, message } = finding
  const next: CustomResourceDefinitionCondition = { type, status, lastTransitionTime: time, reason, message }
  return at < 0 ? [...conditions, next] : conditions.with(at, next)
}
