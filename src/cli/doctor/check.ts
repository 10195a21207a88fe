// One check of `bulkhead doctor`: what it reads, and what it concludes. Checks read through `Machine` alone and change nothing.
import type { Machine } from './machine.ts'

/** In the order of the report. */
export const groups = ['Clock', 'Disk', 'Kernel', 'Limits', 'Programs', 'Ports', 'Data directory', 'Cluster'] as const
export type Group = (typeof groups)[number]
export type State = 'ok' | 'warning' | 'failure' | 'not applicable'

export interface Verdict {
  readonly state: State
  /** One line: what was found. No secrets: it is printed and sent to others. */
  readonly detail: string
  /** What mends it, as commands where there are some; empty if the state is ok. */
  readonly advice: readonly string[]
}

interface CheckText {
  /** As the file is named. */
  readonly id: string
  readonly group: Group
  readonly title: string
  /** What it looks at, for the document. */
  readonly reads: string
  /** Only a machine that runs containers needs it. */
  readonly forNodes?: true
}

export interface Check extends CheckText {
  /** Rejects with `NotSeen` if this user may not read what it needs. */
  run(machine: Machine): Promise<Verdict>
}

export interface CheckOf<F> extends CheckText {
  read(machine: Machine): F | Promise<F>
  /** Pure. */
  evaluate(facts: F): Verdict
}

export function defineCheck<F>(check: CheckOf<F>): CheckOf<F> & Check {
  return { ...check, run: async machine => check.evaluate(await check.read(machine)) }
}

export const ok = (detail: string): Verdict => ({ state: 'ok', detail, advice: [] })
export const warning = (detail: string, ...advice: string[]): Verdict => ({ state: 'warning', detail, advice })
export const failure = (detail: string, ...advice: string[]): Verdict => ({ state: 'failure', detail, advice })
export const notApplicable = (detail: string): Verdict => ({ state: 'not applicable', detail, advice: [] })

const severity: readonly State[] = ['not applicable', 'ok', 'warning', 'failure']

/** The worst of several, with the details of all that are as bad, and the advice of all. `fine` is the detail if nothing is bad. Pure. */
export function worst(verdicts: readonly Verdict[], fine: string): Verdict {
  const most = verdicts.reduce<State>(
    (state, each) => (severity.indexOf(each.state) > severity.indexOf(state) ? each.state : state),
    'not applicable',
  )
  const bad = verdicts.filter(({ state }) => state === 'warning' || state === 'failure')
  if (bad.length === 0) return { state: most, detail: fine, advice: [] }
  return { state: most, detail: bad.map(({ detail }) => detail).join('; '), advice: [...new Set(bad.flatMap(({ advice }) => advice))] }
}
