// Reads VEX documents of every format.
import { UserError } from '../../../base/user-error.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { objectAt } from '../record-fields.ts'
import { csaf } from './csaf.ts'
import { cyclonedx } from './cyclonedx.ts'
import { openvex } from './openvex.ts'
import type { VexFormat } from './vex-format.ts'
import { maxVexBytes, maxVexStatements, type VexStatement } from './vex-statement.ts'

export const vexFormats: readonly VexFormat[] = [openvex, cyclonedx, csaf]

/** Throws a UserError that names the file, the statement and the field. */
export function readVex(bytes: Uint8Array, file: string): readonly VexStatement[] {
  const where = `"${file}"`
  const document = objectAt(parseBoundedJson(bytes, maxVexBytes, where), where)
  const format = vexFormats.find(one => one.recognizes(document))
  if (format === undefined)
    throw new UserError(`${where} must be a VEX document in the format ${vexFormats.map(({ name }) => name).join(', ')}`)
  const statements = format.read(document, where)
  if (statements.length > maxVexStatements)
    throw new UserError(`${where} has ${statements.length} statements, at most ${maxVexStatements} are read`)
  return statements
}
