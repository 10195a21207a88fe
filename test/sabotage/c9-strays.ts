// Sabotage of the removal of what runs on a node without a pod.
import type { Sabotage } from './sabotage.ts'

const file = 'src/node/worker/pod-workers.ts'
const sabotage = (name: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'C9' })

export const c9: readonly Sabotage[] = [
  sabotage('containers of no pod run on', 'await this.#removeLeft(signal)\n        }', 'void signal\n        }'),
  sabotage(
    'containers that name no pod run on',
    "if (uid === '' || this.#ended.has(uid))",
    "if (uid === '') continue\n      if (this.#ended.has(uid))",
  ),
  sabotage(
    'containers of a pod that the API does not have run on',
    'if (this.#workers.has(uid)) continue',
    "if (this.#workers.has(uid) || name !== '') continue",
  ),
]
