// Content negotiation: JSON, YAML or protobuf, and the object, a Table, or only its metadata.
import { apiError, notAcceptable, unsupportedMediaType } from '../../api/status.ts'

/** Version of Tables and PartialObjectMetadata; old clients request v1beta1, which is the same under another name. */
export type MetaVersion = 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1'

export type Encoding = 'json' | 'yaml' | 'protobuf'

export interface AnswerForm {
  readonly encoding: Encoding
  readonly as: 'object' | 'table' | 'partial'
  /** PartialObjectMetadataList. */
  readonly list: boolean
  readonly metaVersion: MetaVersion
  /** Formatted, regardless of the query and the user agent. */
  readonly pretty: boolean
}

const plainJson: AnswerForm = { encoding: 'json', as: 'object', list: false, metaVersion: 'meta.k8s.io/v1', pretty: false }
/** As upstream, a fallback that the client did not accept is formatted. */
const unaskedJson: AnswerForm = { ...plainJson, pretty: true }
const protobuf = 'application/vnd.kubernetes.protobuf'
const textTypes = ['application/json', 'application/yaml'] as const
const allTypes = [...textTypes, protobuf]
const types = (hasProtobuf: boolean): string => (hasProtobuf ? allTypes : textTypes).join(', ')
const streamTypes = (hasProtobuf: boolean): string => `application/json;stream=watch${hasProtobuf ? `, ${protobuf};stream=watch` : ''}`

/** What the response supports. */
interface RequestedForm {
  /** Whether other forms than the object are supported. */
  readonly shaped: boolean
  /** Whether a Table is supported. */
  readonly tables: boolean
  /** Whether it is a stream of events, for which there is no YAML. */
  readonly stream: boolean
  /** Whether the object has a form in protobuf; its metadata always have. */
  readonly protobuf: boolean
}

const anything: RequestedForm = { shaped: true, tables: true, stream: false, protobuf: true }
const objectAlone: RequestedForm = { shaped: false, tables: false, stream: false, protobuf: true }

/** Clients send few different headers, so results are cached per header and kind of response. */
const known: readonly Map<string, AnswerForm | undefined>[] = Array.from({ length: 12 }, () => new Map())
const maxKnown = 256

/** Limit of the header in characters: clients send a few hundred, and each comma costs as much as a short request. */
const maxAccept = 2048
export const readableAccept = (accept: string): string => (accept.length > maxAccept ? accept.slice(0, maxAccept) : accept)

/** Throws a 406 if no accepted form is supported. */
export function answerForm(accept: string | undefined, asked: Omit<RequestedForm, 'shaped'> = anything): AnswerForm {
  if (isPlain(accept)) return plainJson
  const form = knownForm(accept, { ...asked, shaped: true })
  if (form !== undefined) return form
  // As upstream: first whether the form is known, then whether it can be streamed.
  const streamed = asked.stream && knownForm(accept, { ...asked, shaped: true, stream: false }) !== undefined
  throw notAcceptable(`only the following media types are accepted: ${(streamed ? streamTypes : types)(asked.protobuf)}`)
}

/**
 * Throws the 406 of upstream's router, which only compares types and knows only the wildcard for both parts. `more` are types of the route in addition to
 * those of all built-in kinds.
 */
export function requireAcceptableRoute(accept: string | undefined, more: readonly string[] = []): void {
  if (!isPlain(accept)) requireRouteFormat(accept, [...allTypes, ...more])
}

