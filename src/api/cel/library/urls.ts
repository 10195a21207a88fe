// Kubernetes' URLs: `url('https://example.com:80/').getHostname()`.

import { type GoUrl, parseUrl, unescapePercent, uriProblem } from '../../go-text/go-url.ts'
import { type CelFunction, free, type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { CelMap, type CelValue, Opaque } from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'
import { nominal, walks } from './costs.ts'
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

/** Minimum work of reading a URL. */
const urlWork = 20

/** A text that is parsed as a URL: unescaping takes a step for each character. */
function read(value: CelValue): string {
  const text = asString(value)
  addWork(urlWork + 2 * text.length)
  return text
}

function fromText(value: CelValue): CelValue {
  const url = parseUrl(read(value))
  return typeof url === 'string' ? fail(`URL parse error during conversion from string: ${url}`) : new UrlValue(url)
}

function port(host: string): string {
  addReading(host.length)
  return /:(\d*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? ''
}

function hostname(host: string): string {
  addReading(host.length)
  return /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '')
}

/** Work of one pair of a query. */
const pairWork = 8

/** Each key with its values; undecodable pairs, and pairs with a semicolon, are omitted. */
function query(text: string): CelMap {
  const values = new Map<string, string[]>()
  addWork(text.length)
  for (const pair of text.split('&')) {
    addWork(pairWork)
    if (pair === '' || pair.includes(';')) continue
    const mark = pair.indexOf('=')
    const name = decode(mark === -1 ? pair : pair.slice(0, mark))
    const value = decode(mark === -1 ? '' : pair.slice(mark + 1))
    if (name === undefined || value === undefined) continue
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else known.push(value)
  }
  return new CelMap(new Map([...values].map(([name, list]) => [name, [name, list]])))
}

const decode = (part: string): string | undefined => unescapePercent(part.replaceAll('+', ' '))

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
  { name: 'isURL', overloads: [free('is_url_string', [t.string], t.bool, value => uriProblem(read(value)) === undefined)] },
  ...parts.map(([name, id, type, of]) => ({ name, overloads: [member(id, [urlType], type, value => of(asUrl(value)), nominal)] })),
]

export const urlsLibrary: Library = { functions }
