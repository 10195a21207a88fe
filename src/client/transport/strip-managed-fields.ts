// Removes managed fields from the text of watch events before parsing: they are often half of an object, and no cache keeps them.
import { findMember } from '../../base/data/json-bytes.ts'

const comma = 0x2c

/**
 * The text of a watch event (one line, UTF-8, as `{"type":…,"object":{…}}`) without `object.metadata.managedFields`. Text in another form
 * than our server's is returned unchanged, so readers must ignore the fields in any case.
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
