import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holderKeysOf, keyOfAccount, keysOfAllAccounts } from './binding-holders.ts'

const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
const keys = (namespace: string, kind: string, subject: string, own?: string, name = 'b') =>
  holderKeysOf({
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    roleRef,
    subjects: [{ kind, name: subject, ...(own === undefined ? {} : { namespace: own }) }],
  })
const account = keyOfAccount('team', 'robot')
const [allOfTeam, all] = keysOfAllAccounts('team')

const rows: readonly [string, string[], (string | undefined)[]][] = [
  ['an account of its namespace', keys('team', 'ServiceAccount', 'robot'), [account]],
  ['an account of another namespace', keys('other', 'ServiceAccount', 'robot', 'team'), []],
  ['an account, for the cluster', keys('', 'ServiceAccount', 'robot', 'team'), [account]],
  ['an account without a namespace, for the cluster', keys('', 'ServiceAccount', 'robot'), []],
  ['the user that an account is', keys('', 'User', 'system:serviceaccount:team:robot'), [account]],
  ['that user, in another namespace', keys('other', 'User', 'system:serviceaccount:team:robot'), []],
  ['a user that is no account', keys('', 'User', 'system:serviceaccount:team:robot:x'), []],
  ['a user whose name is that of an account without a name', keys('', 'User', 'system:serviceaccount:team:'), []],
  ['a user whose name is that of an account without a namespace', keys('', 'User', 'system:serviceaccount::robot'), []],
  ['a user with the name of the group of all accounts', keys('', 'User', 'system:serviceaccounts'), []],
  ['a group with the name of an account', keys('', 'Group', 'system:serviceaccount:team:robot'), []],
  ['the accounts of its namespace', keys('team', 'Group', 'system:serviceaccounts:team'), [allOfTeam]],
  ['the accounts of another namespace', keys('other', 'Group', 'system:serviceaccounts:team'), []],
  ['the accounts of a namespace, for the cluster', keys('', 'Group', 'system:serviceaccounts:team'), [allOfTeam]],
  ['the accounts of no namespace', keys('', 'Group', 'system:serviceaccounts:'), []],
  ['all accounts, in its namespace', keys('team', 'Group', 'system:serviceaccounts'), [allOfTeam]],
  ['all users, in its namespace', keys('team', 'Group', 'system:authenticated'), [allOfTeam]],
  ['all accounts, for the cluster', keys('', 'Group', 'system:serviceaccounts'), [all]],
  ["all users, by a binding of Kubernetes' own", keys('', 'Group', 'system:authenticated', undefined, 'system:discovery'), []],
  ['a group of people', keys('team', 'Group', 'ops'), []],
]
for (const [what, found, wanted] of rows)
  test(`a binding to ${what} gives a right to ${wanted.length === 0 ? 'no account' : 'them'}`, () => assert.deepEqual(found, wanted))
