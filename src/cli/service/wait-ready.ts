// `bulkhead service wait-ready`: the service manager runs it after the start, so that `systemctl start` returns when the cluster works.
import type { Clock } from '../../base/clock.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { findDataDirectory, findUp } from '../connection/find-cluster.ts'

const everyMs = 100

/** `pid` is that of `bulkhead up`. Rejects with a UserError if it ends before it is ready; the unit's TimeoutStartSec limits the wait. */
export async function waitReady(dataDir: string, pid: number, clock: Clock): Promise<void> {
  const directory = findDataDirectory(dataDir)
  for (;;) {
    const up = await findUp(directory)
    if (up?.pid === pid && up.isReady === true) return
    if (!runs(pid)) throw new UserError('The cluster ended before it was ready: see its messages above')
    await clock.sleep(everyMs, waiting)
  }
}

/** A timer of the clock alone does not keep the process. */
const waiting = new AbortController().signal

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    return codeOf(err) !== 'ESRCH'
  }
}
