// The owner of a folder of a part, and of what is in it.
import { chownSync, lchownSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../base/user-error.ts'

/**
 * For root. If root owns the folder, as after `cp -r` or `tar --no-same-owner`, the user gets everything in it. The folder itself comes last, so that the next
 * start repeats a call that was interrupted. Rejects with a UserError if the folder belongs to another user, who could replace its files meanwhile.
 */
export async function giveFolder(path: string, user: number, group = user): Promise<void> {
  const { uid } = statSync(path)
  if (uid !== user && uid !== 0)
    throw new UserError(
      `"${path}" belongs to user ${uid}, but the part that uses it runs as user ${user}. If it is from this cluster, run "chown -R ${user}:${group} ${path}"`,
    )
  if (uid !== user)
    for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
      lchownSync(join(entry.parentPath, entry.name), user, group)
  chownSync(path, user, group)
}
