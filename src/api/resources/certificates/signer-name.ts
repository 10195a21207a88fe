// Names of signers: `example.com/signer-name`.
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, required, tooLong } from '../../field-error.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { dns1123Label, dns1123Subdomain } from '../../validation/names.ts'

const maxDomainLength = 253
/** A domain, a slash, and a resource's name, with its namespace before it. */
const maxLength = 571

export function validateSignerName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(field))
    return
  }
  const [domain = '', path = '', ...more] = name.split('/')
  if (!name.includes('/') || more.length > 0) {
    errors.push(invalidValue(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"))
    return
  }
  if (exceedsBytes(domain, maxDomainLength)) errors.push(tooLong(field, maxDomainLength))
  pushFirstBad(domain, dns1123Label, field, errors)
  if (!domain.includes('.')) errors.push(invalidValue(field, domain, 'should be a domain with at least two segments separated by dots'))
  pushFirstBad(path, dns1123Subdomain, field, errors)
  if (exceedsBytes(name, maxLength)) errors.push(tooLong(field, maxLength))
}

/** Only the first invalid part between dots is reported: the others would read the same. */
function pushFirstBad(segment: string, rule: (label: string) => string[], field: string, errors: FieldError[]): void {
  for (const label of segment.split('.')) {
    const messages = rule(label)
    if (messages.length === 0) continue
    for (const message of messages) errors.push(invalidValue(field, segment, `validating label ${writeJson(label)}: ${message}`))
    return
  }
}
