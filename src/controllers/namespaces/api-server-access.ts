// Allows pods whose ServiceAccount has a right to reach the API server, in namespaces that deny everything by default: otherwise an operator
// starts but cannot use its rights. The NetworkPolicy follows the rights.

import { isDeepStrictEqual } from 'node:util'
import { rule } from '../../api/policy-rule.ts'
import { clusterDefaultsName } from '../../api/resources/bulkhead/cluster-defaults.ts'
import { accountLabel } from '../../api/resources/bulkhead/pod-address.ts'
import { isReason } from '../../api/status.ts'
import type { Endpoints } from '../../api/types/core-v1.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '../../api/types/networking-v1.ts'
import {
  clusterDefaults,
  clusterRoleBindings,
  endpoints,
  namespaces,
  networkPolicies,
  roleBindings,
  serviceAccounts,
} from '../../client/resources.ts'
import { type Binding, holderKeysOf, holdersOf, keyOfAccount, keysOfAllAccounts } from '../binding-holders.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { defaultDenyPolicy, managedLabels } from './namespace-defaults.ts'

export const apiServerPolicy = 'allow-api-server'
const holderIndex = 'holder'
/** The maximum length of a label value: pods of an account with a longer name cannot be selected. */
const maxAccountLength = 63
/** A policy that lists more names could be too large to store. */
export const maxAccounts = 1000

/** Keys are namespaces. */
export const apiServerAccess: Controller = {
  name: 'api-server-access-controller',
  identity: {
    account: 'api-server-access-controller',
    own: true,
    rules: [
      rule('list watch', 'core', 'namespaces endpoints serviceaccounts'),
      rule('list watch', 'rbac.authorization.k8s.io', 'rolebindings clusterrolebindings'),
      rule('get list watch', 'bulkhead.dev', 'clusterdefaults'),
      rule('create list watch', 'networking.k8s.io', 'networkpolicies'),
      rule('update delete', 'networking.k8s.io', 'networkpolicies', 'allow-api-server'),
    ],
  },
  watches: namespaces,
  follows: [
    follow({ resource: roleBindings, keys: namespacesOf }),
    follow({ resource: clusterRoleBindings, keys: namespacesOf }),
    follow({ resource: serviceAccounts, keys: ({ metadata }) => [metadata.namespace ?? ''] }),
    follow({ resource: networkPolicies, keys: ({ metadata }) => (isOurs(metadata.name) ? [metadata.namespace ?? ''] : []) }),
    follow({ resource: endpoints, keys: ({ metadata }, context) => (isApiServer(metadata) ? allNamespaces(context) : []) }),
    follow({ resource: clusterDefaults, keys: (_, context) => allNamespaces(context) }),
  ],
  begin(context) {
    const { informers } = context
    const bindings = [informers.full(roleBindings), informers.full(clusterRoleBindings)]
    for (const cache of bindings) cache.addIndex(holderIndex, holderKeysOf)
    const isBound = (holder: string): boolean => bindings.some(cache => cache.byIndex(holderIndex, holder).length > 0)
    const accounts = informers.full(serviceAccounts)

    const policies = informers.full(networkPolicies)
    /** Names of existing accounts, or `all` if a group of them has a right. Costs one lookup per account, however many subjects bindings have. */
    const accountsWithRights = (namespace: string): readonly string[] | 'all' => {
      if (keysOfAllAccounts(namespace).some(isBound)) return 'all'
      const names = accounts.list(namespace).map(({ metadata }) => metadata.name ?? '')
      return names.filter(name => name.length <= maxAccountLength && isBound(keyOfAccount(namespace, name))).toSorted()
    }
    return async (namespace, signal) => {
      const there = informers.full(namespaces).get('', namespace)
      const current = policies.get(namespace, apiServerPolicy)
      if (there === undefined || there.metadata.deletionTimestamp !== undefined) return done
      const network = informers.full(clusterDefaults).get('', clusterDefaultsName)?.spec?.namespaces?.network
      // Without the default-deny policy, an allow policy would itself deny everything else.
      const denies = isManaged(policies.get(namespace, defaultDenyPolicy))
      const wanted =
        denies && network?.defaultDeny === true && network.allowAPIServer !== false
          ? accessPolicy(accountsWithRights(namespace), informers.full(endpoints).get('default', 'kubernetes'))
          : undefined
      try {
        await apply(context, namespace, current, wanted, signal)
      } catch (err) {
        // The caches were outdated: the change arrives as an event.
        if (!isNamespaceEnding(err) && !isReason(err, 'NotFound') && !isReason(err, 'AlreadyExists') && !isReason(err, 'Conflict'))
          throw err
      }
      return done
    }
  },
}

/** Undefined if no account has a right, or the API server has no address that pods reach. */
export function accessPolicy(accounts: readonly string[] | 'all', apiServer: Endpoints | undefined): NetworkPolicySpec | undefined {
  const subsets = (apiServer?.subsets ?? []).filter(({ addresses = [], ports = [] }) => addresses.length > 0 && ports.length > 0)
  if (accounts.length === 0 || subsets.length === 0) return undefined
  const names = accounts === 'all' ? undefined : accounts.slice(0, maxAccounts)
  return {
    podSelector: names === undefined ? {} : { matchExpressions: [{ key: accountLabel, operator: 'In', values: [...names] }] },
    policyTypes: ['Egress'],
    egress: subsets.map(({ addresses = [], ports = [] }) => ({
      to: addresses.map(({ ip }) => ({ ipBlock: { cidr: `${ip}/${ip.includes(':') ? 128 : 32}` } })),
      ports: ports.map(({ port, protocol = 'TCP' }) => ({ protocol, port })),
    })),
  }
}

async function apply(
  { client }: Context,
  namespace: string,
  current: NetworkPolicy | undefined,
  spec: NetworkPolicySpec | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (current !== undefined && !isManaged(current)) return
  if (spec === undefined) {
    if (current !== undefined) await client.delete(networkPolicies, namespace, apiServerPolicy, {}, signal)
    return
  }
  const metadata = { name: apiServerPolicy, namespace, labels: managedLabels }
  if (current === undefined) {
    await client.create(networkPolicies, namespace, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec }, signal)
  } else if (!isDeepStrictEqual(current.spec, spec)) {
    await client.update(networkPolicies, { ...current, spec }, signal)
  }
}

function namespacesOf(binding: Binding, context: Context, old?: Binding): string[] {
  const holders = [...holdersOf(binding), ...(old === undefined ? [] : holdersOf(old))]
  const found = new Set(holders.map(({ namespace }) => namespace))
  return found.has('') ? allNamespaces(context) : [...found]
}

const allNamespaces = ({ informers }: Context): string[] =>
  informers
    .full(namespaces)
    .list()
    .flatMap(({ metadata }) => metadata.name ?? [])
const isOurs = (name: string | undefined): boolean => name === apiServerPolicy || name === defaultDenyPolicy
const isApiServer = ({ namespace, name }: { readonly namespace?: string; readonly name?: string }): boolean =>
  namespace === 'default' && name === 'kubernetes'
/** Another author's policy of this name is left alone. */
const isManaged = (policy: NetworkPolicy | undefined): boolean =>
  Object.entries(managedLabels).every(([key, value]) => policy?.metadata.labels?.[key] === value)
