// What the link between two machines carries, and what the machine knows of its WireGuard peers: by tcpdump, wg and ip, none of which is the product's.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

const run = promisify(execFile)
const maxBytes = 64 << 20
const commandMs = 10_000

/** The format of pcap: a file header, then a header with the length at this offset before each frame. */
const fileHeader = 24
const frameHeader = 16
const lengthAt = 8
const ethernet = 14
const typeIpv4 = 0x0800
const udp = 17

/** Its output; rejects if it fails or is missing. */
export async function commandOutput(program: string, args: readonly string[]): Promise<string> {
  return (await run(program, [...args], { timeout: commandMs })).stdout
}

export interface WirePeer {
  readonly publicKey: string
  /** `address:port`; `(none)` if it is unknown. */
  readonly endpoint: string
  readonly allowed: readonly string[]
}

/**
 * Of `wg show all dump`, which has a line of nine words for each peer. It also shows interfaces of wireguard-go in other network namespaces;
 * `links` are those of this one. Pure.
 */
export function parsePeers(dump: string, links: ReadonlySet<string>): WirePeer[] {
  return dump.split('\n').flatMap(line => {
    const words = line.split('\t')
    const [link = '', publicKey = '', , endpoint = '', allowed = ''] = words
    return words.length === 9 && links.has(link) ? [{ publicKey, endpoint, allowed: allowed.split(',') }] : []
  })
}

export interface Frames {
  readonly count: number
  /** UDP to the ports of WireGuard. */
  readonly encrypted: number
  /** Packets whose outer header shows an address of a pod. */
  readonly readable: readonly string[]
}

/** `isPod` tells addresses of pods; `ports` are those of WireGuard. Pure. */
export function readFrames(bytes: Buffer, isPod: (address: string) => boolean, ports: ReadonlySet<number>): Frames {
  const readable: string[] = []
  let [count, encrypted] = [0, 0]
  for (let at = fileHeader; at + frameHeader <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + lengthAt)
    const frame = bytes.subarray(at + frameHeader, at + frameHeader + length)
    at += frameHeader + length
    count++
    if (frame.length < ethernet + 20 || frame.readUInt16BE(12) !== typeIpv4) continue
    const packet = frame.subarray(ethernet)
    const [from, to] = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')]
    if (isPod(from) || isPod(to)) readable.push(`${from} > ${to}`)
    const payload = ((packet[0] ?? 0) & 0x0f) * 4
    if (packet[9] === udp && packet.length >= payload + 4 && ports.has(packet.readUInt16BE(payload + 2))) encrypted++
  }
  return { count, encrypted, readable }
}

/** Every frame of an interface, from when it is opened. */
export class WireCapture implements AsyncDisposable {
  readonly #pieces: Buffer[] = []
  readonly #stop: () => Promise<void>

  private constructor(stop: () => Promise<void>) {
    this.#stop = stop
  }

  /** Undefined if tcpdump is not installed or may not capture. */
  static async open(link: string): Promise<WireCapture | undefined> {
    const child = spawn('tcpdump', ['--immediate-mode', '-i', link, '-U', '-s', '0', '-w', '-'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise<void>(resolve => {
      child.once('error', () => resolve())
      child.once('close', () => resolve())
    })
    const capture = new WireCapture(async () => {
      child.kill('SIGTERM')
      await ended
    })
    let length = 0
    child.stdout.on('data', (piece: Buffer) => {
      if (length < maxBytes) capture.#pieces.push(piece)
      length += piece.length
    })
    // The head of the file comes when the capture has begun.
    const began = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)])
    return began ? capture : undefined
  }

  async end(): Promise<Buffer> {
    await this.#stop()
    return Buffer.concat(this.#pieces)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}
