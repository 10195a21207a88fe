// Sabotage of the encryption between nodes: keys, peers, routes, and the rules that keep packets of pods inside.
import type { Sabotage } from './sabotage.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'N3' })
const peers = 'src/network/links/plan-peers.ts'
const rules = 'src/network/links/link-rules.ts'
const device = 'src/network/links/link-device.ts'
const ofOthers = 'src/admission/plugins/node-restriction.ts'
const own = 'src/admission/node/own-link.ts'

export const n3: readonly Sabotage[] = [
  sabotage('packets of pods leave by any route', rules, 'counter name unencrypted drop', 'counter name unencrypted accept'),
  {
    ...sabotage(
      'changed and removed nodes are not followed',
      'src/network/links/node-links.ts',
      'add: raise, update: raise, delete: raise',
      'add: raise, update: () => undefined, delete: () => undefined',
    ),
  },
  sabotage('routes of removed nodes stay', device, "await ip(['route', 'delete', route, 'dev', device])", 'void route'),
  sabotage(
    'two nodes have one WireGuard key',
    own,
    'const holder = claims.otherWithKey(key, node)',
    "const holder = claims.otherWithKey('', node)",
  ),
  sabotage('whoever writes Nodes sets their keys', own, 'return set.length === 0 ? undefined', 'return set.length >= 0 ? undefined'),
  sabotage('a node sets the key of another', ofOthers, 'if (request.name !== node) return', "if (request.name === '') return"),
  sabotage(
    'a peer has the range of all pods',
    peers,
    'peers.push({ node, publicKey, podCidr,',
    'peers.push({ node, publicKey, podCidr: clusterPods,',
  ),
  sabotage('peers are added and never taken away', device, "['syncconf', device, configFile]", "['addconf', device, configFile]"),
]
