// What the node of a pod gets for it: no token before the first grant to its account, one with it, and none when the grant is gone.
import type { Pod } from '../../../api/types/core-v1.ts'
import { pods, roleBindings } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'

const list = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }]
const noRight = 'has no right: its token is given when'

export async function tryNodeGrants(context: ProofContext, namespace: ProofNamespace, node: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await namespace.account('granted', signal)
  const spec = harmlessSpec({ serviceAccountName: 'granted', nodeName: node })
  const pod = await client.create(pods, namespace.name, podObject('granted', spec), signal)
  const question = tokenRequest(namespace, pod, node)
  const refused = (name: string) => attempts.refused(name, transport, question, { names: noRight }, signal)
  const accepted = (name: string) => attempts.accepted(name, transport, question, signal)
  await refused('the node of a pod whose account has no grant requests its token')
  const elsewhere = { kind: 'ServiceAccount', name: 'granted', namespace: 'default' }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
  await client.create(roleBindings, namespace.name, { metadata: { name: 'elsewhere' }, roleRef, subjects: [elsewhere] }, signal)
  await refused('the same with a grant to an account of that name elsewhere')
  await namespace.grant('granted', list, signal)
  await accepted('the same after the first grant to the account')
  await namespace.withdraw('granted', signal)
  await refused('the same after the grant was withdrawn')
}

function tokenRequest(namespace: ProofNamespace, { metadata: { name = '', uid = '' } }: Pod, node: string): ProofRequest {
  return {
    method: 'POST',
    path: namespace.core('serviceaccounts/granted/token'),
    body: { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } } },
    headers: { 'impersonate-user': `system:node:${node}`, 'impersonate-group': 'system:nodes' },
  }
}
