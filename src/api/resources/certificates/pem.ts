// PEM blocks (RFC 7468) in the fields of objects.
import { X509Certificate } from 'node:crypto'
import { writeJson } from '../../../base/write-json.ts'
import { signatureProblem } from './pkcs10.ts'

interface Block {
  readonly type: string
  readonly hasHeaders: boolean
  readonly der: Buffer
}

const blocksOf = (base64: string): Generator<Block> => blocksIn(Buffer.from(base64, 'base64').toString('latin1'))

function* blocksIn(text: string): Generator<Block> {
  for (const [, type = '', body = ''] of text.matchAll(/-----BEGIN ([^-\r\n]+)-----\r?\n([^-]*)-----END \1-----/g)) {
    yield { type, hasHeaders: body.includes(':'), der: Buffer.from(body.replace(/^.*:.*$/gm, ''), 'base64') }
  }
}

const noRequest = 'PEM block type must be CERTIFICATE REQUEST'

/** The first block of a text, which must be a request; anything after it is ignored. */
export function requestBlock(pem: string): { readonly der: Buffer } | { readonly problem: string } {
  const [block] = blocksIn(pem)
  return block?.type === 'CERTIFICATE REQUEST' ? { der: block.der } : { problem: noRequest }
}

/** The problem of the request (`spec.request`, base64 of PEM); undefined if it is valid and signed by its own key. */
export function requestProblem(request: string): string | undefined {
  const block = requestBlock(Buffer.from(request, 'base64').toString('latin1'))
  return 'problem' in block ? block.problem : signatureProblem(block.der)
}

/** The problem of an issued certificate (`status.certificate`, base64 of PEM); text around the blocks is allowed. */
export function certificateProblem(certificate: string): string | undefined {
  let blocks = 0
  for (const { type, hasHeaders, der } of blocksOf(certificate)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${writeJson(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (!isCertificate(der)) return 'x509: malformed certificate'
    blocks++
  }
  return blocks === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

/** Why a client could not trust any server with a CA bundle (base64 of PEM); undefined if one of its certificates is readable. */
export function bundleProblem(bundle: string): string | undefined {
  const blocks = [...blocksOf(bundle)]
  if (blocks.some(({ type, hasHeaders, der }) => type === 'CERTIFICATE' && !hasHeaders && isCertificate(der))) return undefined
  const [first] = blocks
  if (first === undefined) return 'unable to parse bytes as PEM block'
  return first.type === 'CERTIFICATE' ? 'failed to parse certificate' : `expected 'CERTIFICATE' found ${writeJson(first.type)}`
}

function isCertificate(der: Buffer): boolean {
  try {
    new X509Certificate(der)
    return true
  } catch (err) {
    if (err instanceof Error) return false
    throw err
  }
}
