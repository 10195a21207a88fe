// Imports a fetched feed in a process of its own, of low priority: reading a large one takes a minute of processor time.
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import type { FeedImport } from '../../artifacts/findings/image-software.ts'
import { UserError } from '../../base/user-error.ts'

const maxErrorLength = 1024
const memoryMib = 1024

/** Runs `bulkhead advisories import` of this program. */
export const importFeedApart: FeedImport = async ({ name, format, file, signature, publicKey, folder }, signal) => {
  const [, program = ''] = process.argv
  const flags = ['--name', name, '--advisories', folder, '--public-key', publicKey, '--signature', signature]
  const child = spawn(process.execPath, [`--max-old-space-size=${memoryMib}`, program, 'advisories', 'import', ...flags, format, file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // The user of a part has no entry among the machine's users, so that the command could not find a home folder. Nothing is read there.
    env: { HOME: '/' },
    signal,
  })
  if (child.pid !== undefined) setPriority(child.pid, 10)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors = `${errors}${piece}`.slice(0, maxErrorLength)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new UserError(errors.trim().replace(/^bulkhead: /, '') || `The import ended with exit code ${code}`)
}
