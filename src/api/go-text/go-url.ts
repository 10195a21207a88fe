// Parses URLs as Go's net/url, which is laxer than the URLs of browsers: nothing is normalised.

import { goQuote } from './go-quote.ts'

export interface GoUrl {
  readonly scheme: string
  /** With the port; brackets of IPv6 addresses stay. */
  readonly host: string
  /** Decoded. */
  readonly path: string
  /** As written if that is a valid encoding of the path. */
  readonly escapedPath: string
  readonly query: string
  /** Decoded. */
  readonly fragment: string
  /** The text before an `@` in the authority, as written; undefined if there is none. */
  readonly user: string | undefined
  readonly text: string
}

/** The problem of an absolute URI or path. It is validated like a request's, which has no fragment: `#` is an ordinary character. */
export function uriProblem(text: string): string | undefined {
  const read = text === '' ? wrong(text, 'empty url') : parse(text, true)
  return typeof read === 'string' ? read : undefined
}

/** Parses an absolute URI or path; returns the message if it is neither. */
export function parseUrl(text: string): GoUrl | string {
  return uriProblem(text) ?? parse(text, false)
}

/** Parses any link, also relative or empty; returns the message if it is invalid. */
export function parseReference(text: string): GoUrl | string {
  return parse(text, false)
}

const wrong = (text: string, why: string): string => `parse ${goQuote(text)}: ${why}`

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controlCharacter = /[\x00-\x1f\x7f]/

function parse(text: string, absolute: boolean): GoUrl | string {
  const [beforeFragment = '', ...rests] = absolute ? [text] : text.split('#')
  const refuse = (why: string): string => wrong(beforeFragment, why)
  if (controlCharacter.test(text)) return refuse('net/url: invalid control character in URL')
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? ''
  if (beforeFragment === '*')
    return { scheme: '', host: '', user: undefined, path: '*', escapedPath: '*', query: '', fragment: rests.join('#'), text }
  if (scheme === '' && text.startsWith(':')) return refuse('missing protocol scheme')
  const afterScheme = scheme === '' ? beforeFragment : beforeFragment.slice(scheme.length + 1)
  const mark = afterScheme.indexOf('?')
  const [rest, query] = mark === -1 ? [afterScheme, ''] : [afterScheme.slice(0, mark), afterScheme.slice(mark + 1)]
  const relative = !rest.startsWith('/') && scheme === ''
  if (relative && absolute) return refuse('invalid URI for request')
  if (relative && rest.split('/', 1)[0]?.includes(':')) return refuse('first path segment in URL cannot contain colon')
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || (!absolute && !rest.startsWith('///')))
  const authority = hasAuthority ? rest.slice(2).split('/', 1)[0] : undefined
  const read = authority === undefined ? { host: '', user: undefined } : parseAuthority(authority)
  if ('error' in read) return refuse(read.error)
  const opaque = scheme !== '' && !rest.startsWith('/')
  const written = opaque ? '' : authority === undefined ? rest : rest.slice(2 + authority.length)
  const path = unescapePercent(written)
  if (path === undefined) return refuse(badEscape(written))
  const fragment = unescapePercent(rests.join('#'))
  if (fragment === undefined) return wrong(text, badEscape(rests.join('#')))
  return { scheme: scheme.toLowerCase(), ...read, path, escapedPath: escapePath(path, written), query, fragment, text }
}

const badEscape = (written: string): string => `invalid URL escape ${goQuote(/%(?![0-9a-fA-F]{2}).{0,2}/s.exec(written)?.[0] ?? '%')}`

function parseAuthority(authority: string): { host: string; user: string | undefined } | { error: string } {
  const at = authority.lastIndexOf('@')
  const [user, host] = at === -1 ? [undefined, authority] : [authority.slice(0, at), authority.slice(at + 1)]
  if (user !== undefined && !/^[A-Za-z0-9\-._~!$&'()*+,;=:%@]*$/.test(user)) return { error: 'net/url: invalid userinfo' }
  const read = parseHost(host)
  return typeof read === 'string' ? { host: read, user } : read
}

const hostCharacters = 'A-Za-z0-9\\-._~!$&\'()*+,;=:[\\]<>"'
const strangeInHost = new RegExp(`%[^]{0,2}|[^${hostCharacters}\\x80-\\uffff]`, 'g')
const plainInHost = new RegExp(`^[ ${hostCharacters}]$`)

/** Only non-ASCII may be escaped in a host, except in the zone of an address (`[fe80::1%25en0]`). */
function parseHost(host: string): string | { error: string } {
  const close = host.startsWith('[') ? host.lastIndexOf(']') : undefined
  if (close === -1) return { error: "missing ']' in host" }
  const colon = close === undefined ? host.lastIndexOf(':') : close + 1
  const port = colon === -1 ? '' : host.slice(colon)
  if (!isPort(port)) return { error: `invalid port ${goQuote(port)} after host` }
  const zone = close === undefined ? -1 : host.slice(0, close).indexOf('%25')
  for (const { 0: found, index } of host.matchAll(strangeInHost)) {
    if (!found.startsWith('%')) return { error: `invalid character ${goQuote(found)} in host name` }
    const code = /^%[0-9a-fA-F]{2}$/.test(found) ? Number.parseInt(found.slice(1), 16) : undefined
    const inZone = zone !== -1 && index >= zone && index < (close ?? 0)
    const fits = code !== undefined && (inZone ? plainInHost.test(String.fromCharCode(code)) : code >= 0x80)
    if (!fits && found !== '%25') return { error: `invalid URL escape ${goQuote(found)}` }
  }
  return unescapePercent(host) ?? host
}

const isPort = (text: string): boolean => text === '' || /^:\d*$/.test(text)

/** Undefined for a percent sign without two hexadecimal digits. */
export function unescapePercent(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})|[^%]+/g, (part, hex: string | undefined) => hex ?? Buffer.from(part).toString('hex')),
    'hex',
  )
  return bytes.toString('utf8')
}

function escapePath(path: string, written: string): string {
  if (/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9a-fA-F]{2})*$/.test(written)) return written
  return [...Buffer.from(path)]
    .map(byte =>
      /[A-Za-z0-9\-._~$&+,/:;=@]/.test(String.fromCharCode(byte)) && byte < 128
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}
