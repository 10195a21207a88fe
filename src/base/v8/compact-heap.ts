// Keeps V8's heap compact in the address space.
//
// V8 allocates each page of its heap (256 KiB) at a random 46-bit address. Each page then needs its own page tables at three levels, and a
// server's heap of some hundred pages needs more of them than a processor caches: each miss reads memory, under virtualization up to two
// dozen times. Here that costs a request a tenth to a third of its time, most where memory is slow. If the address is taken, Linux uses the
// highest free space instead, so pages become adjacent.
//
// The price: addresses within the heap are no longer random relative to each other, as in every V8 with pointer compression (Chrome). The
// start of the heap stays random.
import { closeSync, openSync, readSync } from 'node:fs'

/** Addresses from `start` to before `end`. */
export interface AddressGap {
  readonly start: number
  end: number
}

/** At most twice this stays free in each gap: 32 GiB, for everything that the process will need. V8 chooses among 64 TiB, and rarely hits it. */
const smallestReserve = 2 ** 35
const pageSize = 4096
const newline = 10
const dash = 45
/** Linux returns the mappings in pieces; some hundred take 10 KB. */
const mapsSize = 1 << 18

/** Keeps the reservations for the lifetime of the process. */
const reserved: ArrayBuffer[] = []

/**
 * Reserves the process's free address space except a little of each gap, without using memory. Call it before much is allocated; takes some
 * 2 ms. Returns the number of bytes: 0 on other systems than Linux, and less if a limit (`ulimit -v`) forbids it; the heap is then where V8
 * places it.
 */
export function compactHeap(): number {
  if (process.platform !== 'linux') return 0
  // Again if V8 has just taken a page in the gap.
  const first = reserveGaps(addressGaps(readMaps()))
  return first.complete ? first.bytes : first.bytes + reserveGaps(addressGaps(readMaps())).bytes
}

function reserveGaps(gaps: readonly AddressGap[]): { readonly bytes: number; readonly complete: boolean } {
  let bytes = 0
  for (;;) {
    // Half of the largest: if V8 has taken a page of it meanwhile, half of it is contiguous. A refusal costs some collections.
    const size = Math.floor(gaps.reduce((most, { start, end }) => Math.max(most, end - start), 0) / 2 / pageSize) * pageSize
    if (size < smallestReserve) return { bytes, complete: true }
    if (!reserve(size)) return { bytes, complete: false }
    bytes += size
    // Linux uses the upper end of the highest gap that is large enough.
    const taken = gaps.findLast(({ start, end }) => end - start >= size)
    if (taken !== undefined) taken.end -= size
  }
}

/** The gaps of at least twice the smallest reserve below the stack, by address, from the text of /proc/self/maps. */
export function addressGaps(maps: Uint8Array): AddressGap[] {
  const gaps: AddressGap[] = []
  let end = 0
  for (let line = 0; line < maps.length; ) {
    const next = maps.indexOf(newline, line)
    if (next === -1) break
    // Linux places nothing above this: the space below the stack belongs to the stack.
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

/** Without a string for each line: garbage here makes V8 take pages in the gaps. */
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

/** A resizable buffer reserves its maximum length in the address space at once, but memory only for its current length: none. */
function reserve(size: number): boolean {
  try {
    reserved.push(new ArrayBuffer(0, { maxByteLength: size }))
    return true
  } catch (err) {
    if (err instanceof RangeError) return false
    throw err
  }
}
