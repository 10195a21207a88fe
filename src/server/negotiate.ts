// Which form of answer a client accepts: JSON or YAML, and the object itself, a Table of it, or only its metadata.
import { notAcceptable, unsupportedMediaType } from '../api/status.ts'

export interface AnswerForm {
  readonly yaml: boolean
  readonly as: 'object' | 'table' | 'partial'
}

const plainJson: AnswerForm = { yaml: false, as: 'object' }
const supported = 'application/json, application/yaml'
/** kubectl and other Go clients send the built-in kinds as protobuf; answers are JSON or YAML, which they all accept. */
const readable = `${supported}, application/vnd.kubernetes.protobuf`

/** Clients send few different headers; each is read once. */
const known = new Map<string, AnswerForm | undefined>()
const maxKnown = 256

/** Throws a 406 where nothing that the client accepts can be made. */
export function answerForm(accept: string | undefined): AnswerForm {
  if (accept === undefined || accept === 'application/json' || accept === '*/*') return plainJson
  let form = known.get(accept)
  if (form === undefined && !known.has(accept)) {
    form = choose(accept)
    if (known.size >= maxKnown) known.clear()
    known.set(accept, form)
  }
  if (form === undefined) throw notAcceptable(`only the following media types are accepted: ${supported}`)
  return form
}

/** The form for errors: a client that accepts nothing known still gets JSON. */
export function errorForm(accept: string | undefined): AnswerForm {
  if (accept === undefined) return plainJson
  return (known.has(accept) ? known.get(accept) : choose(accept)) ?? plainJson
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

function choose(accept: string): AnswerForm | undefined {
  const clauses = accept
    .split(',')
    .map(parseClause)
    .filter(clause => clause.quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const clause of clauses) {
    const form = formOf(clause)
    if (form !== undefined) return form
  }
  return undefined
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
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 }
}

function formOf({ type, parameters }: Clause): AnswerForm | undefined {
  const yaml = type === 'application/yaml'
  if (!yaml && type !== 'application/json' && type !== '*/*' && type !== 'application/*') return undefined
  const kind = parameters.get('as')
  if (kind === undefined || kind === '') return { yaml, as: 'object' }
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') return undefined
  if (kind === 'Table') return { yaml, as: 'table' }
  if (kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList') return { yaml, as: 'partial' }
  return undefined
}

export type BodyFormat = 'json' | 'yaml' | 'protobuf'

/** How a request's body is written. Throws a 415 naming what is accepted. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  const type = mediaType(contentType)
  if (type === '' || type === 'application/json') return 'json'
  if (type === 'application/vnd.kubernetes.protobuf') return 'protobuf'
  if (type === 'application/yaml' || type === 'application/x-yaml' || type === 'text/yaml') return 'yaml'
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${readable}`)
}

/** The media type alone, in lower case; '' where there is none. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return ''
  const at = contentType.indexOf(';')
  return (at < 0 ? contentType : contentType.slice(0, at)).trim().toLowerCase()
}
