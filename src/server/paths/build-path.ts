// `/bulkhead/v1/build`: which code runs under which settings, by their digests, so that a report of proofs names both.
import { valueReply } from '../answers/respond.ts'
import type { PathHandler } from '../request/request-context.ts'

export interface RunningBuild {
  /** SHA-256 in hexadecimal over the code. */
  readonly build: string
  /** The same over all settings that decide what is enforced. */
  readonly configuration: string
}

export const buildPath = '/bulkhead/v1/build'

export function buildPathHandler(running: (() => Promise<RunningBuild>) | undefined): PathHandler {
  return async (context, path) => (path === buildPath && running !== undefined ? valueReply(context, await running()) : undefined)
}
