// Reads a bill of materials in any of the formats.
import { UserError } from '../../../base/user-error.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import type { Software } from '../software.ts'
import { isCycloneDx, maxDocumentBytes, readCycloneDx } from './cyclonedx.ts'
import { isSpdx, readSpdx } from './spdx.ts'

/** `where` begins each message. Throws a UserError if the bytes are neither CycloneDX nor SPDX in JSON. */
export function readSbom(bytes: Uint8Array, where: string): Software {
  const value = parseBoundedJson(bytes, maxDocumentBytes, where)
  if (isCycloneDx(value)) return readCycloneDx(bytes, where)
  if (isSpdx(value)) return readSpdx(bytes, where)
  throw new UserError(`${where} is no bill of materials: it must be CycloneDX or SPDX in JSON`)
}
