import type { PartState } from '../../up/supervisor.ts'
import { defineCheck, failure, notApplicable, ok, warning, worst } from '../check.ts'

interface Facts {
  readonly parts: readonly Pick<PartState, 'name' | 'state' | 'restarts' | 'lastExit'>[] | undefined
  /** Why "up" does not answer. */
  readonly problem: string | undefined
}

export const parts = defineCheck<Facts>({
  id: 'parts',
  group: 'Cluster',
  title: 'parts',
  reads: 'states and restarts of the parts, from the running "up"',
  read: ({ up, upProblem }) => ({ parts: up?.parts, problem: upProblem }),
  evaluate({ parts: all, problem }) {
    if (problem !== undefined)
      return failure(problem, 'ps -eo pid,stat,args | grep "bulkhead up"   # then "kill -CONT PID", or "kill -INT PID"')
    if (all === undefined) return notApplicable('nothing runs here')
    const verdicts = all.flatMap(({ name, state, restarts, lastExit }) => {
      const last = lastExit === undefined ? '' : `, last ended with ${lastExit}`
      if (state !== 'ready') return [failure(`${name} is ${state}${last}`, 'bulkhead status')]
      return restarts > 0
        ? [warning(`${name} was restarted ${restarts} times${last}`, 'bulkhead up --log-level info   # shows why, at the next start')]
        : []
    })
    return worst([...verdicts, ok('')], `${all.length} ready, none restarted`)
  },
})
