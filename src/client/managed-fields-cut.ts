// Managed fields are often half of an object that a watch tells of, and no cache keeps them: they are left out before the text is parsed.
import { findMember } from '../base/json-bytes.ts'

const comma = 0x2c

/**
 * The text of a watch event (one line, UTF-8, as `{"type":…,"object":{…}}`) without `object.metadata.managedFields`. Of a text that is not written as our
 * server writes it, it is whole: whoever reads it must do without them either way.
 */
export function textWithoutManagedFields(line: Buffer): string {
  const object = findMember(line, 0, 'object')
  const metadata = object && findMember(line, object.value, 'metadata')
  const fields = metadata && findMember(line, metadata.value, 'managedFields')
  if (fields === undefined) return line.toString('utf8')
  const isFirst = line[fields.name - 1] !== comma
  const from = isFirst ? fields.name : fields.name - 1
  const to = isFirst && line[fields.end] === comma ? fields.end + 1 : fields.end
  return line.toString('utf8', 0, from) + line.toString('utf8', to)
}
