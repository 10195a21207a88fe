// What Bulkhead grants beside Kubernetes' own policy. Join tickets need no role: the JoinTicket authorizer grants their two rights.
import type { Role, RoleBinding } from '../rbac-object.ts'
import { read, role, roleBinding, rule, serviceAccount } from './policy-rule.ts'

const ticketConsumer = 'bulkhead:join-ticket-consumer'

/** Approving a node's first certificate reads the ticket and deletes it, so that it works once. */
export const ownRoles: readonly Role[] = [
  role('kube-system', ticketConsumer, [rule(read, 'core', 'secrets'), rule('delete', 'core', 'secrets')]),
]

export const ownRoleBindings: readonly RoleBinding[] = [
  roleBinding('kube-system', ticketConsumer, ticketConsumer, [serviceAccount('certificate-controller')]),
]
