// For tests: records what is synced to disk, in order.
import { existsSync, readlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { TestContext } from 'node:test'

export interface Synced {
  readonly path: string
  /** Whether `watched` had its name at that moment. */
  readonly named: boolean
}

/** Records each `FileHandle.sync()` until the test ends. */
export async function recordSyncs(t: TestContext, watched: string): Promise<Synced[]> {
  const probe = await open('/dev/null')
  const prototype: Pick<FileHandle, 'sync'> = Object.getPrototypeOf(probe)
  await probe.close()
  const { sync } = prototype
  const synced: Synced[] = []
  t.mock.method(prototype, 'sync', function (this: FileHandle) {
    synced.push({ path: readlinkSync(`/proc/self/fd/${this.fd}`), named: existsSync(watched) })
    return sync.call(this)
  })
  return synced
}
