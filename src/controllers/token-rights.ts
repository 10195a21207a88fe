// Reports on pods that wait for their token when their ServiceAccount has a right: a Deployment may be applied before its RoleBinding. The
// node then requests the token, and the API server checks the right again.

import { tokenCondition, waitsForRight } from '../api/pods/token-right.ts'
import { recordEvents, rule } from '../api/policy-rule.ts'
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { formatTime } from '../base/clock.ts'
import { makeKey } from '../client/cache/object-key.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { clusterRoleBindings, pods, roleBindings } from '../client/resources.ts'
import { type Binding, holderKeysOf, holdersOf, keysOfAllAccounts } from './binding-holders.ts'
import { type Context, type Controller, done, follow } from './controller.ts'
import { isFinished } from './pod-state.ts'

const waitingIndex = 'waits-for-right'
const holderIndex = 'holder'

/** Keys are accounts: `namespace/name`. */
export const tokenRights: Controller = {
  name: 'token-rights-controller',
  identity: {
    account: 'token-rights-controller',
    own: true,
    rules: [
      rule('list watch', 'core', 'pods'),
      rule('patch', 'core', 'pods/status'),
      rule('list watch', 'rbac.authorization.k8s.io', 'rolebindings clusterrolebindings'),
      recordEvents,
    ],
  },
  follows: [
    follow({ resource: pods, keys: accountsThatWait }),
    follow({ resource: roleBindings, keys: (binding, context, old) => accountsOf(binding, context, old) }),
    follow({ resource: clusterRoleBindings, keys: (binding, context, old) => accountsOf(binding, context, old) }),
  ],
  begin(context) {
    const { informers } = context
    const podCache = informers.full(pods)
    podCache.addIndex(waitingIndex, accountsThatWait)
    const bindings = [informers.full(roleBindings), informers.full(clusterRoleBindings)]
    for (const cache of bindings) cache.addIndex(holderIndex, holderKeysOf)
    const isBound = (holder: string): boolean => bindings.some(cache => cache.byIndex(holderIndex, holder).length > 0)
    return async (key, signal) => {
      const waiting = podCache.byIndex(waitingIndex, key)
      if (waiting.length === 0) return done
      const [namespace = '', account = ''] = key.split('/')
      const hasRight = [key, ...keysOfAllAccounts(namespace)].some(isBound)
      for (const pod of waiting) if (mustSay(pod, account, hasRight)) await say(context, pod, account, hasRight, signal)
      return done
    }
  },
}

function accountsThatWait(pod: Pod): string[] {
  const { namespace = '', deletionTimestamp } = pod.metadata
  if (!waitsForRight(pod) || deletionTimestamp !== undefined || isFinished(pod)) return []
  return [makeKey(namespace, pod.spec.serviceAccountName || 'default')]
}

/** The accounts of a binding, before or after its change, that have waiting pods. */
function accountsOf(binding: Binding, { informers }: Context, old?: Binding): string[] {
  const cache = informers.full(pods)
  const holders = [...holdersOf(binding), ...(old === undefined ? [] : holdersOf(old))]
  // Groups of accounts are rare, and only they need a check of all pods.
  const groups = new Set(holders.flatMap(({ namespace, name }) => (name === '' ? [namespace] : [])))
  const scopes = groups.has('') ? [undefined] : [...groups]
  const ofGroups = scopes.flatMap(namespace => cache.list(namespace).flatMap(accountsThatWait))
  const named = holders.map(({ namespace, name }) => makeKey(namespace, name)).filter(key => cache.byIndex(waitingIndex, key).length > 0)
  return [...new Set([...ofGroups, ...named])]
}

/** The account `default` was not chosen by anyone, so missing rights of its pods are not reported. */
function mustSay(pod: Pod, account: string, hasRight: boolean): boolean {
  if (hasRight) return true
  return account !== 'default' && !(pod.status?.conditions ?? []).some(({ type }) => type === tokenCondition)
}

async function say({ client, clock, events }: Context, pod: Pod, account: string, hasRight: boolean, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '', uid } = pod.metadata
  const waits = `ServiceAccount "${account}" has no right yet: the token file appears when a RoleBinding of its namespace or a ClusterRoleBinding names it`
  const said = hasRight ? { reason: 'HasRight', message: `ServiceAccount "${account}" has a right` } : { reason: 'NoRight', message: waits }
  const condition = { type: tokenCondition, status: hasRight ? 'True' : 'False', ...said, lastTransitionTime: formatTime(clock.now()) }
  const body = { metadata: { ...(uid === undefined ? {} : { uid }) }, status: { conditions: [condition] } }
  try {
    await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
  } catch (err) {
    // Deleted, or replaced by another of its name.
    if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return
    throw err
  }
  if (!hasRight) events.record(referenceTo(pod, 'v1', 'Pod'), 'Normal', 'TokenWaits', waits)
}
