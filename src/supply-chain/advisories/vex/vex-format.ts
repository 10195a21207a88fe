// The form of a VEX format.
import type { JsonObject } from '../record-fields.ts'
import type { VexStatement } from './vex-statement.ts'

export interface VexFormat {
  readonly name: string
  /** Whether the document says that it has this format. */
  recognizes(document: JsonObject): boolean
  /** Throws a UserError that names the statement and the field; `where` begins its message. */
  read(document: JsonObject, where: string): readonly VexStatement[]
}
