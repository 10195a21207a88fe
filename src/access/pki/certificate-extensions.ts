// The extensions of a certificate, and which of them are critical.
import { DerError, derTag, readElements, readOne } from './der.ts'

export interface CertificateExtension {
  /** Dotted decimal. */
  readonly oid: string
  readonly critical: boolean
}

const extensionsTag = 0xa3
const booleanTag = 0x01

/** Throws `DerError` if the certificate is malformed. */
export function readExtensions(certificate: Buffer): CertificateExtension[] {
  const [body] = readElements(readOne(certificate, derTag.sequence))
  if (body?.tag !== derTag.sequence) throw new DerError('The certificate has no body')
  const wrapper = readElements(body.content).find(({ tag }) => tag === extensionsTag)
  if (wrapper === undefined) return []
  return readElements(readOne(wrapper.content, derTag.sequence)).map(({ content }) => {
    const [id, second] = readElements(content)
    if (id?.tag !== derTag.oid) throw new DerError('An extension has no identifier')
    return { oid: dotted(id.content), critical: second?.tag === booleanTag && second.content[0] !== 0 }
  })
}

function dotted(oid: Buffer): string {
  const numbers: number[] = []
  let value = 0
  for (const byte of oid) {
    value = value * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    numbers.push(value)
    value = 0
  }
  const [first = 0, ...rest] = numbers
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}
