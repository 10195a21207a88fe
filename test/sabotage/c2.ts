// Sabotage of the watch over the programs of nodes.
import type { Sabotage } from './sabotage.ts'

const watch = 'src/supply-chain/components/component-watch.ts'
const compare = 'src/supply-chain/components/compare-components.ts'
const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'C2' })

export const c2: readonly Sabotage[] = [
  sabotage(
    'changed bytes are no drift',
    compare,
    'if (now.path === path && now.sha256 === before.sha256) return undefined',
    'if (now.path === path) return undefined',
  ),
  sabotage(
    'further files are no drift',
    compare,
    '.filter(({ name }) => !known.has(name))',
    '.filter(({ name }) => known.has(name) && name === "")',
  ),
  sabotage(
    'missing files are no drift',
    compare,
    'if (now === undefined) return `',
    'if (now === undefined) return name.length > 0 ? undefined : `',
  ),
  sabotage('configurations are not read', watch, '...(await this.#configurations())]', ']'),
  sabotage('each look says anew what counts as unchanged', watch, 'this.#first ??=', 'this.#first ='),
  sabotage('programs of the last run are not held', watch, 'this.#held.length === 0', 'this.#held.length >= 0'),
  sabotage(
    'what is held is forgotten with the next start',
    watch,
    'this.drift.length > 0 ? this.#first : this.#now',
    'this.drift.length > 0 ? this.#now : this.#now',
  ),
  sabotage(
    'nothing holds programs',
    'src/supply-chain/components/component.ts',
    "policy !== undefined && policy !== 'Accept'",
    "policy === 'accept'",
  ),
  sabotage('a file is hashed once', watch, 'if (known?.touched === touched) return', 'if (known !== undefined) return'),
  sabotage(
    'a node that reports a drift gets pods',
    'src/controllers/nodes/node-health.ts',
    "{ condition: 'bulkhead.dev/RuntimeDrift', status: 'True'",
    "{ condition: 'bulkhead.dev/RuntimeDrift', status: 'Unknown'",
  ),
  sabotage(
    'known vulnerabilities are not compared',
    'src/supply-chain/components/known-weaknesses.ts',
    'if (x !== y) return x < y',
    'if (x !== y) return x > y',
  ),
]
