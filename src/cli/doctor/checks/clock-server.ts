import { defineCheck, failure, notApplicable, ok } from '../check.ts'

interface Facts {
  readonly runs: boolean
  readonly aheadMs: number | undefined
}

/** The header has whole seconds, and an answer takes its time. */
const toleratedMs = 5000

export const clockServer = defineCheck<Facts>({
  id: 'clock-server',
  group: 'Clock',
  title: 'clock of the API server',
  reads: 'the header Date of an answer of the API server',
  read: ({ cluster }) => ({ runs: cluster !== undefined && cluster.problem === undefined, aheadMs: cluster?.serverAheadMs }),
  evaluate({ runs, aheadMs }) {
    if (!runs) return notApplicable('no server answers here')
    if (aheadMs === undefined) return notApplicable('the server sends no date')
    if (Math.abs(aheadMs) <= toleratedMs) return ok('within 5 s of this machine')
    const where = aheadMs > 0 ? 'ahead of' : 'behind'
    return failure(
      `${Math.round(Math.abs(aheadMs) / 1000)} s ${where} this machine: tokens and certificates are refused`,
      'timedatectl set-ntp true',
    )
  },
})
