// Keeps V8's heap together in the address space.
//
// V8 asks for each page of its heap (256 KiB) at a random address of 46 bits. So each lies alone, with page tables of its own at three levels, and a server's
// heap of some hundred pages needs more of them than a processor keeps at hand: the walk for a missing translation reads memory, under virtualization up to
// two dozen times. Here that costs a request a tenth to a third of its time, most where memory is slow. Where an address is taken, Linux gives the highest
// room that is free instead, and so one page comes beside the other.
//
// The price: addresses within the heap are no longer random to each other, as in every V8 with pointer compression (Chrome). Where the heap begins stays so.
import { closeSync, openSync, readSync } from 'node:fs'

/** Addresses from `start` to before `end`. */
export interface AddressGap {
  readonly start: number
  end: number
}

/** What stays free of each gap is at most twice this: 32 GiB, for whatever the process will need. V8 chooses among 64 TiB, and hits it as seldom. */
const smallestReserve = 2 ** 35
const pageSize = 4096
const newline = 10
const dash = 45
/** Linux gives the mappings in pieces; some hundred take 10 KB. */
const mapsSize = 1 << 18

/** Holds what is reserved for as long as the process lives. */
const reserved: ArrayBuffer[] = []

/**
 * Takes the free address space of this process but for a little of each gap, without taking memory. To be called before much is allocated; takes some 2 ms.
 * Returns the number of bytes: 0 on other systems than Linux, and less where a limit (`ulimit -v`) forbids it; the heap is then where V8 wants it.
 */
export function compactHeap(): number {
  if (process.platform !== 'linux') return 0
  // Once more where V8 has just taken a page in the gap that was to be used.
  const first = reserveGaps(addressGaps(readMaps()))
  return first.complete ? first.bytes : first.bytes + reserveGaps(addressGaps(readMaps())).bytes
}

function reserveGaps(gaps: readonly AddressGap[]): { readonly bytes: number; readonly complete: boolean } {
  let bytes = 0
  for (;;) {
    // Half of the largest: where V8 has taken a page of it meanwhile, half of it is left in one piece. To be refused costs some collections.
    const size = Math.floor(gaps.reduce((most, { start, end }) => Math.max(most, end - start), 0) / 2 / pageSize) * pageSize
    if (size < smallestReserve) return { bytes, complete: true }
    if (!reserve(size)) return { bytes, complete: false }
    bytes += size
    // Linux takes the upper end of the highest gap that is large enough.
    const taken = gaps.findLast(({ start, end }) => end - start >= size)
    if (taken !== undefined) taken.end -= size
  }
}

/** The gaps of at least twice the smallest reserve below the stack, in the order of their addresses, of the text of /proc/self/maps. */
export function addressGaps(maps: Uint8Array): AddressGap[] {
  const gaps: AddressGap[] = []
  let end = 0
  for (let line = 0; line < maps.length; ) {
    const next = maps.indexOf(newline, line)
    if (next === -1) break
    // From here on Linux places nothing: the room below the stack is the stack's.
    if (isStack(maps, next)) break
    const start = hexadecimal(maps, line)
    if (start - end >= 2 * smallestReserve) gaps.push({ start: end, end: start })
    end = hexadecimal(maps, maps.indexOf(dash, line) + 1)
    line = next + 1
  }
  return gaps
}

function isStack(maps: Uint8Array, end: number): boolean {
  const name = '[stack]'
  for (let index = 0; index < name.length; index++) if (maps[end - name.length + index] !== name.charCodeAt(index)) return false
  return true
}

/** Without a text for each line: what is thrown away here makes V8 take pages in the gaps. */
function hexadecimal(text: Uint8Array, from: number): number {
  let value = 0
  for (let index = from; ; index++) {
    const code = text[index] ?? 0
    if (code >= 48 && code <= 57) value = value * 16 + code - 48
    else if (code >= 97 && code <= 102) value = value * 16 + code - 87
    else return value
  }
}

function readMaps(): Uint8Array {
  const text = Buffer.allocUnsafe(mapsSize)
  const file = openSync('/proc/self/maps', 'r')
  try {
    let length = 0
    for (;;) {
      const read = readSync(file, text, length, mapsSize - length, null)
      if (read === 0) return text.subarray(0, length)
      length += read
    }
  } finally {
    closeSync(file)
  }
}

/** A buffer that may grow takes its greatest length from the address space at once, and from memory only what it has: nothing. */
function reserve(size: number): boolean {
  try {
    reserved.push(new ArrayBuffer(0, { maxByteLength: size }))
    return true
  } catch (err) {
    if (err instanceof RangeError) return false
    throw err
  }
}
