// Compares what the stored roles grant each part of the cluster, as the oracle evaluates them, with what the part needs.
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { type RbacObjects, type RbacQuestion, rbacAllows } from '../../oracles/rbac.ts'
import type { ProofContext } from '../../proof.ts'
import { request } from '../../request.ts'
import { accountRights, dangerousRights } from './account-rights.ts'

const kubeSystem = 'kube-system'

/** `namespace` is one in which no part has a right of its own. Returns the number of accounts. */
export async function tryAccounts(context: ProofContext, namespace: string, signal: AbortSignal): Promise<number> {
  const { client, attempts } = context
  const [ofNamespaces, ofCluster, bindings, clusterBindings] = await Promise.all([
    client.listAll(roles, {}, signal),
    client.listAll(clusterRoles, {}, signal),
    client.listAll(roleBindings, {}, signal),
    client.listAll(clusterRoleBindings, {}, signal),
  ])
  const objects = { roles: ofNamespaces, clusterRoles: ofCluster, roleBindings: bindings, clusterRoleBindings: clusterBindings }
  const accounts = Object.entries(accountRights)
  for (const [account, { everywhere = [], kubeSystem: own = [] }] of accounts) {
    const expected = new Set([...everywhere, ...own.map(inKubeSystem)])
    const found = new Set(rightsOf(objects, account, namespace))
    for (const right of rightsOf(objects, account, kubeSystem)) if (!found.has(right)) found.add(inKubeSystem(right))
    const more = [...found].filter(right => !expected.has(right))
    attempts.record({
      name: `rights of ${account}`,
      sent: 'the stored roles and bindings, evaluated',
      expected: expected.size === 0 ? 'none of the dangerous rights' : [...expected].join(', '),
      answered: more.length === 0 ? 'no more' : `also ${more.join(', ')}`,
      held: more.length === 0,
    })
  }
  await inParallel(accounts, async ([account, { everywhere = [] }]) => {
    // The first that it lacks, and the first that it has: the server must agree with the stored roles.
    const lacking = dangerousRights.find(right => !everywhere.includes(right))
    for (const right of [lacking, everywhere[0]])
      if (right !== undefined) await isDecided(context, objects, account, right, namespace, signal)
  })
  return accounts.length
}

const inKubeSystem = (right: string): string => `${right} in ${kubeSystem}`

const rightsOf = (objects: RbacObjects, account: string, namespace: string): readonly string[] =>
  dangerousRights.filter(right => rbacAllows(objects, questionOf(account, right, namespace)))

function questionOf(account: string, right: string, namespace: string): RbacQuestion {
  const isUser = account.startsWith('system:')
  const [verb = '', what = ''] = right.split(' ')
  const dot = what.indexOf('.')
  const [path, group] = dot < 0 ? [what, ''] : [what.slice(0, dot), what.slice(dot + 1)]
  const [resource = '', subresource = ''] = path.split('/')
  return {
    user: isUser ? account : `system:serviceaccount:${kubeSystem}:${account}`,
    // What administrators grant to all accounts is not the part's own.
    groups: isUser ? [] : [`system:serviceaccounts:${kubeSystem}`],
    verb,
    target: { group, resource, subresource, namespace, name: 'bulkhead-prove' },
  }
}

async function isDecided(
  { attempts, transport }: ProofContext,
  objects: RbacObjects,
  account: string,
  right: string,
  namespace: string,
  signal: AbortSignal,
) {
  const question = questionOf(account, right, namespace)
  const wanted = rbacAllows(objects, question)
  const { user, groups, verb, target } = question
  const spec = { user, groups, resourceAttributes: { verb, ...target } }
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
  const { status, text } = await request(transport, { method: 'POST', path, body: { spec } }, signal)
  const allowed = text.includes('"allowed":true')
  attempts.record({
    name: `${account}: ${right}`,
    sent: `POST ${path}`,
    expected: wanted ? 'allowed' : 'refused',
    answered: `answered ${status}, ${allowed ? 'allowed' : 'refused'}`,
    held: status === 201 && allowed === wanted,
  })
}
