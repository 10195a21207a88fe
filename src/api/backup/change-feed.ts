// The protocol between the API server and the part `backup`: `GET /bulkhead/v1/backup/changes?after=REVISION` answers lines without an end.
// Without `after`, or if it is too old, all objects come first, sorted by resource, namespace and name.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { isRevision } from './record-line.ts'

export const changesPath = '/bulkhead/v1/backup/changes'
/** Lists the files of the audit log; with `file` and `offset` it answers up to `auditPieceBytes` of one. */
export const auditFilesPath = '/bulkhead/v1/backup/audit'
export const auditPieceBytes = 1024 * 1024

/** Lines between the records. Each begins with `{"control":`. */
export type ControlLine =
  /** The state of this revision follows. */
  | { readonly control: 'snapshot'; readonly revision: number; readonly objects: number }
  /** It is complete. `digest` is over the digests of all its objects in their order, in hexadecimal. */
  | { readonly control: 'complete'; readonly revision: number; readonly objects: number; readonly digest: string }
  /** Every change up to this revision was sent. `objects` is the number of objects then. */
  | { readonly control: 'reached'; readonly revision: number; readonly objects: number }

const beginning = Buffer.from('{"control":')

export const isControl = (line: Buffer): boolean => line.subarray(0, beginning.length).equals(beginning)

export const formatControl = (line: ControlLine): Buffer => Buffer.from(`${writeJson(line)}\n`)

export function parseControl(line: Buffer): ControlLine {
  const value = parseJson(line.toString('utf8'))
  if (!isJsonObject(value)) throw new Error('a control line is not an object')
  const { control, revision, objects, digest } = value
  if (!isRevision(revision) || !isRevision(objects)) throw new Error('a control line has no revision')
  if (control === 'snapshot' || control === 'reached') return { control, revision, objects }
  if (control !== 'complete' || typeof digest !== 'string') throw new Error('a control line is of no known kind')
  return { control, revision, objects, digest }
}
