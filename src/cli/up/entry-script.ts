// The script that parts are started from.
import { existsSync } from 'node:fs'
import { UserError } from '../../base/user-error.ts'

/** In the bundle, this module is a chunk next to cli.js; from source, the script itself is the entry. Throws a UserError without a script. */
export function entryScript(): string {
  const script = process.argv[1]
  if (script === undefined) throw new UserError('The parts can be started from a script file only')
  const entry = new URL('./cli.js', import.meta.url)
  return existsSync(entry) ? entry.pathname : script
}
