// Removes a pod's folder and never what a storage driver mounts in it meanwhile: a call that was given up may still be running in the driver, and a removal that
// met its mount would remove the content of the volume.
import { rename } from 'node:fs/promises'
import { removeFolder } from '../../base/files/remove-folder.ts'
import { codeOf } from '../../base/user-error.ts'
import { unmountBelow } from './mount-table.ts'

/** Nothing is there is success. Mounts below are detached. */
export async function removePodFolder(path: string): Promise<void> {
  const leaving = `${path}.removed`
  // Of a removal that was interrupted.
  await removeAt(leaving)
  try {
    await rename(path, leaving)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return
    throw err
  }
  await removeAt(leaving)
}

/** A driver knows the folder by its former path: from here on it mounts nothing in it. */
async function removeAt(leaving: string): Promise<void> {
  await unmountBelow(leaving)
  await removeFolder(leaving)
}
