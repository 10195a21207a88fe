// A PKCS#10 request (RFC 2986), as far as the API server checks it: whether its own key has signed it.
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'

interface Element {
  readonly tag: number
  /** Of the element itself, including its header. */
  readonly from: number
  /** Of its content. */
  readonly start: number
  readonly end: number
}

const sequence = 0x30
const bitString = 0x03
const malformed = 'asn1: syntax error: data truncated'
const wrongShape = "asn1: structure error: tags don't match"

/** Signature algorithms by the hexadecimal form of their object identifier. */
const hashes: Readonly<Record<string, string | null>> = {
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha1',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
}
const pss = '2a864886f70d01010a'
const pssHashes: readonly (readonly [id: string, name: string])[] = [
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]

/** The problem of a request's DER, in the words of Go's x509 package; undefined if the request is signed by its own key. */
export function signatureProblem(der: Buffer): string | undefined {
  const whole = readElement(der, 0, der.length)
  if (whole === undefined) return malformed
  if (whole.tag !== sequence) return wrongShape
  if (whole.end !== der.length) return 'x509: trailing data'
  const [info, algorithm, signature] = children(der, whole)
  if (info?.tag !== sequence || algorithm?.tag !== sequence || signature?.tag !== bitString) return wrongShape
  const [, , publicKey] = children(der, info)
  const [identifier] = children(der, algorithm)
  if (publicKey?.tag !== sequence || identifier === undefined) return wrongShape
  const key = readKey(der.subarray(publicKey.from, publicKey.end))
  if (key === undefined) return 'x509: unsupported public key'
  const oid = der.toString('hex', identifier.start, identifier.end)
  const parameters = der.toString('hex', identifier.end, algorithm.end)
  const hash = oid === pss ? pssHashes.find(([id]) => parameters.includes(id))?.[1] : hashes[oid]
  if (hash === undefined) return 'x509: cannot verify signature: algorithm unimplemented'
  // The first content byte of a bit string counts unused bits.
  const bytes = der.subarray(signature.start + 1, signature.end)
  const padding = oid === pss ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}
  const signed = verify(hash, der.subarray(info.from, info.end), { key, ...padding }, bytes)
  return signed ? undefined : failure(key)
}

function failure({ asymmetricKeyType }: KeyObject): string {
  if (asymmetricKeyType === 'ec') return 'x509: ECDSA verification failure'
  return asymmetricKeyType === 'ed25519' ? 'x509: Ed25519 verification failure' : 'crypto/rsa: verification error'
}

function readKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (err) {
    // Any error of OpenSSL about a client's key is the client's fault.
    if (err instanceof Error) return undefined
    throw err
  }
}

/** The elements inside of another one, up to the first that does not fit. */
function children(der: Buffer, parent: Element): Element[] {
  const found: Element[] = []
  for (let at = parent.start; at < parent.end; ) {
    const element = readElement(der, at, parent.end)
    if (element === undefined) break
    found.push(element)
    at = element.end
  }
  return found
}

/** One tag-length-value that ends before `limit`; undefined if it does not. */
function readElement(der: Buffer, at: number, limit: number): Element | undefined {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined) return undefined
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (lengthBytes > 4 || at + 2 + lengthBytes > limit) return undefined
  const length = lengthBytes === 0 ? first & 0x7f : der.readUIntBE(at + 2, lengthBytes)
  const start = at + 2 + lengthBytes
  return start + length > limit ? undefined : { tag, from: at, start, end: start + length }
}
