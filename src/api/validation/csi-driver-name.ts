// Names of CSI drivers, to which volumes, CSINode and VolumeAttachment refer.
import { type FieldError, required, tooLong } from '../field-error.ts'
import { exceedsBytes } from './byte-length.ts'
import { dns1123Subdomain } from './names.ts'
import { pushMessages } from './object-meta.ts'

/** CSI allows upper-case letters, so the lower-cased name is validated. */
export function validateCsiDriverName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(field))
  if (exceedsBytes(name, 63)) errors.push(tooLong(field, 63))
  pushMessages(errors, field, name, dns1123Subdomain(name.toLowerCase()))
}
