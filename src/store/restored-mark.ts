// A file in the server's folder says that its store was restored, until the denials that the store lost are stored again: a crash in between
// loses none.
import { join } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'
import { writeJson } from '../base/write-json.ts'

export const restoredStoreFile = (directory: string): string => join(directory, 'restored-store.json')

export interface RestoredMark {
  /** A folder below that of the server, whose audit log is older than the server's own. */
  readonly log?: string
  /** What is known beside the logs: the newest state of the deny list, and of DenyRules by their name, null for a deleted one. */
  readonly denials?: Readonly<Record<string, unknown>> | undefined
  readonly rules?: Readonly<Record<string, unknown>>
}

/** Before the store is opened. */
export async function markRestored(directory: string, mark: RestoredMark = {}): Promise<void> {
  await replaceFile(restoredStoreFile(directory), `${writeJson(mark)}\n`)
}
