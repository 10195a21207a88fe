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
  {
    name: 'what is added to the sandbox of a pod runs on',
    file: 'src/node/worker/pod-worker.ts',
    from: 'if (await this.#own.removeOthers(this.#node, this.#asked, this.#state, signal)) await this.#readState(signal)',
    to: '',
    proof: 'C9',
  },
  {
    name: 'what is added without a label to the sandbox of a pod runs on',
    file: 'src/node/worker/own-containers.ts',
    from: '[...(state.foreign ?? []), ...this.#strangers(pod, state)]',
    to: '[...this.#strangers(pod, state)]',
    proof: 'C9',
  },
  {
    name: 'what is added under a new name to the sandbox of a pod is its own',
    file: 'src/node/worker/own-containers.ts',
    from: 'names.has(name) && (known === undefined || known.has(id))',
    to: '!names.has(name) || known === undefined || known.has(id)',
    proof: 'C9',
  },
  {
    name: 'what is added under the name of a container of a pod is its own',
    file: 'src/node/worker/own-containers.ts',
    from: 'names.has(name) && (known === undefined || known.has(id))',
    to: 'names.has(name)',
    proof: 'C9',
  },
  {
    name: 'a shorter grace period of a second deletion does not count',
    file: 'src/node/worker/grace-period.ts',
    from: 'if (seconds >= this.#seconds) return',
    to: 'if (seconds > 0) return',
    proof: 'C9',
    on: 'node',
  },
  {
    name: 'a stop that is under way is not begun again with a shorter grace period',
    file: 'src/node/worker/grace-period.ts',
    from: "this.#shortened.abort(new Error('the grace period was shortened'))",
    to: '',
    proof: 'C9',
    on: 'node',
  },
  {
    name: 'the agent does not look at the grace period of a second deletion',
    file: 'src/node/worker/pod-worker.ts',
    from: 'this.#grace.shorten(graceSeconds(this.#pod))',
    to: '',
    proof: 'C9',
    on: 'node',
  },
]
