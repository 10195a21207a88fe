// The bodies of a request and of its answer, for the audit levels that record them.
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import type { AuditDecision } from '../../access/audit/policy.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { readFirstYaml, YamlError } from '../../api/schema/yaml.ts'
import { parseJson } from '../../base/json.ts'
import { joined } from '../http/body-parts.ts'
import { header, type Reply, type ServerRequest } from '../http/exchange.ts'
import { decodeProtobuf } from '../protobuf/decode.ts'
import { protobufType } from '../protobuf/envelope.ts'
import { mediaType } from './negotiate.ts'

/** Bytes of a body that is recorded; a larger one is left out, and the event says so. */
const maxRecordedBody = 3 * 1024 * 1024

/** JSON or YAML: of protobuf the JSON that it stands for is kept. */
export interface RecordedBody {
  readonly bytes: Buffer
  readonly contentType: string
}

/** The same request; `keep` is given its body once somebody read it. */
export function recordingBody(request: ServerRequest, keep: (body: RecordedBody) => void): ServerRequest {
  const { method, url, headers, credentials, identity, upgrade, stream } = request
  return {
    ...{ method, url, headers, credentials },
    ...(identity === undefined ? {} : { identity }),
    ...(upgrade === undefined ? {} : { upgrade }),
    // What is passed on and not read is not kept.
    ...(stream === undefined ? {} : { stream: () => request.stream?.() }),
    get signal() {
      return request.signal
    },
    end: reason => request.end(reason),
    async body(limit) {
      const bytes = await request.body(limit)
      keep({ bytes, contentType: mediaType(header(headers, 'content-type')) })
      return bytes
    },
  }
}

/** Of the audit event: bodies that its level has and that are too large, no JSON or YAML, or sent in pieces. */
const leftOutAnnotation = 'audit.bulkhead.dev/left-out'

/** A request whose bodies are recorded. */
export interface AuditedBodies {
  readonly decision: AuditDecision
  /** Undefined until somebody read it. */
  sent: RecordedBody | undefined
}

/** The event with the bodies that its level has, read anew for each record. What cannot be recorded is named in an annotation. */
export function withBodies(event: AuditEvent, { decision, sent }: AuditedBodies, reply: Partial<Reply>): AuditEvent {
  const { level, omitManagedFields } = decision
  const { body, contentType = '' } = reply
  const answers = level === 'RequestResponse' && event.stage === 'ResponseComplete' && reply.longRunning !== true
  const request = sent === undefined ? 'nothing' : recordedRequest(sent)
  const response = answers && body !== undefined ? recordedAnswer({ body, contentType }) : 'nothing'
  const missing = [...(request === 'left out' ? ['request'] : []), ...(response === 'left out' ? ['response'] : [])]
  if (omitManagedFields) for (const recorded of [request, response]) if (typeof recorded === 'object') dropManagedFields(recorded.value)
  return {
    ...{ ...event, level },
    ...(typeof request === 'object' ? { requestObject: request.value } : {}),
    ...(typeof response === 'object' ? { responseObject: response.value } : {}),
    ...(missing.length === 0 ? {} : { annotations: { ...event.annotations, [leftOutAnnotation]: missing.join(',') } }),
  }
}

/** What is recorded of a body: its value, nothing where there is none, or that it cannot be recorded. */
type Recorded = { readonly value: unknown } | 'nothing' | 'left out'

/** Fresh: whoever is given the value may change it. */
function recordedRequest({ bytes, contentType }: RecordedBody): Recorded {
  if (bytes.length === 0) return 'nothing'
  return bytes.length > maxRecordedBody ? 'left out' : parsed(bytes.toString(), contentType)
}

function recordedAnswer({ body, contentType }: Pick<Reply, 'body' | 'contentType'>): Recorded {
  if (typeof body === 'function') return 'left out'
  if (body.length === 0) return 'nothing'
  if (body.length > maxRecordedBody) return 'left out'
  const bytes = joined(body)
  if (mediaType(contentType) !== protobufType) return parsed(bytes.toString(), mediaType(contentType))
  // The server's own: of the kind that it names, with as many fields as it has. Maps come without a prototype, and leave with one.
  return { value: parseJson(JSON.stringify(decodeProtobuf(bytes, unnamed, Number.POSITIVE_INFINITY))) }
}

const unnamed = { group: '', version: '', kind: '' }

function parsed(text: string, contentType: string): Recorded {
  try {
    return { value: contentType.includes('yaml') ? readFirstYaml(text).value : parseJson(text) }
  } catch (err) {
    // The client is told what is wrong with it.
    if (err instanceof SyntaxError || err instanceof YamlError) return 'left out'
    throw err
  }
}

/** Without who manages which field, also of the items of a list. Changes the value. */
function dropManagedFields(value: unknown): void {
  if (!isRecord(value)) return
  if (isRecord(value['metadata'])) delete value['metadata']['managedFields']
  if (Array.isArray(value['items'])) for (const item of value['items']) dropManagedFields(item)
}
