// URLs as Go's net/url reads them, which is laxer than the URLs of browsers: nothing is normalised.

import { goQuote } from './go-quote.ts'

export interface GoUrl {
  readonly scheme: string
  /** With the port; brackets of IPv6 addresses stay. */
  readonly host: string
  /** Decoded. */
  readonly path: string
  /** As it was written where that is a valid encoding of the path. */
  readonly escapedPath: string
  readonly query: string
  /** Decoded. */
  readonly fragment: string
  /** What stands before an `@` of the authority, as it was written; undefined where there is none. */
  readonly user: string | undefined
  readonly text: string
}

/** Reads an absolute URI or an absolute path; gives the message where it is neither. Like a request's, it is judged as if it had no fragment: a `#` is as any other character then. */
export function parseUrl(text: string): GoUrl | string {
  if (text === '') return wrong(text, 'empty url')
  const judged = parse(text, true)
  return typeof judged === 'string' ? judged : parse(text, false)
}

/** Reads whatever may stand in a link, relative or empty too; gives the message where it could not. */
export function parseReference(text: string): GoUrl | string {
  return parse(text, false)
}

const wrong = (text: string, why: string): string => `parse ${goQuote(text)}: ${why}`

function parse(text: string, absolute: boolean): GoUrl | string {
  const [beforeFragment = '', ...rests] = absolute ? [text] : text.split('#')
  const refuse = (why: string): string => wrong(beforeFragment, why)
  if ([...text].some(character => character < ' ' || character === '\x7f')) return refuse('net/url: invalid control character in URL')
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
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']')
    if (close === -1) return { error: "missing ']' in host" }
    return isPort(host.slice(close + 1)) ? { host, user } : { error: `invalid port ${goQuote(host.slice(close + 1))} after host` }
  }
  const colon = host.lastIndexOf(':')
  if (colon !== -1 && !isPort(host.slice(colon))) return { error: `invalid port ${goQuote(host.slice(colon))} after host` }
  const strange = /[^A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"%\x80-\uffff]/.exec(host)?.[0]
  return strange === undefined ? { host, user } : { error: `invalid character ${goQuote(strange)} in host name` }
}

const isPort = (text: string): boolean => text === '' || /^:\d*$/.test(text)

/** Undefined for a percent sign that no two hexadecimal digits follow. */
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
