// Tries to grant more than one holds: by every way to write a role or a binding, and with the rights `bind` and `escalate` beyond what they are for.
import type { PolicyRule } from '../../../api/types/rbac-v1.ts'
import { clusterRoles, roleBindings, roles } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { connectWith } from '../../request.ts'
import { type Arena, accountSubject, grantClusterRole, grantRole } from './arena.ts'
import {
  bindCases,
  clusterRights,
  type EscalationCase,
  type EscalationNames,
  escalateCases,
  escalationCases,
  namespaceRights,
  strongBinding,
  strongRole,
  weakRole,
} from './escalation.ts'

const group = 'rbac.authorization.k8s.io'

const climbers: readonly (readonly [string, readonly PolicyRule[], (names: EscalationNames) => readonly EscalationCase[]])[] = [
  ['climber', [], escalationCases],
  ['binder', [{ verbs: ['bind'], apiGroups: [group], resources: ['roles'], resourceNames: ['strong'] }], bindCases],
  ['escalator', [{ verbs: ['escalate'], apiGroups: [group], resources: ['roles'] }], escalateCases],
]

export async function tryEscalation(arena: Arena, signal: AbortSignal): Promise<void> {
  const { context, first, cluster } = arena
  const { client } = context
  const namespace = first.name
  for (const role of [weakRole, strongRole, { ...strongRole, metadata: { name: 'other' } }])
    await client.create(roles, namespace, role, signal)
  await client.create(roleBindings, namespace, strongBinding, signal)
  await cluster.create(clusterRoles, { metadata: { name: `${cluster.prefix}-weak` }, rules: [...clusterRights] }, signal)
  await inParallel(climbers, async ([account, more, cases]) => {
    await first.account(account, signal)
    const subject = accountSubject(account, namespace)
    await grantRole(arena, first, account, [...namespaceRights, ...more], subject, signal)
    await grantClusterRole(arena, account, clusterRights, subject, undefined, signal)
    await using transport = connectWith(context.endpoint, { token: await first.token(account, {}, signal) })
    await inParallel(cases({ namespace, prefix: cluster.prefix, account }), async ({ name, request, refusedBy }) => {
      if (refusedBy === undefined) await context.attempts.accepted(name, transport, request, signal)
      else await context.attempts.refused(name, transport, request, { names: refusedBy }, signal)
    })
  })
}
