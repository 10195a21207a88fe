// Where nodes are attacked: a pod of a node with what it mounts, an equal pod that is on no node, and the identities of that node and of a stranger.
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core-v1.ts'
import { configMaps, nodes, persistentVolumeClaims, pods, secrets } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { noScheduler } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'

export interface NodeArena {
  readonly context: ProofContext
  readonly namespace: ProofNamespace
  /** A node of the cluster, and what it sends. */
  readonly node: string
  readonly nodeUid: string
  readonly self: NodeHeaders
  /** A node that does not exist: of the node's pods, nothing is its own. */
  readonly stranger: string
  readonly other: NodeHeaders
  /** Bound to the node: mounts the Secret, ConfigMap and claim `mine` and tokens for the API server and for `vault`, of the account `mine`. */
  readonly mine: Pod
  /** The same of the name `theirs`, bound to no node. A third one, `gone`, was bound to the node and deleted. */
  readonly theirs: Pod
}

/** Of a class that does not exist: it stays pending, and its pod never starts. */
const claim = (name: string): PersistentVolumeClaim => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'bulkhead-prove-none', resources: { requests: { storage: '1Mi' } } },
})

export type NodeHeaders = NonNullable<ProofRequest['headers']>

export const nodeHeaders = (node: string): NodeHeaders => ({
  'impersonate-user': `system:node:${node}`,
  'impersonate-group': 'system:nodes',
})

export async function nodeArena(context: ProofContext, namespace: ProofNamespace, node: string, signal: AbortSignal): Promise<NodeArena> {
  const stranger = namespace.name
  const make = async (name: string, on: object): Promise<Pod> => {
    await namespace.account(name, signal)
    await namespace.grant(name, [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }], signal)
    await context.client.create(secrets, namespace.name, { metadata: { name }, ...{ stringData: { key: name } } }, signal)
    await context.client.create(configMaps, namespace.name, { metadata: { name }, data: { key: name } }, signal)
    await context.client.create(persistentVolumeClaims, namespace.name, claim(name), signal)
    const volumes = [
      { name: 's', secret: { secretName: name } },
      { name: 'c', configMap: { name } },
      { name: 'd', persistentVolumeClaim: { claimName: name } },
      { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'vault', audience: 'vault', expirationSeconds: 600 } }] } },
    ]
    const spec = harmlessSpec({ ...on, serviceAccountName: name, automountServiceAccountToken: true, volumes })
    return await context.client.create(pods, namespace.name, podObject(name, spec), signal)
  }
  const [mine, theirs, gone] = await Promise.all([
    make('mine', { nodeName: node }),
    make('theirs', { schedulerName: noScheduler }),
    make('gone', { nodeName: node }),
  ])
  await context.client.delete(pods, namespace.name, gone.metadata.name ?? '', { gracePeriodSeconds: 0 }, signal)
  const { metadata } = await context.client.get(nodes, '', node, signal)
  return {
    context,
    namespace,
    node,
    nodeUid: metadata.uid ?? '',
    self: nodeHeaders(node),
    stranger,
    other: nodeHeaders(stranger),
    mine,
    theirs,
  }
}
