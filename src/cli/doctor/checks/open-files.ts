import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  /** Of this process, as parts inherit it. */
  readonly limits: string | undefined
}

/** A server with some thousand watches. */
const enough = 65_536

export const openFiles = defineCheck<Facts>({
  id: 'open-files',
  group: 'Limits',
  title: 'open files',
  reads: '/proc/self/limits (of the running "up", if root asks)',
  read: machine => {
    const up = machine.userId === 0 ? machine.up : undefined
    return { limits: machine.text(`/proc/${up?.pid ?? 'self'}/limits`) }
  },
  evaluate({ limits }) {
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits ?? '')?.[1]
    if (hard === undefined) return warning('the limit is unknown', 'ulimit -Hn')
    if (hard === 'unlimited' || Number(hard) >= enough) return ok(`up to ${hard} for each process`)
    return warning(
      `up to ${hard} for each process: a server with many watches needs ${enough}`,
      `ulimit -Hn ${enough}   # before "bulkhead up", or LimitNOFILE=${enough} in its unit`,
    )
  },
})
