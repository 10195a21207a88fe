// The rules for names, keys and small scalar formats, with the messages of upstream's `util/validation`. Every function returns the errors;
// an empty list means valid. The patterns are linear (no nested repetition that can back-track).
import { exceedsBytes } from './byte-length.ts'

const dns1123LabelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`
const dns1035LabelFormat = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualifiedNameFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelValueFormat = `(${qualifiedNameFormat})?`
const configMapKeyFormat = '[-._a-zA-Z0-9]+'
const httpHeaderNameFormat = '[-A-Za-z0-9]+'
const percentFormat = '[0-9]+%'
const wildcardFormat = `\\*\\.${dns1123SubdomainFormat}`

const configMapKeyPattern = /^[-._a-zA-Z0-9]+$/
const httpHeaderNamePattern = /^[-A-Za-z0-9]+$/
const percentPattern = /^[0-9]+%$/
const portNamePattern = /^[-a-z0-9]+$/
const printableAsciiWithoutEquals = /^[\x20-\x3c\x3e-\x7e]*$/

/** Validates a name; `prefix` means that a generated suffix will follow, so that a trailing dash is valid. */
export type NameRule = (name: string, prefix: boolean) => string[]

const maxLengthMessage = (length: number): string => `must be no more than ${length} characters`
export const rangeMessage = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`

/** Upstream's sentence for a value that does not match: the rule, examples, and the pattern itself. */
export function patternMessage(message: string, format: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${format}')`
  const quoted = examples.map(example => `'${example}', `).join(' or ')
  return `${message} (e.g. ${quoted}regex used for validation is '${format}')`
}

const lower = 1
const upper = 2
const digit = 4
const dash = 8
const dot = 16
const underscore = 32

/** Classes of the ASCII characters; a table lookup is several times faster than a pattern on these short strings. */
const classes = new Uint8Array(128)
for (let code = 97; code <= 122; code++) classes[code] = lower
for (let code = 65; code <= 90; code++) classes[code] = upper
for (let code = 48; code <= 57; code++) classes[code] = digit
classes[45] = dash
classes[46] = dot
classes[95] = underscore

function classAt(value: string, index: number): number {
  const code = value.charCodeAt(index)
  return code < 128 ? (classes[code] ?? 0) : 0
}

/** `first`, `inner` and `last` are sets of character classes. */
function isShaped(value: string, first: number, inner: number, last: number): boolean {
  const end = value.length - 1
  if (end < 0 || (classAt(value, 0) & first) === 0 || (classAt(value, end) & last) === 0) return false
  for (let index = 1; index < end; index++) if ((classAt(value, index) & inner) === 0) return false
  return true
}

const isLabel = (value: string): boolean => isShaped(value, lower | digit, lower | digit | dash, lower | digit)
const isNamePart = (value: string): boolean =>
  isShaped(value, lower | upper | digit, lower | upper | digit | dash | dot | underscore, lower | upper | digit)

function isSubdomain(value: string): boolean {
  const end = value.length
  let previous = dot
  for (let index = 0; index < end; index++) {
    const current = classAt(value, index)
    if ((current & (lower | digit | dash | dot)) === 0) return false
    // A label starts and ends with a letter or digit: no dot or dash beside a dot or at an edge.
    if (previous === dot && (current === dot || current === dash)) return false
    if (current === dot && previous === dash) return false
    previous = current
  }
  return end > 0 && previous !== dot && previous !== dash
}

export function dns1123Label(value: string): string[] {
  if (value.length <= 63 && isLabel(value)) return []
  const messages = exceedsBytes(value, 63) ? [maxLengthMessage(63)] : []
  if (isLabel(value)) return messages
  if (isSubdomain(value)) messages.push('must not contain dots')
  else {
    messages.push(
      patternMessage(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        dns1123LabelFormat,
        'my-name',
        '123-abc',
      ),
    )
  }
  return messages
}

export function dns1123Subdomain(value: string): string[] {
  if (value.length <= 253 && isSubdomain(value)) return []
  const messages = exceedsBytes(value, 253) ? [maxLengthMessage(253)] : []
  if (!isSubdomain(value)) {
    messages.push(
      patternMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        dns1123SubdomainFormat,
        'example.com',
      ),
    )
  }
  return messages
}

/** A subdomain whose labels may also contain, and start with, an underscore. Upstream prints the pattern without underscores. */
export function dns1123SubdomainWithUnderscore(value: string): string[] {
  const messages = exceedsBytes(value, 253) ? [maxLengthMessage(253)] : []
  const labelFits = (label: string): boolean => {
    const rest = label.startsWith('_') ? label.slice(1) : label
    return isShaped(rest, lower | digit, lower | digit | dash | underscore, lower | digit)
  }
  if (!value.split('.').every(labelFits)) {
    messages.push(
      patternMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        dns1123SubdomainFormat,
        'example.com',
      ),
    )
  }
  return messages
}

