// URLs as Go's net/url reads them, which is laxer than the URLs of browsers: nothing is normalised.

export interface GoUrl {
  readonly scheme: string
  /** With the port; brackets of IPv6 addresses stay. */
  readonly host: string
  /** Decoded. */
  readonly path: string
  /** As it was written where that is a valid encoding of the path. */
  readonly escapedPath: string
  readonly query: string
  readonly text: string
}

/** Reads an absolute URI or an absolute path; gives the message where it is neither. */
export function parseUrl(text: string): GoUrl | string {
  const wrong = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`
  if ([...text].some(character => character < ' ' || character === '\x7f')) return wrong('net/url: invalid control character in URL')
  if (text === '') return wrong('empty url')
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? ''
  if (scheme === '' && text.startsWith(':')) return wrong('missing protocol scheme')
  const [beforeFragment = ''] = text.slice(scheme === '' ? 0 : scheme.length + 1).split('#')
  const mark = beforeFragment.indexOf('?')
  const [rest, query] = mark === -1 ? [beforeFragment, ''] : [beforeFragment.slice(0, mark), beforeFragment.slice(mark + 1)]
  const opaque = !rest.startsWith('/')
  if (opaque && scheme === '') return wrong('invalid URI for request')
  const authority = !opaque && rest.startsWith('//') && scheme !== '' ? rest.slice(2).split('/', 1)[0] : undefined
  const host = authority === undefined ? '' : parseAuthority(authority)
  if (typeof host !== 'string') return wrong(host.error)
  const written = opaque ? '' : authority === undefined ? rest : rest.slice(2 + authority.length)
  const path = unescapePercent(written)
  if (path === undefined) return wrong(`invalid URL escape ${JSON.stringify(/%.{0,2}/.exec(written)?.[0] ?? '%')}`)
  return { scheme: scheme.toLowerCase(), host, path, escapedPath: escapePath(path, written), query, text }
}

function parseAuthority(authority: string): string | { error: string } {
  const at = authority.lastIndexOf('@')
  const [user, host] = at === -1 ? ['', authority] : [authority.slice(0, at), authority.slice(at + 1)]
  if (!/^[A-Za-z0-9\-._~!$&'()*+,;=:%@]*$/.test(user)) return { error: 'net/url: invalid userinfo' }
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']')
    if (close === -1) return { error: "missing ']' in host" }
    return isPort(host.slice(close + 1)) ? host : { error: `invalid port ${JSON.stringify(host.slice(close + 1))} after host` }
  }
  const colon = host.lastIndexOf(':')
  if (colon !== -1 && !isPort(host.slice(colon))) return { error: `invalid port ${JSON.stringify(host.slice(colon))} after host` }
  const strange = /[^A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"%\x80-\uffff]/.exec(host)?.[0]
  return strange === undefined ? host : { error: `invalid character ${JSON.stringify(strange)} in host name` }
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
