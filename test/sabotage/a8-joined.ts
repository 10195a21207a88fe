// Sabotage of what joined nodes may: their WireGuard keys, and the token of the DNS part beside them.
import type { Sabotage } from './sabotage.ts'

const restriction = 'src/admission/plugins/node-restriction.ts'
const link = 'src/admission/node/own-link.ts'
const token = 'src/admission/node-token-request.ts'
const node = 'src/access/authorizers/node.ts'
const proof = 'A8'

export const a8: readonly Sabotage[] = [
  {
    name: 'whoever writes Nodes sets the WireGuard key of one',
    file: restriction,
    from: 'return foreign === undefined ? admitted : refuse(request, foreign)',
    to: 'return foreign === undefined ? admitted : admitted',
    proof,
  },
  {
    name: 'writes of others into Nodes are not looked at',
    file: restriction,
    from: "handles: request => isOfNode(request) || groupResource(request.resource.group, request.resource.plural) === 'nodes',",
    to: 'handles: request => isOfNode(request),',
    proof,
  },
  {
    name: 'a WireGuard key may be any text',
    file: link,
    from: 'if (!isPublicKey(key)) return',
    to: "if (key === '') return",
    proof,
  },
  {
    name: 'the key of a node is not looked at when the node writes it',
    file: restriction,
    from: 'const link = ownLinkRefusal(now, old, node, claims)',
    to: 'const link = undefined as string | undefined',
    proof,
  },
  {
    name: 'a token of the DNS part lives as long as a node wants',
    file: token,
    from: 'if ((expirationSeconds ?? Number.POSITIVE_INFINITY) > dnsTokenSeconds)',
    to: 'if (expirationSeconds === 0)',
    proof,
  },
  {
    name: 'a token of the DNS part is bound to any Node',
    file: token,
    from: 'bound.name !== node || bound.uid === undefined || bound.uid !== own?.metadata.uid',
    to: 'bound.uid === undefined',
    proof,
  },
  {
    name: 'a node gets a token that is bound to its Node for any account',
    file: token,
    from: 'if (namespace !== clusterDnsAccount.namespace || name !== clusterDnsAccount.name)',
    to: "if (name === '')",
    proof,
  },
  {
    name: 'a node gets tokens of every account of the cluster',
    file: node,
    from: 'if (namespace === clusterDnsAccount.namespace && name === clusterDnsAccount.name) return allow',
    to: 'if (namespace === clusterDnsAccount.namespace) return allow',
    proof,
  },
]
