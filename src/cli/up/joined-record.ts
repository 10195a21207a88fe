// The file by which a data directory is of a machine that joined a cluster elsewhere: `bulkhead up` does not start there.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/user-error.ts'
import type { DataDirectory } from './data-directory.ts'

export const joinedRecord = ({ node }: DataDirectory): string => join(node, 'joined-cluster.json')

/** Throws a UserError. */
export function refuseJoined(directory: DataDirectory): void {
  if (existsSync(joinedRecord(directory)))
    throw new UserError(
      `The data directory "${directory.path}" is of a machine that joined a cluster: start it with "bulkhead join --data-dir ${directory.path}", or choose another one with --data-dir`,
    )
}
