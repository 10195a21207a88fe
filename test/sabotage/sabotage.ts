// One sabotage: a change of the product that switches a control off or weakens it, as a regression or a careless refactoring could, and the proof that must fail.

/**
 * Where the proof runs. `process`: a cluster in one process with a simulated node. `disk`: an API server in one process with a sealed store and an audit log
 * on disk, without controllers. `node`: `bulkhead up` with a real node, which needs root. `machines`: the same with a second machine that has joined.
 */
export type Place = 'process' | 'disk' | 'node' | 'machines'

export interface Sabotage {
  /** What no longer holds, such as `host ports of init containers are not checked`. Unique in its row. */
  readonly name: string
  /** Relative to the root of the repository. */
  readonly file: string
  /** Exact text that occurs once in the file. */
  readonly from: string
  readonly to: string
  /** Id of the proof that must fail; of several, each must fail. */
  readonly proof: string | readonly string[]
  /** Default: the place of its first proof, see `places` in `tools/sabotage/plan.ts`. */
  readonly on?: Place
  /** Why no proof can see it. It counts as missed in the score, and does not fail the run. */
  readonly knownMissed?: string
  /** It has not run since it was written or changed. A run counts what it finds, asks to remove this, and does not fail by it. */
  readonly untried?: true
}
