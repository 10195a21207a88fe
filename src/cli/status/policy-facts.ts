// Whether nodes enforce network policies, from their conditions.
import type { NodeCondition } from '../../api/types/core-v1.ts'
import { networkPolicyCondition } from '../../node/registration/node-object.ts'

export interface PolicyFacts {
  readonly enforced: boolean
  /** Why they are not enforced; empty if they are. */
  readonly reason: string
  readonly message: string
}

/** A node without this condition does not enforce them. */
export function policyFacts(conditions: readonly NodeCondition[]): PolicyFacts {
  const said = conditions.find(({ type }) => type === networkPolicyCondition)
  if (said?.status === 'True') return { enforced: true, reason: '', message: '' }
  return {
    enforced: false,
    reason: said?.reason ?? 'Unknown',
    message: said?.message ?? 'the node does not report whether it enforces them',
  }
}

export function policyText({ enforced, message }: PolicyFacts): string {
  return enforced ? 'network policies enforced' : `network policies not enforced: ${message}`
}

/** One sentence for each node that does not enforce network policies. */
export function unenforced(
  nodes: readonly { readonly name: string; readonly ready: boolean; readonly networkPolicies: PolicyFacts }[],
): string[] {
  return nodes
    .filter(({ ready, networkPolicies: { enforced, reason } }) => ready && !enforced && reason !== 'SimulatedNode')
    .map(({ name, networkPolicies: { message } }) => `Node "${name}" does not enforce network policies: ${message}`)
}
