// Names of the form `acme.io/foo` for controllers and managers.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

// Characters that RFC 3986 allows in a path beside percent-encoding.
const pathPattern = /^[A-Za-z0-9/\-._~!$&'()*+,;=:@%]+$/
const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

/** A DNS subdomain, a slash and a path. */
export function validateDomainPrefixedPath(value: string, field: string, errors: FieldError[]): void {
  if (value === '') {
    errors.push(required(field))
    return
  }
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) {
    errors.push(invalidValue(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    return
  }
  const domain = value.slice(0, slash)
  pushMessages(errors, field, domain, dns1123Subdomain(domain))
  const path = value.slice(slash + 1)
  if (!pathPattern.test(path) || path.includes('@')) {
    errors.push(invalidValue(field, path, `Invalid path (regex used for validation is '${pathFormat}')`))
  }
}