export function wildcardDns1123Subdomain(value: string): string[] {
  const messages = exceedsBytes(value, 253) ? [maxLengthMessage(253)] : []
  if (!value.startsWith('*.') || !isSubdomain(value.slice(2))) {
    messages.push(
      patternMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcardFormat,
        '*.example.com',
      ),
    )
  }
  return messages
}

export function dns1035Label(value: string): string[] {
  const messages = exceedsBytes(value, 63) ? [maxLengthMessage(63)] : []
  if (!isShaped(value, lower, lower | digit | dash, lower | digit)) {
    messages.push(
      patternMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        dns1035LabelFormat,
        'my-name',
        'abc-123',
      ),
    )
  }
  return messages
}

const qualifiedNameMessage = patternMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedNameFormat,
  'MyName',
  'my.name',
  '123-abc',
)

/** `[prefix/]name`: keys of labels, annotations, finalizers, resources. */
export function qualifiedName(value: string): string[] {
  const slash = value.indexOf('/')
  if (slash < 0 && value.length <= 63 && isNamePart(value)) return []
  if (slash >= 0 && value.indexOf('/', slash + 1) >= 0) {
    return [`a qualified name ${qualifiedNameMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const messages: string[] = []
  if (slash === 0) messages.push('prefix part must be non-empty')
  else if (slash > 0) for (const message of dns1123Subdomain(value.slice(0, slash))) messages.push(`prefix part ${message}`)
  const name = slash < 0 ? value : value.slice(slash + 1)
  if (name.length === 0) messages.push('name part must be non-empty')
  else if (exceedsBytes(name, 63)) messages.push(`name part ${maxLengthMessage(63)}`)
  if (!isNamePart(name)) messages.push(`name part ${qualifiedNameMessage}`)
  return messages
}

export function labelValue(value: string): string[] {
  if (value === '' || (value.length <= 63 && isNamePart(value))) return []
  const messages = exceedsBytes(value, 63) ? [maxLengthMessage(63)] : []
  if (!isNamePart(value)) {
    messages.push(
      patternMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValueFormat,
        'MyValue',
        'my_value',
        '12345',
      ),
    )
  }
  return messages
}

/** A key of a ConfigMap or Secret. It is also a file name in a volume, so it must not lead up the tree. */
export function configMapKey(value: string): string[] {
  const messages = exceedsBytes(value, 253) ? [maxLengthMessage(253)] : []
  if (!configMapKeyPattern.test(value)) {
    messages.push(
      patternMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKeyFormat,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  }
  if (value === '.') messages.push("must not be '.'")
  else if (value === '..') messages.push("must not be '..'")
  else if (value.startsWith('..')) messages.push("must not start with '..'")
  return messages
}

/** An environment variable's name under RelaxedEnvironmentVariableValidation, which is on in v1.33. */
export function environmentVariableName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  return printableAsciiWithoutEquals.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

export function httpHeaderName(value: string): string[] {
  if (httpHeaderNamePattern.test(value)) return []
  return [patternMessage("a valid HTTP header must consist of alphanumeric characters or '-'", httpHeaderNameFormat, 'X-Header-Name')]
}

export function percent(value: string): string[] {
  if (percentPattern.test(value)) return []
  return [patternMessage("a valid percent string must be a numeric string followed by an ending '%'", percentFormat, '1%', '93%')]
}

export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : [rangeMessage(1, 65535)]
}

/** An IANA service name by RFC 6335, lower case only. */
export function portName(port: string): string[] {
  const messages = exceedsBytes(port, 15) ? [maxLengthMessage(15)] : []
  if (!portNamePattern.test(port)) messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(port)) messages.push('must contain at least one letter (a-z)')
  if (port.includes('--')) messages.push('must not contain consecutive hyphens')
  if (port.startsWith('-') || port.endsWith('-')) messages.push('must not begin or end with a hyphen')
  return messages
}

/** A Unix user or group number. */
export function unixId(id: number): string[] {
  return id >= 0 && id <= 2147483647 ? [] : [rangeMessage(0, 2147483647)]
}

/** Upstream also drops the character before a trailing dash and appends an `a`; the same is validated here. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

export const nameIsDnsSubdomain: NameRule = (name, prefix) => dns1123Subdomain(prefix ? maskTrailingDash(name) : name)
export const nameIsDnsLabel: NameRule = (name, prefix) => dns1123Label(prefix ? maskTrailingDash(name) : name)
export const nameIsDns1035Label: NameRule = (name, prefix) => dns1035Label(prefix ? maskTrailingDash(name) : name)

/** A name that only needs to fit in one path segment (RBAC kinds and others). */
export const nameIsPathSegment: NameRule = (name, prefix) => {
  if (!prefix && name === '.') return ["may not be '.'"]
  if (!prefix && name === '..') return ["may not be '..'"]
  return ['/', '%'].filter(character => name.includes(character)).map(character => `may not contain '${character}'`)
}
