// Which ServiceAccounts get a right from a RoleBinding or ClusterRoleBinding: their pods get a token and network access to the API server.
// Pure.
import type { ClusterRoleBinding, RoleBinding, Subject } from '../api/types/rbac-v1.ts'
import { makeKey } from '../client/cache/object-key.ts'

export type Binding = RoleBinding | ClusterRoleBinding

/** One account, or all of a namespace (`name` is ''), or all of the cluster (both are ''). */
export interface Holders {
  readonly namespace: string
  readonly name: string
}

const accountPrefix = 'system:serviceaccount:'
const everyAccount = 'system:serviceaccounts'
const allUsers = 'system:authenticated'

/**
 * A RoleBinding gives rights only to accounts of its own namespace: its author can name any account and group, and could otherwise open
 * pods of other namespaces. Kubernetes' own bindings to groups, with names that begin with `system:`, do not count as a grant. The API
 * server uses the same rule.
 */
export function holdersOf({ metadata, subjects }: Binding): Holders[] {
  const { name = '', namespace: scope = '' } = metadata
  return (subjects ?? []).flatMap(subject => {
    const holders = subject.kind === 'Group' && name.startsWith('system:') ? undefined : holdersOfSubject(subject, scope)
    return holders !== undefined && (scope === '' || holders.namespace === scope) ? [holders] : []
  })
}

function holdersOfSubject({ kind, name, namespace }: Subject, scope: string): Holders | undefined {
  if (kind === 'ServiceAccount') return oneAccount(namespace || scope, name)
  if (kind === 'User') {
    const [own, account, ...more] = name.startsWith(accountPrefix) ? name.slice(accountPrefix.length).split(':') : []
    return more.length > 0 ? undefined : oneAccount(own, account)
  }
  if (name === everyAccount || name === allUsers) return { namespace: scope, name: '' }
  const own = name.startsWith(`${everyAccount}:`) ? name.slice(everyAccount.length + 1) : ''
  return own === '' ? undefined : { namespace: own, name: '' }
}

/** Skips empty namespaces and names, which would mean all. */
const oneAccount = (namespace = '', name = ''): Holders | undefined => (namespace === '' || name === '' ? undefined : { namespace, name })

/** For an index of bindings. */
export const holderKeysOf = (binding: Binding): string[] => [
  ...new Set(holdersOf(binding).map(({ namespace, name }) => makeKey(namespace, name))),
]
export const keyOfAccount = makeKey
/** All bindings that include all accounts of the namespace have one of these keys. */
export const keysOfAllAccounts = (namespace: string): string[] => [makeKey(namespace, ''), makeKey('', '')]
