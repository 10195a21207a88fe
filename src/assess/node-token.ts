// The answer to a node that requests a token for one of its pods. If it gets one, the pod can have it too, whatever the pod's object says.
import type { Pod } from '../api/types/core-v1.ts'
import { nodes } from '../client/resources.ts'
import type { ProofContext } from './proof.ts'
import { proofNamespacePrefix } from './proof-namespace.ts'
import { request } from './request.ts'

/** The name of a node to which pods can be bound; undefined if there is none. Nodes that proofs make exist for a moment and have no agent. */
export async function someNode({ client }: ProofContext, signal: AbortSignal): Promise<string | undefined> {
  return (await client.listAll(nodes, {}, signal)).map(({ metadata }) => metadata.name ?? '').find(name => !isOfProof(name))
}

/** Whether a proof made the Node of this name. */
export const isOfProof = (node: string): boolean => node.startsWith(proofNamespacePrefix)

/** The status code of `node`'s token request for its pod. `pod.spec.nodeName` is `node`. */
export async function nodeTokenStatus({ transport }: ProofContext, pod: Pod, node: string, signal: AbortSignal): Promise<number> {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
  }
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName ?? 'default'}/token`
  const headers = { 'impersonate-user': `system:node:${node}`, 'impersonate-group': 'system:nodes' }
  return (await request(transport, { method: 'POST', path, body, headers }, signal)).status
}
