// Tokens that a node requests for its pods: one thing beyond what the pod has each.
import type { ProofRequest } from '../../request.ts'
import type { NodeArena, NodeHeaders } from './node-arena.ts'

export interface NodeTokenRequest {
  readonly name: string
  readonly request: ProofRequest
  readonly refusedBy?: string
}

const tenYears = 315_360_000
const nobody = '00000000-0000-0000-0000-000000000000'

export function nodeTokens({ namespace, mine, theirs, self, other, node, nodeUid }: NodeArena): readonly NodeTokenRequest[] {
  const ask = (account: string, spec: object, headers: NodeHeaders = self): ProofRequest => ({
    method: 'POST',
    path: namespace.core(`serviceaccounts/${account}/token`),
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [], ...spec } },
    headers,
  })
  const bound = (name: string, uid: string | undefined) => ({
    boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, ...(uid === undefined ? {} : { uid }) },
  })
  const ofMine = bound('mine', mine.metadata.uid)
  const ofNode = (more: object = {}) => ({
    expirationSeconds: 3600,
    boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: node, uid: nodeUid },
    ...more,
  })
  const askDns = (spec: object, account = 'cluster-dns', space = 'kube-system', headers = self): ProofRequest => ({
    ...ask(account, spec, headers),
    path: `/api/v1/namespaces/${space}/serviceaccounts/${account}/token`,
  })
  const unrelated = 'cannot create resource "serviceaccounts/token"'
  return [
    { name: 'the token of its pod', request: ask('mine', ofMine) },
    { name: 'the token of its pod for its other audience', request: ask('mine', { ...ofMine, audiences: ['vault'] }) },
    { name: 'a token that is bound to nothing', request: ask('mine', {}), refusedBy: 'not bound to a pod' },
    { name: 'the token of its DNS part', request: askDns(ofNode()) },
    { name: 'the token of its DNS part, bound to nothing', request: askDns({}), refusedBy: 'not bound to a pod' },
    {
      name: 'the token of its DNS part for ten years',
      request: askDns(ofNode({ expirationSeconds: tenYears })),
      refusedBy: 'for more than 3600 s',
    },
    {
      name: 'the token of its DNS part for another audience',
      request: askDns(ofNode({ audiences: ['vault'] })),
      refusedBy: 'for another audience',
    },
    {
      name: 'the token of its DNS part, bound to a Node that was replaced',
      request: askDns(ofNode({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: node, uid: nobody } })),
      refusedBy: 'not bound to its own Node',
    },
    {
      name: 'the token of its DNS part, bound to the Node of another',
      request: askDns(ofNode(), 'cluster-dns', 'kube-system', other),
      refusedBy: 'not bound to its own Node',
    },
    { name: 'a token of its pod, bound to its Node', request: ask('mine', ofNode()), refusedBy: 'not bound to a pod' },
    { name: "a controller's token, bound to its Node", request: askDns(ofNode(), 'node-controller'), refusedBy: unrelated },
    {
      name: 'a token that is bound to a Secret',
      request: ask('mine', { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'mine' } }),
      refusedBy: 'not bound to a pod',
    },
    { name: 'a token for its pod without a uid', request: ask('mine', bound('mine', undefined)), refusedBy: 'without a uid' },
    {
      name: 'a token for its pod with another uid',
      request: ask('mine', bound('mine', nobody)),
      refusedBy: 'does not match the UID in record',
    },
    {
      name: "a token for another node's pod",
      request: ask('mine', bound('theirs', theirs.metadata.uid)),
      refusedBy: 'scheduled on a different node',
    },
    { name: "a token of another node's account", request: ask('theirs', bound('theirs', theirs.metadata.uid)), refusedBy: unrelated },
    { name: 'a token of another account for its pod', request: ask('theirs', ofMine), refusedBy: unrelated },
    { name: 'a token of the default account for its pod', request: ask('default', ofMine), refusedBy: unrelated },
    {
      name: 'a token of an audience that its pod does not have',
      request: ask('mine', { ...ofMine, audiences: ['billing'] }),
      refusedBy: 'audience "billing" not found',
    },
    {
      name: 'a token of two audiences',
      request: ask('mine', { ...ofMine, audiences: ['vault', 'billing'] }),
      refusedBy: '0 or 1 audiences',
    },
    {
      name: 'a token of its pod for ten years',
      request: ask('mine', { ...ofMine, expirationSeconds: tenYears }),
      refusedBy: 'longer than',
    },
    {
      name: 'a token of its pod for more than its volume has',
      request: ask('mine', { ...ofMine, audiences: ['vault'], expirationSeconds: 7200 }),
      refusedBy: 'longer than',
    },
    { name: "another node's token of its pod", request: ask('mine', ofMine, other), refusedBy: unrelated },
  ]
}
