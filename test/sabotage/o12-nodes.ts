// Sabotage of nodes as witnesses of the audit log: what they cosign, and what the server makes of their refusals.
import type { Sabotage } from './sabotage.ts'

export const o12: readonly Sabotage[] = [
  {
    name: 'a node cosigns what does not continue the log',
    file: 'src/base/tlog/witness-submission.ts',
    from: 'if (!isConsistent({ oldSize, oldRoot: known.root, size, root, hashes: proof }))',
    to: 'if (!isConsistent({ oldSize, oldRoot: known.root, size, root, hashes: proof }) && size === oldSize)',
    proof: 'O12',
  },
  {
    name: 'a node does not store what it cosigned',
    file: 'src/base/tlog/stored-witness.ts',
    from: 'await replaceFile(this.#pathOf(origin), answer.store.note)',
    to: 'void answer.store.note',
    proof: 'O12',
  },
  {
    name: 'a node accepts another key of a log',
    file: 'src/node/witness/node-witness.ts',
    from: 'if (pinned !== undefined) return isSameKey(pinned, shown) ? pinned',
    to: 'if (pinned !== undefined) return pinned !== shown ? shown',
    proof: 'O12',
  },
  {
    name: 'a node accepts another log by the key of one that it knows',
    file: 'src/node/witness/node-witness.ts',
    from: 'const replaced = known.find(key => isSameKey(key, shown))',
    to: 'const replaced = known.find(key => key === shown)',
    proof: 'O12',
  },
  {
    name: 'the server does not show the log to nodes',
    file: 'src/cli/parts/open-audit-outputs.ts',
    from: 'nodes: () => this.#nodes() },',
    to: 'nodes: () => [] },',
    proof: 'O12',
  },
  {
    name: 'the server ignores that a node saw more records',
    file: 'src/access/audit/outputs/show-to-node.ts',
    from: 'if (seen.size > shown.size)',
    to: 'if (seen.size > shown.size + 1e9)',
    proof: 'O12',
  },
  {
    name: 'the server raises no alarm for what a node has proved',
    file: 'src/access/audit/outputs/witnesses.ts',
    from: 'if (err instanceof Contradiction) alarms.raise(name, messageOf(err))',
    to: 'if (err instanceof Contradiction) alarms.clear(name)',
    proof: 'O12',
  },
  {
    name: 'a claim of a node convicts the log',
    file: 'src/access/audit/outputs/show-to-node.ts',
    from: 'new NodeRefusal(`node ${name} claims',
    to: 'new Contradiction(`rolled back: node ${name} claims',
    proof: 'O12',
  },
]
