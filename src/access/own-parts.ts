// The identities of the cluster's own parts: what they may do is decided here alone, so that no webhook can lock them out.
import type { UserInfo } from '../api/user.ts'
import { isNode } from './authorizers/node.ts'

const partUsers: ReadonlySet<string> = new Set(['system:apiserver', 'system:kube-scheduler', 'system:kube-controller-manager'])
/** Of the controllers, which have an account each. */
const partsGroup = 'system:serviceaccounts:kube-system'

export const isOwnPart = (user: UserInfo): boolean => partUsers.has(user.name) || user.groups.includes(partsGroup) || isNode(user)
