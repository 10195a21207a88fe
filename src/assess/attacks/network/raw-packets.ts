// Packets of protocols that the image of the proof's pods has no client for, from and to the network namespaces of pods on this machine. Root enters them with
// nsenter, and python3 writes the packets whole: the kernel needs no socket of the protocol.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { codeOf } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'

/** Numbers of IP (RFC 792, 768, 9260). */
export const protocols = { ICMP: 1, UDP: 17, SCTP: 132 } as const
export type RawProtocol = keyof typeof protocols

export interface RawPacket {
  readonly protocol: RawProtocol
  readonly from: string
  readonly to: string
  readonly fromPort: number
  readonly port: number
  /** Word characters and hyphens. */
  readonly text: string
}

/**
 * `listen ADDRESS` prints the text of each packet that comes. `send JSON` sends each packet twice; a packet of ICMP is an echo request, one of SCTP an
 * INIT with its CRC32c, which connection tracking verifies.
 */
const script = `
import json, re, select, socket, struct, sys, time
def ones(data):
    data += b'\\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8): crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return ~crc & 0xffffffff
def packet(protocol, sport, port, text):
    body = ('prove:' + text + ';').encode()
    if protocol == 1:
        head = lambda check: struct.pack('!BBHHH', 8, 0, check, sport, 1)
        return head(ones(head(0) + body)) + body
    if protocol == 17: return struct.pack('!HHHH', sport, port, 8 + len(body), 0) + body
    pad = b'\\0' * (-len(body) % 4)
    parameter = struct.pack('!HH', 0xc0de, 4 + len(body)) + body
    chunk = struct.pack('!BBHIIHHI', 1, 0, 20 + len(parameter), 1, 65536, 1, 1, 1) + parameter + pad
    ports = struct.pack('!HHI', sport, port, 0)
    return ports + struct.pack('<I', crc32c(ports + b'\\0' * 4 + chunk)) + chunk
def raw(protocol, address):
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    out.bind((address, 0))
    return out
if sys.argv[1] == 'listen':
    sockets = [raw(protocol, sys.argv[2]) for protocol in (1, 17, 132)]
    print('listening', flush=True)
    while True:
        for ready in select.select(sockets, [], [])[0]:
            for found in re.findall(rb'prove:([\\w-]+);', ready.recv(65535)): print(found.decode(), flush=True)
elif sys.argv[1] == 'send':
    for _ in range(2):
        for protocol, source, to, sport, port, text in json.loads(sys.argv[2]):
            out = raw(protocol, source)
            try: out.sendto(packet(protocol, sport, port, text), (to, 0))
            except OSError: pass
            out.close()
        time.sleep(0.05)
else:
    out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try: out.sendto(b'prove', ('ff02::1', int(sys.argv[2]), 0, socket.if_nametoindex('eth0')))
    except OSError as err: print(err)
`

/** Why it cannot be done here; undefined if it can. */
export async function noRawPackets(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root enters the network of a pod'
  const { code } = await output(spawn('python3', ['-c', 'import socket, struct']))
  return code === 0 ? undefined : 'there is no python3 here'
}

/** The id of the process that runs longest in the pod, which does not end before it; undefined if the pod is not on this machine. */
export async function processOfPod(uid: string): Promise<number | undefined> {
  let longest: { readonly pid: number; readonly started: number } | undefined
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const [group, stat] = await Promise.all(['cgroup', 'stat'].map(file => readIfThere(`/proc/${entry}/${file}`)))
    // The shim has the network of the machine, and so has a process of runc at first.
    const [, program = '', rest = ''] = /^\d+ \((.*)\) (.*)/s.exec(stat ?? '') ?? []
    if (!group?.includes(uid) || /^(containerd-shim|runc)/.test(program)) continue
    // Field 22 of proc(5): clock ticks since the machine started.
    const started = Number(rest.split(' ')[19])
    if (longest === undefined || started < longest.started) longest = { pid: Number(entry), started }
  }
  return longest?.pid
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(err))) return ''
    throw err
  }
}

const inside = (pid: number, args: readonly string[]): ChildProcess =>
  spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'python3', '-c', script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

async function output(child: ChildProcess): Promise<{ readonly code: number | null; readonly text: string }> {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  try {
    const [code] = await once(child, 'close')
    return { code: typeof code === 'number' ? code : null, text }
  } catch {
    // The program is missing.
    return { code: null, text }
  }
}

/** `pid` is that of a process in the pod that sends. */
export async function sendRaw(pid: number, packets: readonly RawPacket[]): Promise<void> {
  const list = packets.map(({ protocol, from, to, fromPort, port, text }) => [protocols[protocol], from, to, fromPort, port, text])
  const { code, text } = await output(inside(pid, ['send', writeJson(list)]))
  if (code !== 0) throw new Error(`cannot send packets from the network of process ${pid}: ${text.trim().slice(-200)}`)
}

/** A datagram to all nodes of the link; returns why it could not be sent, or ''. */
export const sendToAllNodes = async (pid: number, port: number): Promise<string> =>
  (await output(inside(pid, ['all', String(port)]))).text.trim()

/** What comes to an address of a pod. */
export class RawListener implements AsyncDisposable {
  readonly received = new Set<string>()
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async open(pid: number, address: string): Promise<RawListener> {
    const child = inside(pid, ['listen', address])
    const listener = new RawListener(child)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let rest = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === 'listening') resolve()
        else listener.received.add(line)
      }
    })
    child.once('error', reject)
    let errors = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-200)
    })
    child.once('close', () => reject(new Error(`cannot listen in the network of process ${pid}: ${errors.trim()}`)))
    await promise
    return listener
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await ended
  }
}
