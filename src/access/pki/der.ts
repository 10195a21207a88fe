// The parts of DER (X.690) that are needed without an ASN.1 library: writing a CSR, reading a certificate's subject.

export class DerError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DerError'
  }
}

export interface DerElement {
  readonly tag: number
  readonly content: Buffer
}

export const derTag = { integer: 0x02, bitString: 0x03, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31 } as const

export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : length < 0x1_0000
          ? [tag, 0x82, length >> 8, length & 0xff]
          : undefined
  if (head === undefined) throw new DerError(`An element of ${length} bytes is too long`)
  return Buffer.concat([Buffer.from(head), content])
}

/** Reads the elements that fill `data` exactly. Only minimal definite lengths of single-byte tags, as DER requires. */
export function readElements(data: Buffer): DerElement[] {
  const elements: DerElement[] = []
  let at = 0
  while (at < data.length) {
    if (at + 2 > data.length) throw new DerError('An element is cut short')
    const tag = data.readUInt8(at)
    if ((tag & 0x1f) === 0x1f) throw new DerError('A tag of several bytes is not expected')
    const first = data.readUInt8(at + 1)
    let start = at + 2
    let length = first
    if (first >= 0x80) {
      const count = first & 0x7f
      if (count === 0 || count > 3 || start + count > data.length) throw new DerError('A length is malformed')
      length = data.readUIntBE(start, count)
      start += count
      if (length < 0x80 || (count > 1 && length < 1 << (8 * (count - 1)))) throw new DerError('A length is not minimal')
    }
    if (start + length > data.length) throw new DerError('An element is cut short')
    elements.push({ tag, content: data.subarray(start, start + length) })
    at = start + length
  }
  return elements
}

/** The only element of `data`, which must have this tag. */
export function readOne(data: Buffer, tag: number): Buffer {
  const [element, ...rest] = readElements(data)
  if (element === undefined || rest.length > 0 || element.tag !== tag) throw new DerError(`One element of tag ${tag} is expected`)
  return element.content
}
