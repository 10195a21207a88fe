// Records the bodies of requests and responses, for the audit levels that include them.
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import type { AuditDecision } from '../../access/audit/policy.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { readFirstYaml, YamlError } from '../../api/schema/yaml.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import { joined } from '../http/body-parts.ts'
import { header, type Reply, type ServerRequest } from '../http/exchange.ts'
import { decodeProtobuf } from '../protobuf/decode.ts'
import { protobufType } from '../protobuf/envelope.ts'
import { mediaType } from './negotiate.ts'

/** Limit of a recorded body in bytes; larger ones are left out, with an annotation. */
const maxRecordedBody = 3 * 1024 * 1024

/** JSON or YAML; protobuf is recorded as its JSON. */
export interface RecordedBody {
  readonly bytes: Buffer
  readonly contentType: string
}

/** The same request, which passes its body to `keep` when it is read. */
export function recordingBody(request: ServerRequest, keep: (body: RecordedBody) => void): ServerRequest {
  const { method, url, headers, credentials, identity, upgrade, stream } = request
  return {
    ...{ method, url, headers, credentials },
    ...(identity === undefined ? {} : { identity }),
    ...(upgrade === undefined ? {} : { upgrade }),
    // Forwarded bodies are not recorded.
    ...(stream === undefined ? {} : { stream: () => request.stream?.() }),
    get signal() {
      return request.signal
    },
    ...(request.isWhole === undefined ? {} : { isWhole: request.isWhole }),
    ...(request.nextRound === undefined ? {} : { nextRound: () => request.nextRound?.() ?? Promise.resolve() }),
    end: reason => request.end(reason),
    async body(limit) {
      const bytes = await request.body(limit)
      keep({ bytes, contentType: mediaType(header(headers, 'content-type')) })
      return bytes
    },
  }
}

/** The annotation that names bodies that could not be recorded: too large, not JSON or YAML, or streamed. */
export const leftOutAnnotation = 'audit.bulkhead.dev/left-out'

/** A request whose bodies are recorded. */
export interface AuditedBodies {
  readonly decision: AuditDecision
  /** Undefined until the body was read. */
  sent: RecordedBody | undefined
}

/** The event with the bodies of its level, parsed for each record. An annotation names bodies that cannot be recorded. */
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

/** The recorded form of a body: its value, nothing if it is empty, or that it cannot be recorded. */
type Recorded = { readonly value: unknown } | 'nothing' | 'left out'

/** A new value each time: the caller may change it. */
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
  // The server's own bytes: of the kind that they name, without a limit of fields. Decoded maps have no prototype and get one here.
  return { value: parseExactJson(writeJson(decodeProtobuf(bytes, unnamed, Number.POSITIVE_INFINITY))) }
}

const unnamed = { group: '', version: '', kind: '' }

function parsed(text: string, contentType: string): Recorded {
  try {
    return { value: contentType.includes('yaml') ? readFirstYaml(text).value : parseExactJson(text) }
  } catch (err) {
    // The client gets the error elsewhere.
    if (err instanceof SyntaxError || err instanceof YamlError) return 'left out'
    throw err
  }
}

/** Removes managedFields, also of the items of a list. Changes the value. */
function dropManagedFields(value: unknown): void {
  if (!isRecord(value)) return
  if (isRecord(value['metadata'])) delete value['metadata']['managedFields']
  if (Array.isArray(value['items'])) for (const item of value['items']) dropManagedFields(item)
}
