// What the runner and the hook in the processes that it starts agree on.
import { join } from 'node:path'

/** The repository. */
export const root = join(import.meta.dirname, '..', '..')

/** Environment variable with the changes that hook.ts makes, as JSON; absent for a control run. */
export const changesVariable = 'BULKHEAD_SABOTAGE'
