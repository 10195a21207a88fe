// Whether a source of advisories has fallen silent: it published nothing for longer than it may. Pure.
import type { Condition } from '../api/types/meta-v1.ts'
import type { AdvisorySource } from '../api/types/supply-v1.ts'
import { parseGoDuration } from '../base/config/go-duration.ts'

export const silentCondition = 'Silent'
const defaultSilenceMs = 7 * 86_400_000

export interface SilencePlan {
  readonly silent: boolean
  /** Undefined if the object says so already. */
  readonly condition?: Condition
  /** When it falls silent, in milliseconds since 1970. */
  readonly next?: number
}

/** A source that has brought nothing yet counts from its creation. `time`: `now` as an object has it. */
export function planSilence({ metadata, spec, status }: AdvisorySource, now: number, time: string): SilencePlan {
  const parsed = spec.maxSilence === undefined ? defaultSilenceMs : parseGoDuration(spec.maxSilence)
  const limit = typeof parsed === 'number' ? parsed : defaultSilenceMs
  const last = status?.published ?? metadata.creationTimestamp ?? time
  const ends = Date.parse(last) + limit
  const silent = now >= ends
  const current = status?.conditions?.find(({ type }) => type === silentCondition)
  const wanted = silent
    ? {
        status: 'True' as const,
        reason: 'NothingNew',
        message:
          status?.published === undefined
            ? `nothing was imported for longer than ${spec.maxSilence ?? '168h'}`
            : `it has published nothing since ${status.published}, which is longer than ${spec.maxSilence ?? '168h'}`,
      }
    : { status: 'False' as const, reason: 'Fresh', message: '' }
  const rest = { silent, ...(silent ? {} : { next: ends }) }
  if (current?.status === wanted.status && current.message === wanted.message) return rest
  const lastTransitionTime = current?.status === wanted.status ? current.lastTransitionTime : time
  return { ...rest, condition: { type: silentCondition, ...wanted, lastTransitionTime } }
}
