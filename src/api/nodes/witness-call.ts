// How the API server shows a checkpoint of its audit log to a node, through the node's tunnel. No path of the API leads there.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { cosignatureType, isKeyName, MalformedNote, type NoteKey, parseKey } from '../../base/tlog/note.ts'
import { maxSubmissionBytes } from '../../base/tlog/witness-submission.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Node } from '../types/core-v1.ts'

/** The public key of the node as a witness, as verifiers of signed notes take it. Only the node itself may set it (NodeRestriction). */
export const auditWitnessAnnotation = 'bulkhead.dev/audit-witness'

/** Within the tunnel: a POST with a `WitnessCall`. */
export const witnessTunnelPath = '/audit-witness'
/** Of a call, as JSON. */
export const maxWitnessCallBytes = maxSubmissionBytes
/** Of an answer, as JSON: it may hold a checkpoint. */
export const maxWitnessReplyBytes = 2 * maxSubmissionBytes

export interface WitnessCall {
  /** The log's key, as verifiers of signed notes take it: the node pins the first one that it gets. */
  readonly logKey: string
  /** As `formatSubmission` writes it. */
  readonly submission: string
}

/** The body of a 200: the answer of C2SP tlog-witness. */
export interface WitnessReply {
  readonly status: number
  readonly body: string
  /** The signed checkpoint that the node compared with: the evidence of a refusal. */
  readonly seen?: string
}

/** Names the key of a node as a witness. */
export const nodeWitnessName = (nodeName: string): string => `bulkhead.dev/node/${nodeName}`

/** The key that the Node publishes; undefined if it has none, a malformed one, or one in the name of another. */
export function witnessKeyOf({ metadata }: Node): NoteKey | undefined {
  const text = metadata.annotations?.[auditWitnessAnnotation]
  return text === undefined || metadata.name === undefined ? undefined : readWitnessKey(text, metadata.name)
}

/** Undefined for what is no key of this node. */
export function readWitnessKey(text: string, nodeName: string): NoteKey | undefined {
  const name = nodeWitnessName(nodeName)
  if (!isKeyName(name)) return undefined
  try {
    const key = parseKey(text)
    return key.type === cosignatureType && key.name === name ? key : undefined
  } catch (err) {
    if (err instanceof MalformedNote) return undefined
    throw err
  }
}

export const formatWitnessCall = (call: WitnessCall): string => writeJson({ logKey: call.logKey, submission: call.submission })

/** Undefined for what `formatWitnessCall` does not write. */
export function readWitnessCall(text: string): WitnessCall | undefined {
  const value = jsonOf(text)
  if (!isJsonObject(value)) return undefined
  const { logKey, submission } = value
  return typeof logKey === 'string' && typeof submission === 'string' ? { logKey, submission } : undefined
}

/** Throws an Error for what is no reply. */
export function readWitnessReply(text: string): WitnessReply {
  const value = jsonOf(text)
  const { status, body, seen } = isJsonObject(value) ? value : {}
  if (typeof status !== 'number' || typeof body !== 'string' || (seen !== undefined && typeof seen !== 'string'))
    throw new Error('the answer is none of a witness')
  return { status, body, ...(seen === undefined ? {} : { seen }) }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
}
