// Raises an alarm when a source of advisories falls silent: a condition, an event and a metric. It does not need the part "artifacts", whose end would
// silence all sources.
import { recordEvents, rule } from '../api/policy-rule.ts'
import { isReason } from '../api/status.ts'
import { formatTime } from '../base/clock.ts'
import { keyOf, splitKey } from '../client/cache/object-key.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { advisorySources } from '../client/resources.ts'
import { planSilence } from './advisory-silence-plan.ts'
import { type Controller, done, follow } from './controller.ts'

/** Timers of Node end after 24 days. */
const maxWaitMs = 86_400_000

/** Keys are sources. */
export const advisorySilence: Controller = {
  name: 'advisory-silence-controller',
  identity: {
    account: 'advisory-silence-controller',
    own: true,
    rules: [
      rule('list watch', 'supply.bulkhead.dev', 'advisorysources'),
      rule('patch', 'supply.bulkhead.dev', 'advisorysources/status'),
      recordEvents,
    ],
  },
  follows: [follow({ resource: advisorySources, keys: source => [keyOf(source)] })],
  begin({ client, informers, clock, events }) {
    const sources = informers.full(advisorySources)
    return async (key, signal) => {
      const source = sources.getByKey(key)
      if (source === undefined || source.metadata.deletionTimestamp !== undefined) return done
      const now = clock.now()
      const { condition, next } = planSilence(source, now, formatTime(now))
      const later = next === undefined ? done : { requeueAfterMs: Math.min(next - now, maxWaitMs) }
      if (condition === undefined) return later
      const { name } = splitKey(key)
      try {
        await client.patch(
          advisorySources,
          '',
          name,
          { status: { conditions: [condition] } },
          { type: 'strategic', subresource: 'status' },
          signal,
        )
      } catch (err) {
        if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return done
        throw err
      }
      if (condition.status === 'True')
        events.record(referenceTo(source, 'supply.bulkhead.dev/v1', 'AdvisorySource'), 'Warning', 'AdvisorySourceSilent', condition.message)
      return later
    }
  },
}
