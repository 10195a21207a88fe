// DSSE (https://github.com/secure-systems-lab/dsse, protocol v1): the bytes that are signed, and the envelope.
import { isJsonObject, parseJson } from './json.ts'
import { writeJson } from './write-json.ts'

/** The payload is an in-toto statement. */
export const statementType = 'application/vnd.in-toto+json'

export interface EnvelopeSignature {
  readonly keyid: string
  readonly sig: Buffer
}

export interface Envelope {
  readonly payloadType: string
  readonly payload: Buffer
  readonly signatures: readonly EnvelopeSignature[]
}

/** The bytes to sign: the type is part of them, so that a signature of one kind of payload is none of another kind. */
export function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `), payload])
}

export function formatEnvelope({ payloadType, payload, signatures }: Envelope): string {
  const encoded = signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toString('base64') }))
  return `${writeJson({ payloadType, payload: payload.toString('base64'), signatures: encoded })}\n`
}

const maxSignatures = 16

/** Throws an error that says what is wrong with it. Fields that DSSE does not name are ignored. */
export function parseEnvelope(text: string): Envelope {
  const value = parseJson(text)
  if (!isJsonObject(value)) throw new Error('it is not a JSON object')
  const { payloadType, payload, signatures } = value
  if (typeof payloadType !== 'string') throw new Error('it has no payloadType')
  if (!Array.isArray(signatures) || signatures.length > maxSignatures)
    throw new Error(`it has no list of at most ${maxSignatures} signatures`)
  return {
    payloadType,
    payload: base64('payload', payload),
    signatures: signatures.map(signature => {
      if (!isJsonObject(signature)) throw new Error('a signature is not an object')
      const { keyid = '', sig } = signature
      if (typeof keyid !== 'string') throw new Error('the keyid of a signature is not a text')
      return { keyid, sig: base64('sig', sig) }
    }),
  }
}

/** DSSE allows both alphabets. */
function base64(field: string, value: unknown): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw new Error(`the ${field} is not base64`)
  return Buffer.from(value, 'base64')
}
