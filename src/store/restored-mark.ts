// A file in the server's folder says that its store was restored, until the denials that the store lost are stored again: a crash in between
// loses none.
import { join } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'

export const restoredStoreFile = (directory: string): string => join(directory, 'restored-store.json')

/** Before the store is opened. `log`: a folder below `directory`, whose audit log is older than the server's own; undefined for that one. */
export async function markRestored(directory: string, log?: string): Promise<void> {
  await replaceFile(restoredStoreFile(directory), `${JSON.stringify(log === undefined ? {} : { log })}\n`)
}
