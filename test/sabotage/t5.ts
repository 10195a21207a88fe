// Sabotage of who gets the credentials of a mount, and of the path to drivers.
import type { Sabotage } from './sabotage.ts'

const token = 'src/admission/node-token-request.ts'
const node = 'src/access/authorizers/node.ts'
const proof = 'T5'

export const t5: readonly Sabotage[] = [
  {
    name: 'a node may request tokens of every account',
    file: node,
    from: "return graph.reaches(node, 'serviceaccount', namespace, name) ? allow : unrelated(node)",
    to: "return graph.reaches(node, 'serviceaccount', namespace, name) ? allow : allow",
    proof,
  },
  {
    name: 'a node may read every Secret',
    file: node,
    from: 'return graph.reaches(node, kind, namespace, name) ? allow : unrelated(node)',
    to: 'return graph.reaches(node, kind, namespace, name) ? allow : allow',
    proof,
  },
  {
    name: 'a node may read every volume',
    file: node,
    from: "return getOne(attributes, node, ({ namespace, name }) => namespace === '' && graph.reachesVolume(node, name))",
    to: "return getOne(attributes, node, ({ namespace, name }) => namespace === '' || graph.reachesVolume(node, name))",
    proof,
  },
  {
    name: 'a node may request tokens for every audience',
    file: token,
    from: "if (audience !== '' && (await decide(request)(right)).allowed) return undefined",
    to: "if (audience !== '' || (await decide(request)(right)).allowed) return undefined",
    proof,
  },
  {
    name: 'a driver that requests tokens for one audience gets them for all',
    file: token,
    from: '.filter(asked => asked.audience === audience)',
    to: '.filter(asked => asked.audience !== undefined)',
    proof,
  },
  {
    name: 'a node may request tokens for several audiences',
    file: token,
    from: "if (more.length > 0) return 'node may only request 0 or 1 audiences'",
    to: "if (more.length > 8) return 'node may only request 0 or 1 audiences'",
    proof,
  },
  {
    name: 'a node may request tokens of any lifetime',
    file: token,
    from: "if (profile === 'secure' && (expirationSeconds ?? 0) > longest)",
    to: "if (profile === 'secure' && (expirationSeconds ?? 0) > longest * 1000)",
    proof,
  },
  {
    name: 'a node may request tokens that are bound to no pod',
    file: token,
    from: "if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || !bound.name) return 'node requested token not bound to a pod'",
    to: "if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || !bound.name) return undefined",
    proof,
  },
  {
    name: 'whoever may post to the path of drivers calls them',
    file: 'src/server/proxy/csi-call.ts',
    from: 'if (!user.name.startsWith(csiCallerPrefix))',
    to: "if (user.name === '')",
    proof,
  },
]
