// The query of a request to a node. The API server writes it from validated options, and the node accepts only that canonical form, so
// admission and the node cannot interpret one text in two ways.
import { badRequest } from '../status.ts'

export interface StreamFlags {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface ExecOptions extends StreamFlags {
  readonly command: readonly string[]
}

export interface ForwardOptions {
  readonly ports: readonly number[]
}

/** PodLogOptions; the path contains the container. */
export interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly sinceSeconds?: number
  /** RFC 3339 in UTC, whole seconds. */
  readonly sinceTime?: string
  readonly tailLines?: number
  readonly limitBytes?: number
}

export interface DialOptions {
  readonly port: number
}

/** By the kind of request. */
export interface NodeOptions {
  readonly logs: LogOptions
  readonly exec: ExecOptions
  readonly attach: StreamFlags
  readonly portforward: ForwardOptions
  readonly dial: DialOptions
}

export type NodeRequestKind = keyof NodeOptions

type Form = 'flag' | 'number' | 'numbers' | 'text' | 'texts'

const streamFlags = { stdin: 'flag', stdout: 'flag', stderr: 'flag', tty: 'flag' } as const

/** All parameters of a kind, in the order in which they are written. */
const parameters: { readonly [Kind in NodeRequestKind]: { readonly [Name in keyof NodeOptions[Kind]]-?: Form } } = {
  logs: {
    follow: 'flag',
    previous: 'flag',
    timestamps: 'flag',
    sinceSeconds: 'number',
    sinceTime: 'text',
    tailLines: 'number',
    limitBytes: 'number',
  },
  exec: { command: 'texts', ...streamFlags },
  attach: streamFlags,
  portforward: { ports: 'numbers' },
  dial: { port: 'number' },
}

export const isNodeRequestKind = (kind: string): kind is NodeRequestKind => Object.hasOwn(parameters, kind)

/** Throws a 400 for a text that cannot be an argument of a program. */
export function writeNodeQuery<Kind extends NodeRequestKind>(kind: Kind, options: NodeOptions[Kind]): string {
  const values = new Map<string, unknown>(Object.entries(options))
  return Object.entries(parameters[kind])
    .flatMap(([name, form]) => textsOf(values.get(name), form as Form).map(text => `${name}=${escaped(name, text)}`))
    .join('&')
}

/** Throws a 400 for any query that `writeNodeQuery` does not write. */
export function readNodeQuery<Kind extends NodeRequestKind>(kind: Kind, query: string): NodeOptions[Kind] {
  const texts = new Map<string, string[]>()
  for (const pair of query === '' ? [] : query.split('&')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at))
    const text = unescaped(pair.slice(at + 1))
    const known = texts.get(name)
    if (known === undefined) texts.set(name, [text])
    else known.push(text)
  }
  const entries = Object.entries(parameters[kind]).map(([name, form]) => [name, parsed(texts.get(name) ?? [], form as Form)] as const)
  const options = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as NodeOptions[Kind]
  if (writeNodeQuery(kind, options) !== query) throw notCanonical()
  return options
}

const notCanonical = () => badRequest('the query is not in the form in which the API server writes it')

function textsOf(value: unknown, form: Form): readonly string[] {
  switch (form) {
    case 'flag':
      return value === true ? ['true'] : []
    case 'number':
    case 'text':
      return value === undefined ? [] : [String(value)]
    case 'numbers':
    case 'texts':
      return Array.isArray(value) ? value.map(String) : []
  }
}

function parsed(texts: readonly string[], form: Form): unknown {
  switch (form) {
    case 'flag':
      return texts[0] === 'true'
    case 'number':
      return texts[0] === undefined ? undefined : Number(texts[0])
    case 'text':
      return texts[0]
    case 'numbers':
      return texts.map(Number)
    case 'texts':
      return texts
  }
}

function escaped(name: string, text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw badRequest(`${name} must be Unicode text without NUL`)
  return encodeURIComponent(text)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (err) {
    if (err instanceof URIError) throw notCanonical()
    throw err
  }
}
