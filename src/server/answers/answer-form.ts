// Negotiates the form of the response: accepted by the client and supported by the resource.
import { schemaFor } from '../../api/schema/model.ts'
import { badRequest, notAcceptable } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AnswerForm, answerForm, requireAcceptableRoute } from '../request/negotiate.ts'
import { hasTable, type ResourceRequestInfo } from '../request/request-info.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { servedKind } from './protobuf-form.ts'

const includes = ['', 'Metadata', 'Object', 'None']

/** Throws a 406 for an unsupported form, and a 400 for a Table of an unknown kind, before the request is processed. */
export function resourceForm(info: ResourceRequestInfo, served: ServedResource, accept: string | undefined): AnswerForm {
  if (served.definition.custom === undefined) requireAcceptableRoute(accept, info.subresource === 'log' ? ['text/plain'] : [])
  const form = answerForm(accept, { tables: hasTable(info), stream: info.verb === 'watch', protobuf: servedKind(served) !== undefined })
  if (form.as === 'table') validateInclude(info.query.get('includeObject') ?? '')
  // The response to a deletion is often not an object.
  if (form.as !== 'partial' || info.verb === 'delete') return form
  const list = info.verb === 'list' || info.verb === 'deletecollection'
  if (form.list === list) return form
  const [asked, is] = form.list ? ['PartialObjectMetadataList', 'not a list'] : ['PartialObjectMetadata', 'a list']
  throw notAcceptable(`you requested ${asked}, but the requested object is ${is} (*${goType(served)}${list ? 'List' : ''})`)
}

function validateInclude(include: string): void {
  if (includes.includes(include)) return
  const problem = `Invalid value: ${writeJson(include)}: must be 'Metadata', 'Object', 'None', or empty`
  throw badRequest(`Unable to convert to Table as requested: includeObject: ${problem}`)
}

/** The Go type of the kind: `core.Pod`. */
function goType({ definition: { custom, group, version, kind } }: ServedResource): string {
  const type = custom === undefined ? schemaFor(group, version, kind) : undefined
  return type === undefined ? 'unstructured.Unstructured' : `${type.key.slice(0, type.key.indexOf('/'))}.${type.name}`
}
