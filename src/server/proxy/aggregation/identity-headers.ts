// The headers with which a front proxy names the user to its backend: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/.
import { internalError } from '../../../api/status.ts'
import type { UserInfo } from '../../../api/user.ts'

const userHeader = 'x-remote-user'
const uidHeader = 'x-remote-uid'
const groupHeader = 'x-remote-group'
const extraPrefix = 'x-remote-extra-'

/** Values are UTF-8, and keys of extra fields are escaped like in Go's client. Throws a 500 for values that no header can contain. */
export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { [userHeader]: headerValue(name) }
  if (uid !== undefined && uid !== '') headers[uidHeader] = headerValue(uid)
  if (groups.length > 0) headers[groupHeader] = groups.map(headerValue)
  for (const [key, values] of Object.entries(extra)) {
    if (values.length > 0) headers[`${extraPrefix}${headerKey(key)}`] = values.map(headerValue)
  }
  return headers
}

function headerValue(text: string): string {
  const value = Buffer.from(text).toString('latin1')
  // A line break would start another header, which could name another user.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw internalError('the identity of the user holds a character that no header can carry')
  return value
}

/** Escapes percent signs and bytes that are not allowed in a token of RFC 9110. */
function headerKey(key: string): string {
  const escaped = [...Buffer.from(key)].map(byte => {
    const character = String.fromCharCode(byte)
    return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  return escaped.join('').toLowerCase()
}
