// Whom a RoleBinding or ClusterRoleBinding gives something: by this a ServiceAccount counts as one that has a right. Pure.
import type { ClusterRoleBinding, RoleBinding } from '../api/types/rbac-v1.ts'

export type Binding = RoleBinding | ClusterRoleBinding

const accountPrefix = 'system:serviceaccount:'
const everyAccount = 'system:serviceaccounts'
const everybody = 'system:authenticated'

/** Users and groups, each once. Kubernetes' own bindings to groups, whose names begin with `system:`, are no right of an account. */
export function holdersOf({ metadata, subjects }: Binding): string[] {
  const { name = '', namespace = '' } = metadata
  const holders = (subjects ?? []).flatMap(subject => {
    if (subject.kind === 'ServiceAccount') return [`${accountPrefix}${subject.namespace || namespace}:${subject.name}`]
    return subject.kind === 'Group' && name.startsWith('system:') ? [] : [subject.name]
  })
  return [...new Set(holders)]
}

/** The user that the account is. */
export const accountHolder = (namespace: string, account: string): string => `${accountPrefix}${namespace}:${account}`

/** The names under which the account may hold a right: its user and its groups. */
export const namesOfAccount = (namespace: string, account: string): string[] => [
  accountHolder(namespace, account),
  ...groupsOfAccounts(namespace),
]

/** The groups of all accounts of the namespace. */
export const groupsOfAccounts = (namespace: string): string[] => [`${everyAccount}:${namespace}`, everyAccount, everybody]

/** The account that a holder is, or the namespace all of whose accounts it stands for ('' for all namespaces); undefined for other users and groups. */
export function accountsOfHolder(holder: string): { readonly namespace: string; readonly name?: string } | undefined {
  if (holder === everyAccount || holder === everybody) return { namespace: '' }
  if (holder.startsWith(`${everyAccount}:`)) return { namespace: holder.slice(everyAccount.length + 1) }
  if (!holder.startsWith(accountPrefix)) return undefined
  const [namespace = '', name = ''] = holder.slice(accountPrefix.length).split(':', 2)
  return { namespace, name }
}
