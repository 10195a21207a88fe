// Whether only root, or the agent's own user, could have put a socket where it lies. Another user's socket would be given volumes, secrets and
// tokens.
import type { Stats } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from '../../base/user-error.ts'

const writableByOthers = 0o022
const sticky = 0o1000

const isOwn = ({ uid }: Stats): boolean => uid === 0 || uid === process.getuid?.()

/** Resolves with the path without links. Throws a UserError that names the folder or socket that another user may change. */
export async function requireTrustedSocket(path: string): Promise<string> {
  const real = await realpath(path).catch(cause => {
    throw new UserError(`Cannot use the socket "${path}": it is not there`, { cause })
  })
  const found = await lstat(real)
  if (!found.isSocket()) throw new UserError(`Cannot use "${path}": it is not a socket`)
  if (!isOwn(found)) throw new UserError(`Cannot use the socket "${path}": it belongs to user ${found.uid}, and must belong to root`)
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    const stats = await lstat(folder)
    const isOpen = (stats.mode & writableByOthers) !== 0 && (stats.mode & sticky) === 0
    if (!isOwn(stats) || isOpen)
      throw new UserError(`Cannot use the socket "${path}": other users than root may replace it, because they may write to "${folder}"`)
    if (folder === '/') return real
  }
}
