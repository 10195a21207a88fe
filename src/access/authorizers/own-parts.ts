// The identities of the cluster's own parts: their rights are decided only here, so that no webhook can lock them out.
import type { UserInfo } from '../../api/user.ts'
import { administratorsGroup, systemMasters } from '../access.ts'
import { isNode } from './node.ts'

const partUsers: ReadonlySet<string> = new Set(['system:apiserver', 'system:kube-scheduler', 'system:kube-controller-manager'])
/** Controllers, which have an account each. */
const partsGroup = 'system:serviceaccounts:kube-system'

/** Parts of the cluster, and administrators, who repair what is full. */
export const isClusterCritical = (user: UserInfo): boolean => isOwnPart(user) || isAdministrator(user)

export const isAdministrator = ({ groups }: UserInfo): boolean => groups.includes(administratorsGroup) || groups.includes(systemMasters)

export const isOwnPart = (user: UserInfo): boolean => partUsers.has(user.name) || user.groups.includes(partsGroup) || isNode(user)
