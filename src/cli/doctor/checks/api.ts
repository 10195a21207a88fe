import { defineCheck, failure, notApplicable, ok } from '../check.ts'

interface Facts {
  readonly runs: boolean
  readonly problem: string | undefined
}

export const api = defineCheck<Facts>({
  id: 'api',
  group: 'Cluster',
  title: 'API',
  reads: 'answers of the API server to the administrator',
  read: ({ up, cluster }) => ({ runs: up?.parts.some(({ name }) => name === 'server') ?? false, problem: cluster?.problem }),
  evaluate({ runs, problem }) {
    if (!runs) return notApplicable('no server runs here')
    return problem === undefined ? ok('answers') : failure(problem, 'bulkhead status')
  },
})
