// Recognizes requests with a credential of group system:masters, and those that act as its member. No role, binding or webhook restricts it,
// so each use is an alarm.
import { systemMasters } from '../../access/access.ts'
import type { Authenticated } from '../../access/revocation.ts'
import type { UserInfo } from '../../api/user.ts'

/** On the audit event of each such request. */
export const breakGlassAnnotation = 'bulkhead.dev/break-glass'

/** The supervisor of the cluster issues itself a certificate to give its nodes their tickets, whatever RBAC says. It is on no disk. */
export const supervisorName = 'bulkhead-up'

/** The group comes from a certificate only: no other credential may name it. */
export const isBreakGlass = ({ authenticator, user }: Pick<Authenticated, 'authenticator' | 'user'>): boolean =>
  authenticator === 'x509' && user.groups.includes(systemMasters) && user.name !== supervisorName

/** Whether an impersonated user is a member. */
export const actsAsMaster = ({ groups }: UserInfo): boolean => groups.includes(systemMasters)