/** The same for a route with only these types. */
export function requireRouteFormat(accept: string | undefined, made: readonly string[]): void {
  if (!accept) return
  const asked = readableAccept(accept)
    .split(',')
    .map(mediaRange => mediaRange.split(';', 1)[0]?.trim() ?? '')
  if (asked.some(type => type === '*/*' || made.includes(type))) return
  throw apiError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${made.join(', ')}`, {})
}

/** The form of a document, which has neither Table nor metadata. Throws a 406 if only those are accepted. */
export function documentForm(accept: string | undefined): AnswerForm {
  if (isPlain(accept)) return plainJson
  const form = knownForm(accept, objectAlone)
  if (form === undefined) throw notAcceptable(`only the following media types are accepted: ${types(true)}`)
  return form
}

/** The requested version of aggregated discovery. */
export function aggregatedVersion(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  if (accept === undefined || !accept.includes('APIGroupDiscoveryList')) return undefined
  for (const clause of readableAccept(accept).split(',')) {
    if (!/;\s*as=APIGroupDiscoveryList/.test(clause) || !/;\s*g=apidiscovery\.k8s\.io/.test(clause)) continue
    if (!clause.trim().startsWith('application/json')) continue
    if (/;\s*v=v2(;|\s|$)/.test(clause)) return 'v2'
    if (/;\s*v=v2beta1(;|\s|$)/.test(clause)) return 'v2beta1'
  }
  return undefined
}

/** The form of other paths: a client that accepts nothing known still gets JSON. */
export function pathForm(accept: string | undefined): AnswerForm {
  return isPlain(accept) ? plainJson : (knownForm(accept, anything) ?? plainJson)
}

/** The form of an error, which has neither Table nor metadata: a client that accepts only those gets JSON. */
export function failureForm(accept: string | undefined): AnswerForm {
  return isPlain(accept) ? plainJson : (knownForm(accept, objectAlone) ?? unaskedJson)
}

/** The most common header. */
function isPlain(accept: string | undefined): accept is undefined | '' | 'application/json' | '*/*' {
  return !accept || accept === 'application/json' || accept === '*/*'
}

function knownForm(accept: string, asked: RequestedForm): AnswerForm | undefined {
  const read = known[(asked.shaped ? 4 : 0) + (asked.tables ? 4 : 0) + (asked.stream ? 2 : 0) + (asked.protobuf ? 1 : 0)] ?? new Map()
  // Not cached: the parsed slices would keep the whole header in memory.
  if (accept.length > maxAccept) return choose(readableAccept(accept), asked)
  if (read.has(accept)) return read.get(accept)
  if (read.size >= maxKnown) read.clear()
  const form = choose(accept, asked)
  read.set(accept, form)
  return form
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

function choose(accept: string, asked: RequestedForm): AnswerForm | undefined {
  for (const clause of clausesOf(accept)) {
    const form = formOf(clause, asked)
    if (form !== undefined) return form
  }
  return undefined
}

/** Sorted by quality. */
function clausesOf(accept: string): Clause[] {
  return accept
    .split(',')
    .map(parseClause)
    .sort((a, b) => b.quality - a.quality || wildcardRank(a) - wildcardRank(b))
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map(part => part.trim())
  const parameters = new Map(
    rest.map(part => {
      const at = part.indexOf('=')
      return at < 0 ? [part, ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    }),
  )
  const quality = Number(parameters.get('q') ?? '1')
  return { type: type === '*' ? '*/*' : type, parameters, quality: Number.isFinite(quality) ? quality : 0 }
}

/** With equal quality, the more specific clause comes first. */
function wildcardRank({ type }: Clause): number {
  return type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0
}

function formOf({ type, parameters }: Clause, asked: RequestedForm): AnswerForm | undefined {
  const encoding = encodings.get(type)
  if (encoding === undefined) return undefined
  const asStream = parameters.get('stream') || undefined
  if (asStream !== undefined && asStream !== 'watch') return undefined
  if (encoding === 'yaml' && (asked.stream || asStream !== undefined)) return undefined
  const pretty = encoding !== 'protobuf' && parameters.get('pretty') === '1'
  const [kind, group, version] = ['as', 'g', 'v'].map(name => parameters.get(name))
  if (kind === undefined && group === undefined && version === undefined) {
    return encoding === 'protobuf' && !asked.protobuf ? undefined : { ...plainJson, encoding, pretty }
  }
  if (!asked.shaped || group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  const base = { encoding, pretty, list: false, metaVersion: `meta.k8s.io/${version}` } as const
  if (kind === 'Table') return asked.tables && encoding !== 'protobuf' ? { ...base, as: 'table' } : undefined
  if (kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList') {
    return { ...base, as: 'partial', list: kind === 'PartialObjectMetadataList' }
  }
  return undefined
}

/** Wildcards get JSON. */
const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  [protobuf, 'protobuf'],
  ['application/*', 'json'],
  ['*/*', 'json'],
])

export type BodyFormat = 'json' | 'yaml' | 'protobuf'

/** The format of a request's body. Throws a 415 that names the accepted ones; custom resources have no protobuf. */
export function bodyFormat(contentType: string | undefined, hasProtobuf = true): BodyFormat {
  const type = mediaType(contentType)
  if (type === '' || type === 'application/json') return 'json'
  if (type === protobuf && hasProtobuf) return 'protobuf'
  if (type === 'application/yaml' || type === 'application/x-yaml' || type === 'text/yaml') return 'yaml'
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${types(hasProtobuf)}`)
}

/** The media type without parameters, in lower case; '' if there is none. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return ''
  const at = contentType.indexOf(';')
  return (at < 0 ? contentType : contentType.slice(0, at)).trim().toLowerCase()
}
