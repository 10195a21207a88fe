import { tableDate } from '../../../supply-chain/components/known-weaknesses.ts'
import { defineCheck, failure, ok } from '../check.ts'

interface Facts {
  readonly now: number
  /** This program was built then or later. */
  readonly builtAfter: number
}

/** No release is used for this long. */
const longestUse = 10 * 365 * 86_400_000

export const clockPlausible = defineCheck<Facts>({
  id: 'clock-plausible',
  group: 'Clock',
  title: 'clock is plausible',
  reads: 'the clock, and the date of the tables in this program',
  read: ({ now }) => ({ now, builtAfter: Date.parse(tableDate) }),
  evaluate({ now, builtAfter }) {
    const text = new Date(now).toISOString().slice(0, 19)
    if (now >= builtAfter && now < builtAfter + longestUse) return ok(`${text}Z`)
    const why =
      now < builtAfter ? `before this program was built (${new Date(builtAfter).toISOString().slice(0, 10)})` : 'too far in the future'
    return failure(`${text}Z is ${why}: certificates are not valid`, 'timedatectl set-time "YYYY-MM-DD HH:MM:SS"')
  },
})
