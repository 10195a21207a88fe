// Decodes HPACK's Huffman code (RFC 7541, appendix B), four bits at a time.
import { errorCode, Http2Error } from './frames.ts'

/** Code lengths of all bytes. Together with the end of string, which has 30 bits, they determine the codes: shorter first, then by byte. */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]
const endOfString = 256
const endOfStringLength = 30
/** Inner nodes of a tree with 257 leaves; each is a state of the decoder. */
const nodeCount = 256
const maxPaddingLength = 7

// A step of the decoder: the next node, and in the higher bits the decoded byte plus one, or the mark of an invalid code.
const symbolShift = 8
const nodeMask = 0xff
const forbidden = -1

/** States in which a string may end: after fewer than eight ones of padding. */
const mayEnd = new Uint8Array(nodeCount)
const steps = buildSteps(buildTree())

/** Both children of each node: a node, or the complement of a symbol if negative. */
function buildTree(): Int16Array {
  const children = new Int16Array(2 * nodeCount)
  const symbols = [...codeLengths, endOfStringLength].map((length, symbol) => ({ length, symbol }))
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  let nodes = 1
  let code = 0
  let codeLength = 0
  for (const { length, symbol } of symbols) {
    code <<= length - codeLength
    codeLength = length
    let node = 0
    for (let bit = length - 1; bit > 0; bit--) {
      const child = 2 * node + ((code >>> bit) & 1)
      if (children[child] === 0) children[child] = nodes++
      node = children[child] ?? 0
    }
    children[2 * node + (code & 1)] = ~symbol
    code++
  }
  for (let node = 0, ones = 0; ones <= maxPaddingLength; ones++) {
    mayEnd[node] = 1
    node = children[2 * node + 1] ?? 0
  }
  return children
}

function buildSteps(children: Int16Array): Int32Array {
  const table = new Int32Array(nodeCount * 16)
  for (let state = 0; state < nodeCount; state++) {
    for (let nibble = 0; nibble < 16; nibble++) table[state * 16 + nibble] = stepOf(children, state, nibble)
  }
  return table
}

/** No code is shorter than five bits, so four bits complete at most one byte. */
function stepOf(children: Int16Array, state: number, nibble: number): number {
  let node = state
  let symbol = 0
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[2 * node + ((nibble >>> bit) & 1)] ?? 0
    if (child === ~endOfString) return forbidden
    if (child < 0) symbol = ~child + 1
    node = Math.max(child, 0)
  }
  return (symbol << symbolShift) | node
}

export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5))
  let length = 0
  let node = 0
  for (let half = 2 * start; half < 2 * end; half++) {
    const byte = bytes[half >>> 1] ?? 0
    const step = steps[node * 16 + ((half & 1) === 0 ? byte >>> 4 : byte & 15)] ?? forbidden
    if (step === forbidden) throw new Http2Error(errorCode.compressionError, 'HPACK: a string contains the end-of-string code')
    if (step > nodeMask) text[length++] = (step >>> symbolShift) - 1
    node = step & nodeMask
  }
  if (mayEnd[node] !== 1) throw new Http2Error(errorCode.compressionError, 'HPACK: a string has invalid padding')
  return text.toString('latin1', 0, length)
}
