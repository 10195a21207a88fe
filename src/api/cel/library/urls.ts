// Kubernetes' URLs: `url('https://example.com:80/').getHostname()`.

import { type GoUrl, parseUrl, unescapePercent, uriProblem } from '../../go-url.ts'
import * as t from '../check/type.ts'
import { fail, noSuchOverload } from '../evaluate/failure.ts'
import { asString } from '../evaluate/narrow.ts'
import { CelMap, type CelValue, Opaque } from '../evaluate/values.ts'
import { nominal, walks } from './costs.ts'
import { type CelFunction, free, type Library, member } from './function.ts'
import { urlType } from './opaque-types.ts'

class UrlValue extends Opaque {
  readonly typeName = urlType.name
  readonly url: GoUrl

  constructor(url: GoUrl) {
    super()
    this.url = url
  }

  equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.url.text === this.url.text
  }
}

const asUrl = (value: CelValue): GoUrl => (value instanceof UrlValue ? value.url : fail(noSuchOverload))

function fromText(value: CelValue): CelValue {
  const url = parseUrl(asString(value))
  return typeof url === 'string' ? fail(`URL parse error during conversion from string: ${url}`) : new UrlValue(url)
}

const port = (host: string): string => /:(\d*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? ''
const hostname = (host: string): string => /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '')

/** Each key with its values; what cannot be decoded is left out, and so is what holds a semicolon. */
function query(text: string): CelMap {
  const values = new Map<string, string[]>()
  for (const pair of text.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const [key = '', ...rest] = pair.split('=')
    const decode = (part: string): string | undefined => unescapePercent(part.replaceAll('+', ' '))
    const [name, value] = [decode(key), decode(rest.join('='))]
    if (name !== undefined && value !== undefined) values.set(name, [...(values.get(name) ?? []), value])
  }
  return new CelMap(new Map([...values].map(([name, list]) => [name, [name, list]])))
}

const parts: readonly [name: string, id: string, type: t.CelType, of: (url: GoUrl) => CelValue][] = [
  ['getScheme', 'url_get_scheme', t.string, ({ scheme }) => scheme],
  ['getHost', 'url_get_host', t.string, ({ host }) => host],
  ['getHostname', 'url_get_hostname', t.string, ({ host }) => hostname(host)],
  ['getPort', 'url_get_port', t.string, ({ host }) => port(host)],
  ['getEscapedPath', 'url_get_escaped_path', t.string, ({ escapedPath }) => escapedPath],
  ['getQuery', 'url_get_query', t.map(t.string, t.list(t.string)), url => query(url.query)],
]

const functions: readonly CelFunction[] = [
  { name: 'url', overloads: [free('string_to_url', [t.string], urlType, fromText, walks(1, true))] },
  { name: 'isURL', overloads: [free('is_url_string', [t.string], t.bool, value => uriProblem(asString(value)) === undefined)] },
  ...parts.map(([name, id, type, of]) => ({ name, overloads: [member(id, [urlType], type, value => of(asUrl(value)), nominal)] })),
]

export const urlsLibrary: Library = { functions }
