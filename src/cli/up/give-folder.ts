// The owner of a folder of a part, and of what is in it.
import { chownSync, lchownSync, lstatSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../base/user-error.ts'

/**
 * For root. What root made or copied there, as `cp -r` and `tar --no-same-owner` do, is given with the folder; an interrupted call is repeated by the next
 * start, because the folder comes last. Rejects with a UserError if the folder belongs to somebody else, who could exchange its files meanwhile.
 */
export async function giveFolder(path: string, user: number, group = user): Promise<void> {
  const { uid } = lstatSync(path)
  if (uid !== user && uid !== 0)
    throw new UserError(
      `"${path}" belongs to user ${uid}, but the part that uses it runs as user ${user}. If it is from this cluster, "chown -R ${user}:${group} ${path}"`,
    )
  if (uid !== user)
    for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
      lchownSync(join(entry.parentPath, entry.name), user, group)
  chownSync(path, user, group)
}
