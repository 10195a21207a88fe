// Deletes finished Jobs when their ttlSecondsAfterFinished has passed.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { Job } from '../../api/types/batch-v1.ts'
import { jobs } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'
import { finishedCondition } from './job-condition.ts'

export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished-controller',
  identity: {
    account: 'ttl-after-finished-controller',
    rules: [rule('delete get list watch', 'batch', 'jobs'), recordEvents],
  },
  watches: jobs,
  begin({ informers, client, clock, log }) {
    const cache = informers.full(jobs)
    return async (key, signal) => {
      const job = cache.getByKey(key)
      const left = job === undefined ? undefined : untilExpiry(job, clock.now())
      if (job === undefined || left === undefined) return done
      if (left > 0) return { requeueAfterMs: left }
      const { namespace = '', name = '', uid } = job.metadata
      try {
        // The TTL may have been raised since: the newest object decides.
        const fresh = await client.get(jobs, namespace, name, signal)
        const leftNow = untilExpiry(fresh, clock.now())
        if (leftNow === undefined || fresh.metadata.uid !== uid) return done
        if (leftNow > 0) return { requeueAfterMs: leftNow }
        await client.delete(jobs, namespace, name, { propagationPolicy: 'Foreground', ...(uid === undefined ? {} : { uid }) }, signal)
        log.info('job expired', { job: key })
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
      return done
    }
  },
}

/** Milliseconds until the job is deleted; undefined if it is not to be deleted (yet). */
export function untilExpiry(job: Job, now: number): number | undefined {
  const ttl = job.spec.ttlSecondsAfterFinished
  const finished = finishedCondition(job)
  if (ttl == null || finished === undefined || job.metadata.deletionTimestamp !== undefined) return undefined
  const at = Date.parse(finished.lastTransitionTime ?? '')
  return Number.isNaN(at) ? undefined : at + ttl * 1000 - now
}
