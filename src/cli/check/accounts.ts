// Lists the ServiceAccounts that the manifests need.
import { resources } from '../../api/resources/index.ts'
import { dns1123Label, dns1123Subdomain } from '../../api/validation/names.ts'
import { checkedObject } from '../../assess/checked-object.ts'
import { createObjectSet } from '../../assess/object-set.ts'
import type { Manifest } from './manifests.ts'

export interface Account {
  readonly namespace: string
  readonly name: string
}

/**
 * The accounts that pods of the manifests name, and `default` in each namespace. Invalid names are left out; the server refuses them.
 * `namespace` applies to objects without one.
 */
export function accountsOf(manifests: readonly Manifest[], namespace: string): Account[] {
  const accounts = new Map<string, Account>()
  const add = (account: Account) => {
    if (dns1123Label(account.namespace).length > 0 || dns1123Subdomain(account.name).length > 0) return
    accounts.set(`${account.namespace}/${account.name}`, account)
  }
  for (const manifest of manifests) {
    const where = manifest.namespace || namespace
    add({ namespace: where, name: 'default' })
    const object = checkedObject(manifest.value, resources, namespace)
    for (const { pod } of object === undefined ? [] : createObjectSet([object]).workloads)
      if (pod.spec.serviceAccountName) add({ namespace: where, name: pod.spec.serviceAccountName })
  }
  return [...accounts.values()]
}
