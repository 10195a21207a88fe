// The text of a file that settings name.
import { readFileSync, statSync } from 'node:fs'
import { messageOf, UserError, whyUnreadable } from '../../base/user-error.ts'

/** Of a file of settings, and of each file that one names. */
export const maxSettingsBytes = 1024 * 1024

/** Throws a UserError that says what `what` is. */
export function readSettingsText(path: string, what: string): string {
  try {
    const { size } = statSync(path)
    if (size > maxSettingsBytes) throw new UserError(`it has ${size} bytes, the limit is ${maxSettingsBytes}`)
    return readFileSync(path, 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read ${what}: ${err instanceof UserError ? messageOf(err) : whyUnreadable(err)}`, { cause: err })
  }
}
